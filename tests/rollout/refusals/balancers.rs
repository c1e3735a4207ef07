//! What is in the way in HAProxy.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use snapbox::str;

use super::{Trial, slow_start, wanted};
use crate::support::seconds;
use crate::support::veza::{Config, Member};

#[test]
fn servers_that_do_not_all_get_their_full_share() {
    let trial = Trial::new(&slow_start());
    let [first, second] = [0, 1].map(|index| trial.server(index));
    trial.tell(&format!("set server {first} state drain"));
    trial.tell(&format!("add map {} {} 1", trial.haproxy.drain_map().display(), trial.veza.members()[0].name()));
    trial.tell(&format!("set server {second} state maint"));
    trial.tell(&format!("set server {second} health down"));
    trial.tell(&format!("set server {second} state ready"));
    trial.tell(&format!("set server {second} health down"));
    trial.haproxy.wait_status(trial.veza.members()[1].name(), "UP");
    trial.refuses(
        &["rollout", &wanted()],
        3,
        str![[r#"
error: nothing was changed: 3 things are in the way
  cause: server `api_pool/api-1` of `tcp:127.0.0.1:9100` is DRAIN, and not UP with its full share
  cause: server `api_pool/api-2` of `tcp:127.0.0.1:9100` is UP, throttled to 7 %, and not UP with its full share
  cause: the drain map of `tcp:127.0.0.1:9100` holds `api-1` already: its clients are sent elsewhere
  hint: `set server api_pool/api-1 state ready` on the socket, if nobody wants it out any more
  hint: wait until the slow start of `api_pool/api-2` is over
  hint: somebody else may be draining it; else `del map PATH api-1` on the socket takes the entry out

"#]],
    );
}

#[test]
fn servers_that_are_down_or_in_maintenance_or_weigh_nothing() {
    let trial = Trial::new(&Config { inter: seconds(60), slowstart: Duration::ZERO, ..Config::default() });
    let [first, second] = [0, 1].map(|index| trial.server(index));
    trial.tell(&format!("set server {first} state maint"));
    trial.tell(&format!("set server {second} health down"));
    trial.refuses(
        &["rollout", &wanted()],
        3,
        str![[r#"
error: nothing was changed: 2 things are in the way
  cause: server `api_pool/api-1` of `tcp:127.0.0.1:9100` is MAINT, and not UP with its full share
  cause: server `api_pool/api-2` of `tcp:127.0.0.1:9100` is DOWN, and not UP with its full share
  hint: `set server api_pool/api-1 state ready` on the socket, if nobody wants it out any more
  hint: the last check of `api_pool/api-2` said `L7OK Layer7 check passed`

"#]],
    );
    trial.tell(&format!("set server {first} state ready"));
    trial.tell(&format!("set server {second} health up"));
    assert_eq!(trial.haproxy.ask(&format!("set weight {second} 0")).trim(), "");
    trial.refuses(
        &["rollout", &wanted()],
        3,
        str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: server `api_pool/api-2` of `tcp:127.0.0.1:9100` has the weight 0, and not UP with its full share
  hint: `set weight api_pool/api-2 100%` on the socket gives it back what its configuration says

"#]],
    );
}

#[test]
fn no_drain_map() {
    let trial = Trial::new(&Config { drain_map: false, ..Config::default() });
    trial.refuses(&["rollout", &wanted()], 3, str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `tcp:127.0.0.1:9100` has no drain map, and clients with a cookie would keep coming to an instance that is drained
  hint: in `backend api_pool` of haproxy.cfg, add `ignore-persist if { req.cook(SERVERID),map_str(/etc/haproxy/draining.map) -m found }`; `/etc/haproxy/draining.map` has to be there, and may be empty
  hint: `--allow-sticky-race` goes on without it: requests may fail

"#]]);
    let file = trial.file();
    let done = trial.veza.command(&["rollout", &wanted(), "--allow-sticky-race", "--dry-run", "--fleet", &file]);
    snapbox::assert_data_eq!(
        trial.told(&done.stderr),
        str![[r#"
note: `tcp:127.0.0.1:9100` has no drain map: clients with a cookie keep coming to an instance until it is in maintenance, and some of their requests may fail
       about  1 min 30 s

"#]]
    );
    assert_eq!(done.code, Some(0));
}

#[test]
fn sockets_without_the_rights() {
    let trial = Trial::new(&Config { level: "operator", ..Config::default() });
    trial.refuses(&["rollout", &wanted()], 3, str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `tcp:127.0.0.1:9100` lets us in at level operator, and a rollout takes level admin
  hint: in the section `global` of haproxy.cfg, give the socket `level admin`, as in `stats socket /run/haproxy/admin.sock mode 660 level admin`

"#]]);
}

#[test]
fn sockets_that_show_little() {
    let trial = Trial::new(&Config { level: "user", ..Config::default() });
    trial.refuses(&["rollout", &wanted()], 3, str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `tcp:127.0.0.1:9100` lets us in at level user, and a rollout takes level admin
  hint: in the section `global` of haproxy.cfg, give the socket `level admin`, as in `stats socket /run/haproxy/admin.sock mode 660 level admin`

"#]]);
}

#[test]
fn sockets_that_are_not_haproxys() {
    let mut trial = Trial::new(&Config::default());
    let members: Vec<_> = trial.veza.members().iter().map(Member::name).collect();
    // HAProxy's own frontend speaks HTTP.
    trial.fleet(&format!("tcp:{}", trial.haproxy.entry()), &members, "");
    trial.refuses(&["rollout", &wanted()], 2, str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `tcp:127.0.0.1:8080`, asked `show info;show cli level`: the answer is not HAProxy's: `HTTP/1.1 400 Bad request\x0d\x0aContent-length: 90\x0d\x0aCache-Control: no-cache\x0d\x0aConnection: close\x0d\x0aContent-Type: text/html\x0d\x0a\x0d\x0a<html><body><h1>400 Bad request</h1>\x0aYour b…`
  hint: this is a port for HTTP: name the `stats socket` of the section `global` instead

"#]]);

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    trial.show(closed.to_string(), "127.0.0.1:9");
    trial.fleet(&format!("tcp:{closed}"), &members, "");
    trial.refuses(&["rollout", &wanted()], 3, str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `tcp:127.0.0.1:9`, asked `show info;show cli level`: cannot connect to HAProxy: Connection refused (os error 111)

"#]]);

    trial.fleet("unix:/nowhere/admin.sock", &members, "");
    trial.refuses(&["rollout", &wanted()], 3, str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `unix:/nowhere/admin.sock`, asked `show info;show cli level`: cannot connect to HAProxy: No such file or directory (os error 2)

"#]]);

    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in mute.incoming().map_while(Result::ok) {
            // All that was asked is read first: closing a socket with unread bytes resets the connection.
            let mut asked = [0; 64];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(b"\x1b[31mSSH-2.0-OpenSSH\r\n");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while stream.read(&mut asked).is_ok_and(|length| length > 0) {}
        }
    });
    trial.show(address.to_string(), "127.0.0.1:22");
    trial.fleet(&format!("tcp:{address}"), &members, "");
    trial.refuses(
        &["rollout", &wanted()],
        3,
        str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `tcp:127.0.0.1:22`, asked `show info;show cli level`: the connection was closed in the middle of an answer

"#]],
    );
}

#[test]
fn backends_that_are_not_there_and_servers_that_are_somebody_elses() {
    let trial = Trial::new(&Config::default());
    let [first, second] = [0, 1].map(|index| trial.veza.members()[index].address());
    // A second's address under the first's name.
    let moved = trial.haproxy.ask(&format!("set server {} addr {second} port 8080", trial.server(0)));
    assert!(moved.contains(&first.to_string()), "{moved}");
    trial.haproxy.wait_available(trial.veza.members()[0].name());
    let pool = &trial.pool;
    let members: Vec<_> = trial.veza.members().iter().map(Member::name).collect();
    trial.write(&format!(
        "[haproxy]\nsockets = [\"tcp:{}\"]\n\n[[pool]]\nname = \"{pool}\"\ninstances = {members:?}\n\
         backends = [\"api_pol\", \"api_pool\"]\n",
        trial.haproxy.admin()
    ));
    trial.refuses(
        &["rollout", &wanted()],
        2,
        str![[r#"
error: nothing was changed: 2 things are in the way
  cause: `tcp:127.0.0.1:9100` has no backend `api_pol`
  cause: server `api_pool/api-1` of `tcp:127.0.0.1:9100` is at 10.0.0.2, and `api-1` at 10.0.0.1
  hint: did you mean the backend `api_pool`?

"#]],
    );
}
