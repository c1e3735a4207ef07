//! What does not fit together in a fleet, each in a sentence.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Member, SocketCensus, Work, called, shown};
use crate::haproxy::{Admin, Server};
use crate::incus::Instance;
use crate::rollout::balance::{SocketView, Target};
use crate::rollout::instance::marks;
use crate::rollout::plan::release_of;

pub(super) fn notes(found: &[Found<'_>], sockets: &[SocketCensus], views: &[Option<SocketView>]) -> Vec<String> {
    let mut notes: Vec<_> = found.iter().filter_map(releases).collect();
    let targets: Vec<_> = found.iter().flat_map(|found| &found.members).map(|member| &member.target).collect();
    for (socket, view) in sockets.iter().zip(views) {
        let name = &socket.socket;
        if socket.is_admin == Some(false) {
            notes.push(format!("`{name}` lets us in at level operator: enough to look, too little for a rollout"));
        }
        let Some(view) = view else { continue };
        notes.extend(undrained(view, &targets).into_iter().map(|cookie| {
            format!(
                "the drain map of `{name}` holds `{cookie}`, whose server is not drained: its clients are sent elsewhere"
            )
        }));
        for found in found {
            let pool = &found.pool.name;
            notes.extend(strangers(view, &found.pool.backends, &targets).map(|server| {
                let at = server.address.map(|(ip, port)| format!(" at {}", std::net::SocketAddr::new(ip, port)));
                let (server, at) = (&server.name, at.unwrap_or_default());
                format!("server `{server}` of `{name}`{at} is no instance of pool `{pool}`")
            }));
        }
    }
    notes
}

/// Instances of one pool that run different images.
fn releases(found: &Found<'_>) -> Option<String> {
    let mut runs: BTreeMap<String, (String, Vec<&str>)> = BTreeMap::new();
    for Member { family, target } in &found.members {
        let Some(live) = &family.containers.live else { continue };
        let release = release_of(live);
        let (_, instances) = runs.entry(release.fingerprint.clone()).or_insert_with(|| (called(&release), Vec::new()));
        instances.push(target.name.as_str());
    }
    let several = |(fingerprint, (release, instances)): (&String, &(String, Vec<&str>))| {
        let image = fingerprint.get(..12).filter(|image| image != release);
        let image = image.map(|image| format!(" ({image})")).unwrap_or_default();
        let instances: Vec<_> = instances.iter().map(|instance| format!("`{instance}`")).collect();
        format!("{release}{image} on {}", instances.join(", "))
    };
    let told: Vec<_> = runs.iter().map(several).collect();
    (told.len() > 1).then(|| format!("pool `{}` runs several releases: {}", found.pool.name, told.join("; ")))
}

/// Instances that a drill has stopped which is not there any more to start them.
pub(super) fn drilled(found: &Found<'_>, work: Option<&Work>) -> Vec<String> {
    let is_held = work.is_some_and(|work| work.is_held);
    let live = found.members.iter().filter_map(|member| member.family.containers.live.as_ref());
    let is_left = |live: &&Instance| live.config.contains_key(marks::DRILL) && !is_held;
    let pool = &found.pool.name;
    live.filter(is_left)
        .map(|live| {
            format!("a drill of `{}` was cut off: `vezaimg drill --pool {pool}` sees first that it runs", live.name)
        })
        .collect()
}

/// What the drain map holds of instances that get new requests.
fn undrained(view: &SocketView, targets: &[&Target]) -> BTreeSet<String> {
    let Some(draining) = &view.draining else { return BTreeSet::new() };
    let servers = targets.iter().flat_map(|target| view.servers(target));
    let cookies = servers.filter(|server| server.admin == Admin::Ready).filter_map(|server| server.cookie.as_ref());
    cookies.filter(|cookie| draining.contains(*cookie)).map(|cookie| shown(cookie)).collect()
}

/// Servers in a pool's backends that are nobody's.
fn strangers<'v>(
    view: &'v SocketView,
    backends: &'v [String],
    targets: &'v [&Target],
) -> impl Iterator<Item = &'v Server> {
    let is_known = move |server: &Server| {
        targets.iter().any(|target| view.servers(target).iter().any(|known| known.name == server.name))
    };
    let here = move |server: &&Server| backends.contains(&server.name.backend);
    view.snapshot.servers.iter().filter(here).filter(move |server| !is_known(server))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::haproxy::{Counters, Info, Operation, ServerName, Sessions, Snapshot, Started};
    use crate::incus::InstanceName;

    pub(crate) fn server(backend: &str, name: &str, address: &str) -> Server {
        Server {
            name: ServerName::new(backend, name).unwrap(),
            address: Some((address.parse().unwrap(), 8080)),
            cookie: Some(name.to_owned()),
            admin: Admin::Ready,
            forced: false,
            disabled: false,
            operation: Operation::Running,
            status: "UP".to_owned(),
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

    pub(crate) fn view(servers: Vec<Server>, draining: &[&str]) -> SocketView {
        let started = Started { pid: 1, time: None };
        let (version, node) = (String::new(), String::new());
        let info = Info { version, node, uptime: Duration::ZERO, stopping: false, started };
        let draining = Some(draining.iter().map(|cookie| (*cookie).to_owned()).collect());
        let snapshot = Snapshot { info, servers, sessions: Sessions::default() };
        SocketView { name: "tcp:a:1".to_owned(), snapshot, draining }
    }

    fn target(name: &str, address: &str) -> Target {
        Target { name: InstanceName::parse(name).unwrap(), addresses: vec![address.parse().unwrap()] }
    }

    #[test]
    fn a_map_holds_what_it_should_not_when_its_server_is_ready() {
        let drained = Server { admin: Admin::Drain, ..server("api", "b", "10.0.0.2") };
        let view = view(vec![server("api", "a", "10.0.0.1"), drained], &["a", "b", "c"]);
        let (a, b) = (target("a", "10.0.0.1"), target("b", "10.0.0.2"));
        assert_eq!(undrained(&view, &[&a, &b]), BTreeSet::from(["a".to_owned()]));
    }

    #[test]
    fn a_server_is_nobodys_by_name_and_by_address() {
        let servers =
            [("api", "a", "10.0.0.9"), ("api", "x", "10.0.0.1"), ("api", "old", "10.0.0.3"), ("ws", "y", "::1")];
        let view = view(servers.map(|(backend, name, ip)| server(backend, name, ip)).to_vec(), &[]);
        let a = target("a", "10.0.0.1");
        let (backends, targets) = (["api".to_owned()], [&a]);
        let names: Vec<_> = strangers(&view, &backends, &targets).map(|server| server.name.to_string()).collect();
        assert_eq!(names, ["api/old"]);
    }
}
