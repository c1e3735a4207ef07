//! Servers of every kind that a configuration may hold, as they are read.

use vezaimg::haproxy::{Admin, Check, Counters, Operation, Server, find};
use vezaimg::incus::InstanceName;

use super::service::{Service, connect, read_head, send_get};
use super::{DEFAULTS, admin, ip, name, server};
use crate::support::balancer::loopback;
use crate::support::{Balancer, seconds, wait_for};

/// A server without a check that nothing happened to.
fn plain(text: &str, address: Option<(&str, u16)>) -> Server {
    Server {
        name: name(text),
        address: address.map(|(address, port)| (ip(address), port)),
        cookie: None,
        admin: Admin::Ready,
        forced: false,
        disabled: false,
        operation: Operation::Running,
        status: "no check".into(),
        throttle: None,
        sessions: 0,
        queued: 0,
        weight: 1,
        backup: false,
        check: None,
        agent: false,
        track: None,
        counters: Counters::default(),
    }
}

#[test]
fn every_kind_of_server_is_read() {
    let config = format!(
        "{DEFAULTS}resolvers none\n  nameserver n 127.0.0.1:1\n\
         backend b
  cookie SERVERID insert indirect nocache
  server plain 10.9.8.7:80
  server cookie 10.9.8.7:81 cookie sticky weight 100
  server v6 [fd00::7]:8080 backup
  server mapped [::ffff:10.1.2.3]:80
  server disabled 10.9.8.7:82 disabled
  server unresolved nowhere.invalid:80 init-addr none resolvers none
  server-template slot 2 0.0.0.0:80 disabled
  server unix {{dir}}/x.sock
  server weightless 10.9.8.7:83 weight 0
  server down 127.0.0.1:1 check
  server agent 127.0.0.1:1 agent-check agent-port 1
  server follows 10.9.8.7:85 track b/down
backend tcp
  mode tcp
  server plain 10.9.8.7:80
"
    );
    let balancer = Balancer::start(&config);
    let socket = admin(&balancer);
    wait_for("the check to fail", seconds(10), || match server(&socket, "b/down") {
        server
            if server.operation == Operation::Stopped
                && server.check.clone().is_some_and(|check| !check.in_progress) =>
        {
            Ok(())
        }
        server => Err(format!("{server:?}")),
    });
    let maintenance = |server: Server, status: &str| Server {
        admin: Admin::Maint,
        operation: Operation::Stopped,
        status: status.into(),
        ..server
    };
    let disabled = |server: Server| Server { forced: true, disabled: true, ..maintenance(server, "MAINT") };
    let refused = Check {
        status: "L4CON".into(),
        code: None,
        passed: false,
        in_progress: false,
        enabled: true,
        description: "Connection refused".into(),
    };
    let expected = vec![
        plain("b/plain", Some(("10.9.8.7", 80))),
        Server { cookie: Some("sticky".into()), weight: 100, ..plain("b/cookie", Some(("10.9.8.7", 81))) },
        Server { backup: true, ..plain("b/v6", Some(("fd00::7", 8080))) },
        plain("b/mapped", Some(("10.1.2.3", 80))),
        disabled(plain("b/disabled", Some(("10.9.8.7", 82)))),
        maintenance(plain("b/unresolved", None), "MAINT (resolution)"),
        disabled(plain("b/slot1", None)),
        disabled(plain("b/slot2", None)),
        plain("b/unix", None),
        Server { weight: 0, ..plain("b/weightless", Some(("10.9.8.7", 83))) },
        Server {
            operation: Operation::Stopped,
            status: "DOWN".into(),
            check: Some(refused),
            ..plain("b/down", Some(("127.0.0.1", 1)))
        },
        Server { agent: true, ..plain("b/agent", Some(("127.0.0.1", 1))) },
        Server {
            operation: Operation::Stopped,
            status: "DOWN".into(),
            track: Some(name("b/down")),
            ..plain("b/follows", Some(("10.9.8.7", 85)))
        },
        plain("tcp/plain", Some(("10.9.8.7", 80))),
    ];
    let servers = socket.observe().unwrap().servers;
    assert_eq!(servers, expected);

    let available: Vec<_> =
        servers.iter().filter(|server| server.is_available()).map(|server| server.name.to_string()).collect();
    assert_eq!(available, ["b/plain", "b/cookie", "b/v6", "b/mapped", "b/unix", "b/agent", "tcp/plain"]);
    let down: Vec<_> =
        servers.iter().filter(|server| !server.is_up()).map(|server| server.name.server.as_str()).collect();
    assert_eq!(down, ["disabled", "unresolved", "slot1", "slot2", "down", "follows"]);

    let found = |instance: &str, addresses: &[&str]| -> Vec<String> {
        let addresses: Vec<_> = addresses.iter().map(|text| ip(text)).collect();
        let instance = InstanceName::parse(instance).unwrap();
        find(&servers, &instance, &addresses).iter().map(|server| server.name.to_string()).collect()
    };
    assert_eq!(found("plain", &[]), ["b/plain", "tcp/plain"]);
    assert_eq!(found("other", &["fd00::7", "10.1.2.3"]), ["b/v6", "b/mapped"]);
    assert_eq!(found("down", &["10.1.2.3"]), ["b/mapped", "b/down"]);
    assert_eq!(found("other", &["10.0.0.0", "0.0.0.0"]), [""; 0]);
    assert_eq!(socket.cookies().unwrap().into_iter().collect::<Vec<_>>(), [("b".to_owned(), "SERVERID".to_owned())]);
}

#[test]
fn a_check_that_passes_and_what_was_asked_is_counted() {
    let service = Service::start();
    let address = loopback();
    let balancer = Balancer::start(&format!(
        "{DEFAULTS}  option httpchk GET /api/v1/health\nlisten b\n  bind {address}:8080\n  server a {}:8080 check\n",
        service.address
    ));
    let socket = admin(&balancer);
    wait_for("the check to pass", seconds(10), || match server(&socket, "b/a").check {
        Some(check) if check.passed && !check.in_progress => Ok(()),
        check => Err(format!("{check:?}")),
    });
    let mut client = connect((address, 8080));
    for _ in 0..3 {
        send_get(&mut client, "/api/v1/health", "");
        let head = read_head(&mut client);
        let length: usize =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap();
        std::io::Read::read_exact(&mut client, &mut vec![0; length]).unwrap();
    }
    let server = server(&socket, "b/a");
    let check = server.check.clone().unwrap();
    assert_eq!(
        (check.status.as_str(), check.code, check.description.as_str()),
        ("L7OK", Some(200), "Layer7 check passed")
    );
    assert_eq!(server.counters, Counters { requests: 3, sessions: 3, ..Counters::default() });
    assert!(server.is_available(), "{server:?}");

    drop(service);
    send_get(&mut client, "/api/v1/health", "");
    assert!(read_head(&mut client).starts_with("HTTP/1.1 503 "));
    let counters = super::server(&socket, "b/a").counters;
    assert!(counters.connection_errors > 0 && counters.retries > 0, "{counters:?}");
    assert_eq!(counters.answers_5xx, 0, "the balancer's own answers are not the server's");
}

#[test]
fn what_a_service_says_to_a_check_cannot_forge_an_answer() {
    let address = loopback();
    let listener = std::net::TcpListener::bind((address, 8080)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            read_head(&mut stream);
            let reason = "No, \"x\",\u{1b}[2J;#b,a,0,0";
            drop(std::io::Write::write_all(&mut stream, format!("HTTP/1.1 500 {reason}\r\n\r\n").as_bytes()));
        }
    });
    let balancer =
        Balancer::start(&format!("{DEFAULTS}  option httpchk\nbackend b\n  server a {address}:8080 check\n"));
    let socket = admin(&balancer);
    let check = wait_for("the check to fail", seconds(10), || match server(&socket, "b/a").check {
        Some(check) if check.code == Some(500) => Ok(check),
        check => Err(format!("{check:?}")),
    });
    assert_eq!(check.status, "L7STS");
    assert!(check.description.starts_with("No, \"x\",") && !check.description.contains(char::is_control), "{check:?}");
}
