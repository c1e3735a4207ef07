//! `vezaimg status` of a fleet that serves, and of the same one as more and more of it goes wrong.

use serde_json::Value;

use super::ground::cells;
use crate::support::veza::{Config, Recipe, Veza};
use crate::support::{Lab, seconds, wait_for};

#[test]
fn a_fleet_is_shown_as_incus_haproxy_and_the_service_see_it() {
    let mut veza = Veza::new("status").pair().start();
    let image = Recipe::good("1.0.0").imported();
    let [one, two] = [0, 1].map(|index| veza.members()[index].name().to_owned());
    let pool = one.strip_suffix("-1").unwrap().to_owned();
    let sockets: Vec<_> = veza.haproxies().iter().map(|haproxy| format!("tcp:{}", haproxy.admin())).collect();

    // All is well.
    let status = veza.command(&["status", "--fleet", "fleet.toml"]);
    let well = |name: &str| [&pool, name, "1.0.0", &image[..12], "WHEN", "running", "UP", "ok", "-"].map(str::to_owned);
    assert_eq!(cells(&status.stdout)[1..], [well(&one), well(&two)], "{}", status.stderr);
    assert_eq!((&*status.stderr, status.code), ("", Some(0)));

    // Drained in one socket, and in the map of the other without a drain; a stranger in the backend; a stopped service.
    let map = veza.haproxies()[1].drain_map().display().to_string();
    veza.haproxies()[0].ask(&format!("set server api_pool/{one} state drain"));
    veza.haproxies()[1].ask(&format!("add map {map} {two} 1"));
    veza.haproxies()[1].ask("add server api_pool/stranger 127.0.0.9:8080");
    veza.members()[1].instance().exec(&["systemctl", "stop", "veza-backend-api.service"]);
    for haproxy in veza.haproxies() {
        haproxy.wait_status(&two, "DOWN");
    }
    let status = veza.command(&["status", "--fleet", "fleet.toml"]);
    let seen = cells(&status.stdout);
    assert_eq!(seen[1][6], format!("{} DRAIN, {} UP", sockets[0], sockets[1]));
    assert_eq!((&*seen[2][6], seen[2].len()), ("DOWN", 9));
    assert_eq!(seen[2][7], "`GET :8080/api/v1/health` is not answered: no HTTP answer");
    let notes = format!(
        "note: the drain map of `{0}` holds `{two}`, whose server is not drained: its clients are sent elsewhere\n\
         note: server `api_pool/stranger` of `{0}` at 127.0.0.9:8080 is no instance of pool `{pool}`\n",
        sockets[1]
    );
    assert_eq!((&*status.stderr, status.code), (&*notes, Some(0)));

    // One container stopped, one socket away.
    veza.members()[1].instance().stop();
    veza.haproxies()[1].kill();
    let status = veza.command(&["status", "--fleet", "fleet.toml", "--json"]);
    let json: Value = serde_json::from_str(&status.stdout).unwrap();
    let instances = &json["pools"][0]["instances"];
    assert_eq!((&instances[0]["state"], &instances[1]["state"]), (&"running".into(), &"stopped".into()));
    assert_eq!(instances[0]["health"], serde_json::json!({"result": "ok"}));
    assert_eq!(instances[1]["health"], serde_json::json!({"result": "not-asked", "why": "stopped"}));
    let statuses = |index: usize| [0, 1].map(|share| instances[index]["haproxy"][share]["status"].clone());
    assert_eq!([statuses(0), statuses(1)], [["DRAIN", "unknown"], ["DOWN", "unknown"]]);
    assert_eq!((&json["sockets"][0]["is_admin"], &json["sockets"][1]["version"]), (&true.into(), &Value::Null));
    let away = format!("error: 1 part of the fleet could not be read\n  cause: `{}`, asked ", sockets[1]);
    assert!(status.stderr.starts_with(&away), "{}", status.stderr);
    assert_eq!(status.code, Some(1));
}

#[test]
fn two_releases_in_a_pool_and_a_socket_that_allows_too_little_are_told() {
    let veza = Veza::new("mixed").haproxy(Config { level: "operator", ..Config::default() }).start();
    let [one, two] = [0, 1].map(|index| veza.members()[index].name().to_owned());
    let new = Recipe::good("2.0.0").imported();
    veza.members()[1].instance().stop();
    Lab::shared().incus(&["rebuild", &new, &two]);
    veza.push_env(1);
    veza.members()[1].instance().start();
    veza.members()[1].wait_healthy();
    veza.wait_available();

    let status = wait_for("both to be ok", seconds(30), || {
        let status = veza.command(&["status", "--fleet", "fleet.toml"]);
        let seen = cells(&status.stdout);
        if seen[1..].iter().all(|row| row[7] == "ok") { Ok(status) } else { Err(status.stdout) }
    });
    let seen = cells(&status.stdout);
    assert_eq!([&*seen[1][2], &*seen[2][2]], ["1.0.0", "2.0.0"]);
    let socket = format!("tcp:{}", veza.haproxy().admin());
    let pool = one.strip_suffix("-1").unwrap();
    for note in [
        format!("note: pool `{pool}` runs several releases: "),
        format!("note: `{socket}` lets us in at level operator: enough to look, too little for a rollout\n"),
    ] {
        assert!(status.stderr.contains(&note), "{}", status.stderr);
    }
    assert_eq!(status.code, Some(0));
}
