//! Levels, and what is at an address.

use vezaimg::Error;
use vezaimg::haproxy::{Admin, Failure, Kind, Level, Socket, advice};

use super::{DEFAULTS, admin, name, open};
use crate::support::Balancer;
use crate::support::balancer::loopback;

fn config(address: std::net::Ipv4Addr) -> String {
    format!(
        "  stats socket {{dir}}/operator.sock\n  stats socket {{dir}}/user.sock level user\n  \
           stats socket {{dir}}/fds.sock level admin expose-fd listeners process 1\n  \
           stats socket ipv4@{address}:9100 level operator\n  stats socket ipv6@[::1]:{port} level admin\n  \
           stats socket ipv4@127.0.0.1:{port} level user\n{DEFAULTS}\
         listen web\n  bind {address}:8080\n  stats enable\n  server a {address}:1\n",
        port = shared_port(),
    )
}

/// IPv6 has one loopback address only, and `localhost` is one: a port that depends on the process.
fn shared_port() -> u16 {
    20_000 + u16::try_from(std::process::id() % 10_000).unwrap()
}

#[test]
fn each_socket_tells_its_level() {
    let address = loopback();
    let balancer = Balancer::start(&config(address));
    let unix = |file: &str| open(&format!("unix:{}", balancer.path(file).display())).level();
    let levels = [
        unix("user.sock"),
        unix("operator.sock"),
        unix("admin.sock"),
        unix("fds.sock"),
        open(&format!("tcp:{address}:9100")).level(),
        open(&format!("tcp:[::1]:{}", shared_port())).level(),
    ];
    use Level::{Admin, Operator, User};
    let expected = [User, Operator, Admin, Admin, Operator, Admin];
    assert_eq!(levels, expected.map(Ok));
    assert!(User < Operator && Operator < Admin);
    // Either of its addresses answers, whichever comes first.
    assert!(matches!(open(&format!("tcp:localhost:{}", shared_port())).level(), Ok(User | Admin)));
}

/// A failure as an error, with the socket's directory taken out.
fn told(failure: Failure, balancer: &Balancer) -> String {
    Error::from(failure).to_string().replace(balancer.path("").to_str().unwrap(), "")
}

#[test]
fn what_a_level_does_not_allow_is_told_with_the_line_to_add() {
    let address = loopback();
    let balancer = Balancer::start(&format!(
        "  stats socket {{dir}}/operator.sock\n  stats socket {{dir}}/user.sock level user\n{DEFAULTS}\
         backend b\n  server a {address}:1\n"
    ));
    let unix = |file: &str| open(&format!("unix:{}", balancer.path(file).display()));
    let operator = unix("operator.sock");
    assert!(operator.observe().is_ok());
    let failure = operator.set_admin(&name("b/a"), Admin::Drain).unwrap_err();
    assert_eq!(failure.kind(), Kind::Denied);
    assert_eq!(
        told(failure, &balancer),
        "`unix:operator.sock`, asked `set server b/a state drain`: the socket does not allow it\n\
         hint: in the section `global` of haproxy.cfg, give the socket `level admin`, as in \
         `stats socket /run/haproxy/admin.sock mode 660 level admin`"
    );
    assert_eq!(admin(&balancer).set_admin(&name("b/a"), Admin::Drain), Ok(()));

    let user = unix("user.sock");
    let denied = [
        user.observe().map(drop),
        user.set_admin(&name("b/a"), Admin::Ready),
        user.shutdown_sessions(&name("b/a")),
        operator.shutdown_sessions(&name("b/a")),
    ];
    assert_eq!(denied.map(|result| result.map_err(|failure| failure.kind())), [const { Err(Kind::Denied) }; 4]);
}

#[test]
fn the_line_to_add_gives_the_level() {
    let line = advice::ADMIN_SOCKET.replace("/run/haproxy/admin.sock", "{dir}/advised.sock");
    let balancer = Balancer::start(&format!("  {line}\n{DEFAULTS}backend b\n  server a 127.0.0.1:1\n"));
    assert_eq!(open(&format!("unix:{}", balancer.path("advised.sock").display())).level(), Ok(Level::Admin));
}

#[test]
fn what_haproxy_does_not_know_is_told() {
    let balancer = Balancer::start(&format!("{DEFAULTS}backend b\n  server a 127.0.0.1:1\n"));
    let socket = admin(&balancer);
    let told = |failure| told(failure, &balancer);
    let server = socket.set_admin(&name("b/x"), Admin::Ready).unwrap_err();
    assert_eq!(server.kind(), Kind::Unknown);
    assert_eq!(
        told(server),
        "`unix:admin.sock`, asked `set server b/x state ready`: HAProxy refused\ncause: `No such server.`"
    );
    let backend = socket.set_admin(&name("x/a"), Admin::Ready).unwrap_err();
    assert_eq!(backend.kind(), Kind::Unknown);
    assert_eq!(
        told(backend),
        "`unix:admin.sock`, asked `set server x/a state ready`: HAProxy refused\ncause: `No such backend.`"
    );
    for unknown in ["b/x", "x/a"] {
        let unknown = name(unknown);
        assert_eq!(socket.restart_check(&unknown).unwrap_err().kind(), Kind::Unknown);
        assert_eq!(socket.shutdown_sessions(&unknown).unwrap_err().kind(), Kind::Unknown);
    }
}

fn kinds(socket: &Socket) -> [Option<Kind>; 3] {
    [
        socket.level().err().map(|failure| failure.kind()),
        socket.observe().err().map(|failure| failure.kind()),
        socket.maps().err().map(|failure| failure.kind()),
    ]
}

#[test]
fn a_port_for_http_is_told_from_the_runtime_api() {
    let address = loopback();
    let _balancer =
        Balancer::start(&format!("{DEFAULTS}listen web\n  bind {address}:8080\n  stats enable\n  stats uri /\n"));
    let web = open(&format!("tcp:{address}:8080"));
    assert_eq!(kinds(&web), [Some(Kind::NotHaproxy); 3]);
    let error = Error::from(web.observe().unwrap_err());
    assert_eq!(error.hints(), ["this is a port for HTTP: name the `stats socket` of the section `global` instead"]);
}

#[test]
fn the_masters_socket_is_told_from_a_workers() {
    let balancer = Balancer::start(&format!("{DEFAULTS}backend b\n  server a 127.0.0.1:1\n"));
    let master = open(&format!("unix:{}", balancer.path("master.sock").display()));
    assert_eq!(kinds(&master), [Some(Kind::Refused); 3]);
    assert_eq!(
        told(master.level().unwrap_err(), &balancer),
        "`unix:master.sock`, asked `show info;show cli level`: this is the socket of HAProxy's master process, which \
         knows no server\n\
         hint: name a `stats socket` of the section `global`, not the socket of the option `-S`"
    );
}

#[test]
fn nobody_there_is_lost() {
    let address = loopback();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none.sock");
    let cases = [
        (format!("tcp:{address}:1"), "Connection refused (os error 111)"),
        ("tcp:nowhere.invalid:1".to_owned(), "failed to lookup address information"),
        (format!("unix:{}", path.display()), "No such file or directory (os error 2)"),
    ];
    for (text, cause) in cases {
        let failure = open(&text).observe().unwrap_err();
        assert_eq!(failure.kind(), Kind::Lost);
        let expected = format!(
            "`{text}`, asked `show info;show servers state;show sess;show stat`: cannot connect to HAProxy: {cause}"
        );
        assert!(failure.to_string().starts_with(&expected), "{failure}");
    }
}
