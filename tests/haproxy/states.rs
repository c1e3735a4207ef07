//! What each command makes of a server: the facts that the rollout's order stands on.

use std::io::Read;
use std::net::Ipv4Addr;

use vezaimg::haproxy::{Admin, Kind, Operation, Server, Socket, advice};

use super::service::{Service, connect, send_get};
use super::{DEFAULTS, admin, name, server};
use crate::support::balancer::loopback;
use crate::support::{Balancer, seconds, wait_for};

/// A backend `b` with the servers `a` and `p`, both up, and a frontend in front; `more` goes on each server's line.
struct Pair {
    a: Service,
    p: Service,
    front: Ipv4Addr,
    balancer: Balancer,
    socket: Socket,
}

impl Pair {
    fn start(more: &str) -> Self {
        let (a, p, front) = (Service::start(), Service::start(), loopback());
        let drain = advice::drain_map("SERVERID", "{dir}/draining.map");
        let balancer = Balancer::start_with(
            &format!(
                "{DEFAULTS}  option httpchk GET /api/v1/health
listen b
  bind {front}:8080
  cookie SERVERID insert indirect nocache
  {drain}
  server a {}:8080 cookie a check {more}
  server p {}:8080 cookie p check {more}
backend t
  server follows {}:8080 track b/a
  server unchecked {}:8080
",
                a.address, p.address, a.address, a.address
            ),
            &[("draining.map", "")],
        );
        let socket = admin(&balancer);
        let pair = Self { a, p, front, balancer, socket };
        for name in ["b/a", "b/p"] {
            pair.until(name, "be checked", |server| server.check.as_ref().is_some_and(|check| check.passed));
        }
        pair
    }

    /// The server, once it is so.
    fn until(&self, name: &str, what: &str, is: impl Fn(&Server) -> bool) -> Server {
        wait_for(&format!("`{name}` to {what}"), seconds(15), || match server(&self.socket, name) {
            server if is(&server) => Ok(server),
            server => Err(format!("{server:?}")),
        })
    }

    fn set(&self, name: &str, to: Admin) {
        self.socket.set_admin(&super::name(name), to).unwrap();
    }

    fn state(&self, name: &str) -> (Admin, bool, Operation, String) {
        let server = server(&self.socket, name);
        // While a check rises or falls, its count follows: `UP 1/2`.
        let status = server.status.split(' ').next().unwrap().to_owned();
        (server.admin, server.forced, server.operation, status)
    }

    /// Which server answers a client with this cookie. None is set again: the client keeps its own.
    fn answers(&self, cookie: &str) -> &'static str {
        let mut client = connect((self.front, 8080));
        send_get(&mut client, "/api/v1/health", &format!("Cookie: SERVERID={cookie}\r\nConnection: close\r\n"));
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 ") && !text.to_lowercase().contains("set-cookie"), "{text}");
        let by = |service: &Service| text.contains(&format!("\"pid\":{},", service.pid()));
        match (by(&self.a), by(&self.p)) {
            (true, false) => "a",
            (false, true) => "p",
            _ => panic!("{text}"),
        }
    }
}

#[test]
fn ready_drain_and_maint_are_read_back() {
    let pair = Pair::start("");
    let state = |admin, forced, operation, status: &str| (admin, forced, operation, status.to_owned());
    assert_eq!(pair.state("b/a"), state(Admin::Ready, false, Operation::Running, "UP"));
    pair.set("b/a", Admin::Drain);
    assert_eq!(pair.state("b/a"), state(Admin::Drain, true, Operation::Running, "DRAIN"));
    assert_eq!(pair.state("t/follows"), state(Admin::Drain, false, Operation::Running, "DRAIN"));
    pair.set("b/a", Admin::Drain);
    assert_eq!(pair.state("b/a"), state(Admin::Drain, true, Operation::Running, "DRAIN"));
    pair.set("b/a", Admin::Maint);
    assert_eq!(pair.state("b/a"), state(Admin::Maint, true, Operation::Stopped, "MAINT"));
    assert_eq!(pair.state("t/follows"), state(Admin::Maint, false, Operation::Stopped, "MAINT"));
    assert_eq!(server(&pair.socket, "t/follows").status, "MAINT (via b/a)");
    pair.set("b/a", Admin::Ready);
    assert_eq!(pair.state("t/follows"), state(Admin::Ready, false, Operation::Running, "UP"));
}

#[test]
fn ready_from_maintenance_is_up_before_any_check() {
    let pair = Pair::start("");
    pair.set("b/a", Admin::Maint);
    // Nothing listens any more: a check could not pass.
    pair.a.kill();
    pair.set("b/a", Admin::Ready);
    let at_once = server(&pair.socket, "b/a");
    assert_eq!((at_once.admin, at_once.operation), (Admin::Ready, Operation::Running), "{at_once:?}");
    pair.until("b/a", "fall", |server| server.operation == Operation::Stopped);
}

#[test]
fn a_check_that_starts_over_in_drain_gates_ready_by_rise() {
    let pair = Pair::start("");
    let a = name("b/a");
    pair.set("b/a", Admin::Maint);
    let refused = pair.socket.restart_check(&a).unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused);
    assert!(
        refused.to_string().ends_with("the health check of `b/a` cannot start over: it is in maintenance"),
        "{refused}"
    );

    pair.a.kill();
    pair.set("b/a", Admin::Drain);
    pair.socket.restart_check(&a).unwrap();
    let down = pair.state("b/a");
    assert_eq!(down, (Admin::Drain, true, Operation::Stopped, "DOWN".to_owned()));
    pair.set("b/a", Admin::Ready);
    std::thread::sleep(seconds(1));
    assert_eq!(pair.state("b/a"), (Admin::Ready, false, Operation::Stopped, "DOWN".to_owned()));

    let _back = Service::start_at(pair.a.address);
    let up = pair.until("b/a", "rise", Server::is_up);
    assert!(up.is_available() && up.check.is_some_and(|check| check.passed && check.code == Some(200)));
}

#[test]
fn a_check_that_is_not_there_cannot_start_over() {
    let pair = Pair::start("");
    let cause = |server: &str| {
        let failure = pair.socket.restart_check(&name(server)).unwrap_err();
        assert_eq!(failure.kind(), Kind::Refused);
        failure.to_string().rsplit(": ").next().unwrap().to_owned()
    };
    assert_eq!(cause("t/unchecked"), "it has none of its own");
    assert_eq!(cause("t/follows"), "it has none of its own");
    pair.balancer.ask("disable health b/a");
    assert_eq!(cause("b/a"), "it was switched off by `disable health`");
    // This is what it would have been: down for ever, which is why it is refused.
    pair.balancer.ask("set server t/unchecked health down");
    pair.set("t/unchecked", Admin::Ready);
    assert_eq!(server(&pair.socket, "t/unchecked").operation, Operation::Stopped);
}

#[test]
fn slow_start_throttles_what_is_ready_again_until_it_is_over() {
    let pair = Pair::start("slowstart 3s");
    pair.until("b/a", "have its full share", Server::is_available);
    pair.set("b/a", Admin::Maint);
    pair.set("b/a", Admin::Ready);
    let starting = server(&pair.socket, "b/a");
    assert_eq!(starting.operation, Operation::Starting);
    assert!(starting.throttle.is_some_and(|percent| percent < 100), "{starting:?}");
    assert!(starting.is_up() && !starting.is_available());
    let started = pair.until("b/a", "have its full share", Server::is_available);
    assert_eq!((started.throttle, started.operation), (None, Operation::Running));
}

#[test]
fn a_drain_holds_for_cookies_only_with_the_map() {
    let pair = Pair::start("");
    let maps = pair.socket.maps().unwrap();
    let path = pair.balancer.path("draining.map").to_str().unwrap().to_owned();
    let map = maps.iter().find(|map| map.file.as_ref() == Some(&path)).unwrap();
    let a = |pair: &Pair| [(); 4].map(|()| pair.answers("a"));
    assert_eq!(a(&pair), ["a"; 4]);
    pair.set("b/a", Admin::Drain);
    assert_eq!(a(&pair), ["a"; 4], "HAProxy honours the cookie in a drain");
    pair.socket.add_entry(map, "a", "1").unwrap();
    assert_eq!(a(&pair), ["p"; 4]);
    assert_eq!(pair.answers("p"), "p");
    pair.socket.remove_entry(map, "a").unwrap();
    assert_eq!(a(&pair), ["a"; 4]);
    pair.socket.add_entry(map, "a", "1").unwrap();
    pair.set("b/a", Admin::Ready);
    assert!([(); 8].map(|()| pair.answers("a")).contains(&"p"), "a server that is ready gets the new ones too");
    pair.socket.remove_entry(map, "a").unwrap();
    assert_eq!(a(&pair), ["a"; 4]);
}

#[test]
fn a_server_that_is_disabled_in_the_configuration_comes_and_goes() {
    let address = loopback();
    let balancer = Balancer::start(&format!("{DEFAULTS}backend b\n  server a {address}:1 disabled\n"));
    let socket = admin(&balancer);
    let read = || {
        let server = server(&socket, "b/a");
        (server.admin, server.forced, server.disabled, server.operation)
    };
    assert_eq!(read(), (Admin::Maint, true, true, Operation::Stopped));
    for (to, forced, operation) in [
        (Admin::Ready, false, Operation::Running),
        (Admin::Drain, true, Operation::Running),
        (Admin::Maint, true, Operation::Stopped),
    ] {
        socket.set_admin(&name("b/a"), to).unwrap();
        assert_eq!(read(), (to, forced, true, operation));
    }
}
