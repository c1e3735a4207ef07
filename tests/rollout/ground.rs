//! The ground itself: what the tests of a rollout stand on does what they take it to do.

use std::thread::sleep;
use std::time::Duration;

use snapbox::assert_data_eq;

use crate::support::load::{Kind, Load, Shape, What};
use crate::support::veza::{Config, INSTANCES, Recipe, VOLUMES, Veza};
use crate::support::{Lab, seconds};

const UNIT: &str = "veza-backend-api.service";

#[test]
fn at_rest_no_request_fails_and_all_servers_answer() {
    let veza = Veza::new("rest").start();
    let shape = Shape::default();

    let report = Load::at_rest(veza.haproxy().entry(), shape, seconds(4));

    for member in veza.members() {
        let who = (member.name().to_owned(), "1.0.0".to_owned());
        assert!(report.answers.get(&who).is_some_and(|count| *count > 50), "{report}");
    }
    assert!(report.posts.latency.percentile(50) >= Duration::from_millis(300), "{report}");
    assert!(report.gets.latency.percentile(50) < Duration::from_millis(300), "{report}");
    assert_eq!(report.sessions.len(), shape.sockets, "{report}");
    for session in &report.sessions {
        assert!(session.closed.is_none() && session.echoes >= 3 && session.version == "1.0.0", "{session:?}");
        assert!(veza.members().iter().any(|member| member.name() == session.host), "{session:?}");
    }
    veza.assert_env();
}

/// As a rude program ends: requests in flight are lost, and the load says so.
#[test]
fn a_service_that_dies_at_once_is_noticed_and_its_websockets_go_to_the_peer() {
    let veza = Veza::new("dies").start();
    let [first, second] = veza.members() else { panic!("two members") };
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    sleep(seconds(1));

    let stopped = load.elapsed();
    first.instance().exec(&["systemctl", "stop", UNIT]);
    veza.haproxy().wait_status(first.name(), "DOWN");
    let down = load.elapsed();
    sleep(seconds(4));
    let report = load.stop();

    assert!(report.posts.failed > 0, "{report}");
    let lost = report.failures.iter().filter(|failure| failure.what == What::Post);
    let cut = |kind| matches!(kind, Kind::Closed | Kind::Reset | Kind::Status(502));
    assert!(lost.clone().all(|failure| failure.at >= stopped), "{report}");
    assert!(lost.clone().any(|failure| cut(failure.kind)), "{report}");
    let reconnections = report.reconnections();
    assert!(!reconnections.is_empty(), "{report}");
    for (session, close, next) in reconnections {
        assert_eq!((&*session.host, close.code), (first.name(), None), "{report}");
        assert!(close.at >= stopped && close.at < down, "{report}");
        assert_eq!(next.map(|next| &*next.host), Some(second.name()), "{report}");
    }
}

#[test]
fn a_graceful_service_says_goodbye_to_its_websockets() {
    let veza = Veza::new("goodbye").instances(1).graceful().release(Recipe::good("0.9.0")).start();
    assert_eq!(veza.versions(), ["0.9.0"]);
    let shape = Shape { gets: 0, posts: 0, sockets: 2, pause: Duration::ZERO };
    let load = Load::start(veza.haproxy().entry(), shape);
    sleep(seconds(1));

    veza.members()[0].instance().exec(&["systemctl", "stop", UNIT]);
    let report = load.stop();

    let codes: Vec<_> = report.reconnections().iter().map(|(_, close, _)| close.code).collect();
    assert_eq!(codes, [Some(1001); 2], "{report}");
}

#[test]
fn a_pair_is_two_balancers_that_are_reloaded_and_killed_one_by_one() {
    let mut veza = Veza::new("pair").pair().start();
    let name = veza.members()[0].name().to_owned();
    let [one, other] = veza.haproxies() else { panic!("two balancers") };
    let map = one.drain_map();
    let add = format!("add map {} {name} 1", map.display());
    assert_eq!(one.ask(&add).trim(), "");
    assert_eq!(one.ask(&format!("set server api_pool/{name} state drain")).trim(), "");
    assert_eq!((&*one.stat(&name, "status"), &*other.stat(&name, "status")), ("DRAIN", "UP"));

    one.reload();

    // As after every reload: nothing of the runtime state is left.
    one.wait_available(&name);
    assert_eq!(one.ask(&format!("show map {}", map.display())).trim(), "");

    one.kill();

    assert_eq!(one.ask("show info"), "");
    let shape = Shape { sockets: 0, ..Shape::default() };
    let load = Load::start(one.entry(), shape);
    sleep(seconds(1));
    let report = load.stop();
    assert!(report.failed() > 0 && report.failures.iter().all(|failure| failure.kind == Kind::Refused), "{report}");
    Load::at_rest(other.entry(), shape, seconds(1));

    one.start_again();
    veza.wait_available();
    Load::at_rest(veza.haproxy().entry(), shape, seconds(1));
}

#[test]
fn without_admin_level_or_map_haproxy_refuses_what_needs_them() {
    let config = Config { level: "operator", drain_map: false, ..Config::default() };
    let veza = Veza::new("operator").instances(1).haproxy(config).pool("min-available = 0\n").start();
    let (haproxy, name) = (veza.haproxy(), veza.members()[0].name());
    assert_eq!(haproxy.ask("show cli level").trim(), "operator");
    assert_eq!(haproxy.ask(&format!("set server api_pool/{name} state drain")).trim(), "Permission denied");
    let maps = haproxy.ask("show map");
    assert!(!maps.contains("draining.map"), "{maps}");

    let expected = format!(
        "[haproxy]\nsockets = [\"tcp:{}\"]\n\n[[pool]]\nname = \"{stem}\"\ninstances = [\"{name}\"]\n\
         backends = [\"api_pool\"]\nmin-available = 0\n",
        haproxy.admin(),
        stem = name.strip_suffix("-1").unwrap(),
    );
    assert_data_eq!(std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap(), expected);
    let version = veza.command(&["--version"]);
    assert_eq!((&*version.stdout, version.code), (concat!("vezaimg ", env!("CARGO_PKG_VERSION"), "\n"), Some(0)));
}

/// A roll leaves containers and volumes beside the fleet; the next test is to find none.
#[test]
fn a_fleet_goes_with_all_that_stands_beside_it() {
    let lab = Lab::shared();
    let veza = Veza::new("beside").instances(1).options(&["--config", "limits.processes=500"]).start();
    let name = veza.members()[0].name().to_owned();
    assert_eq!(lab.query(&format!("{INSTANCES}/{name}"))["config"]["limits.processes"], "500");
    let (previous, volume) = (format!("{name}-prev"), format!("{name}-logs"));
    lab.incus(&["create", &Recipe::good("1.0.0").imported(), &previous]);
    lab.incus(&["storage", "volume", "create", "default", &volume]);
    lab.incus(&["storage", "volume", "attach", "default", &volume, &previous, "logs", "/var/log/veza"]);
    assert_eq!(veza.names(INSTANCES), [&*name, &previous]);
    assert_eq!(veza.names(VOLUMES), [&*volume]);
    let address = veza.haproxy().entry();

    drop(veza);

    let left = |path: &str| lab.query(&format!("{path}?recursion=1")).to_string().contains(&name);
    assert!(!left(INSTANCES) && !left(VOLUMES));
    assert!(std::net::TcpStream::connect(address).is_err());
}
