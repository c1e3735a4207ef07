//! The sequence of a rollout typed by hand, as an operator with time could: under the same load that fails in the plain
//! loops, nothing does. What is left to fail in a rollout is thus the rollout's own.

use std::thread::sleep;

use crate::support::load::{Load, Shape};
use crate::support::veza::{Haproxy, Veza};
use crate::support::{seconds, wait_for};

/// Tells HAProxy, which says nothing when it obeys.
fn tell(haproxy: &Haproxy, command: &str) {
    let answer = haproxy.ask(command);
    assert_eq!(answer.trim(), "", "{command}");
}

/// Requests that a server is at, without WebSockets: of a stream that has become a tunnel, neither direction is analysed
/// any more (`an=00h`).
fn in_flight(haproxy: &Haproxy, server: &str) -> usize {
    let sessions = haproxy.ask("show sess");
    let of_server = sessions.lines().filter(|line| line.contains(&format!(" srv={server} ")));
    of_server.filter(|line| line.matches(",an=00h").count() < 2).count()
}

#[test]
fn a_drained_server_is_restarted_without_a_failed_request() {
    let veza = Veza::new("hand").start();
    let haproxy = veza.haproxy();
    let map = haproxy.drain_map().display().to_string();
    let load = Load::start(haproxy.entry(), Shape::default());
    sleep(seconds(1));

    let mut cut = Vec::new();
    for member in veza.members() {
        let (name, server) = (member.name(), format!("api_pool/{}", member.name()));
        let set = |what: &str| tell(haproxy, &format!("set server {server} {what}"));
        tell(haproxy, &format!("add map {map} {name} 1"));
        set("state drain");
        let mut idle = 0;
        wait_for(&format!("`{name}` to be idle"), seconds(20), || {
            let count = in_flight(haproxy, name);
            idle = if count == 0 { idle + 1 } else { 0 };
            if idle == 3 { Ok(()) } else { Err(format!("{count} requests")) }
        });
        cut.push((name.to_owned(), load.elapsed()));
        tell(haproxy, &format!("shutdown sessions server {server}"));
        set("state maint");
        member.instance().stop();
        member.instance().start();
        member.wait_healthy();
        // Whatever HAProxy knew of the server was of the old process: its own rise is to gate the new one.
        set("state drain");
        set("health down");
        haproxy.wait_status(name, "DRAIN");
        set("state ready");
        tell(haproxy, &format!("del map {map} {name}"));
        haproxy.wait_available(name);
    }
    sleep(seconds(1));
    let report = load.stop();

    report.assert_clean();
    let reconnections = report.reconnections();
    assert!(reconnections.len() >= Shape::default().sockets, "{report}");
    for (session, close, next) in reconnections {
        let (_, since) = cut.iter().find(|(name, _)| *name == session.host).unwrap();
        assert!(close.at >= *since && close.at < *since + seconds(5), "{report}");
        assert!(next.is_some_and(|next| next.host != session.host), "{report}");
    }
}
