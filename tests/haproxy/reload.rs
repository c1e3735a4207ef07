//! What a reload takes away, and how it shows.

use vezaimg::haproxy::{Admin, Kind};

use super::{DEFAULTS, admin, name, server};
use crate::support::Balancer;

const CONFIG: &str = "backend b
  cookie SERVERID insert indirect nocache
  ignore-persist if { req.cook(SERVERID),map_str({dir}/draining.map) -m found }
  server a 127.0.0.1:1 cookie a
";

#[test]
fn a_reload_loses_states_and_map_entries_and_is_noticed() {
    let config = format!("{DEFAULTS}{CONFIG}");
    let balancer = Balancer::start_with(&config, &[("draining.map", "kept 1\n")]);
    let socket = admin(&balancer);
    let before = socket.observe().unwrap().info;
    assert!(before.version.starts_with("2.") || before.version.starts_with("3."), "{before:?}");
    assert!(before.started.time.is_some() && !before.stopping);
    assert_eq!(socket.observe().unwrap().info.started, before.started);

    let map = socket.maps().unwrap().into_iter().find(|map| map.map).unwrap();
    let entry = |key: &str| (key.to_owned(), "1".to_owned());
    assert_eq!(map.entries, Some(1));
    socket.add_entry(&map, "a", "1").unwrap();
    assert_eq!(socket.entries(&map).unwrap(), [entry("kept"), entry("a")]);
    socket.set_admin(&name("b/a"), Admin::Drain).unwrap();

    balancer.reload();
    let after = socket.observe().unwrap().info;
    assert_ne!(after.started, before.started);
    assert!(after.uptime <= before.uptime + std::time::Duration::from_secs(5));
    assert_eq!(server(&socket, "b/a").admin, Admin::Ready);
    assert_eq!(socket.entries(&map).unwrap(), [entry("kept")]);

    balancer.reconfigure(&format!("{DEFAULTS}backend b\n  server other 127.0.0.1:1\n"));
    assert_eq!(socket.entries(&map).unwrap_err().kind(), Kind::Unknown);
    assert_eq!(socket.add_entry(&map, "a", "1").unwrap_err().kind(), Kind::Unknown);
    assert_eq!(socket.remove_entry(&map, "a").unwrap_err().kind(), Kind::Unknown);
    assert_eq!(socket.set_admin(&name("b/a"), Admin::Ready).unwrap_err().kind(), Kind::Unknown);
}

#[test]
fn a_master_that_is_killed_leaves_nobody_to_ask() {
    let balancer = Balancer::start(&format!("{DEFAULTS}{CONFIG}").replace("{dir}/draining.map", "/dev/null"));
    let socket = admin(&balancer);
    assert!(socket.level().is_ok());
    rustix::process::kill_process(balancer.master(), rustix::process::Signal::KILL).unwrap();
    crate::support::wait_for("the worker to end", crate::support::seconds(20), || match socket.level() {
        Err(failure) if failure.kind() == Kind::Lost => Ok(()),
        other => Err(format!("{other:?}")),
    });
}
