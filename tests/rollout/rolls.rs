//! `vezaimg rollout` and `vezaimg rollback` under load: nobody notices, nothing is lost, and there is a way back.

use std::thread::sleep;

use serde_json::Value;

use crate::support::load::{Load, Shape};
use crate::support::seconds;
use crate::support::veza::{INSTANCES, Recipe, Veza};

/// Quick terms, so that many tests can be run: the ones of a real fleet differ only in their length.
pub(super) const QUICK: &str = "drain-timeout = \"10s\"\nwebsocket-timeout = \"2s\"\nhealthy-for = \"2s\"\n";

#[test]
fn a_fleet_is_rolled_and_rolled_back_under_load_without_a_failed_request() {
    let veza = Veza::new("roll").pool(QUICK).start();
    let image = Recipe::good("2.0.0").imported();
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    sleep(seconds(1));

    let rolled = veza.command(&["rollout", &image, "--fleet", "fleet.toml", "--report", "receipt.json"]);
    assert_eq!(rolled.code, Some(0), "{}", rolled.stderr);
    assert_eq!(veza.versions(), ["2.0.0", "2.0.0"]);
    veza.assert_env();
    let names: Vec<_> = veza
        .members()
        .iter()
        .flat_map(|member| [member.name().to_owned(), format!("{}-prev", member.name())])
        .collect();
    assert_eq!(veza.names(INSTANCES), names);

    let receipt = std::fs::read_to_string(veza.workspace().join("receipt.json")).unwrap();
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    for entry in receipt["instances"].as_array().unwrap() {
        assert_eq!((&entry["outcome"]["result"], &entry["after"]["release"]), (&"done".into(), &"2.0.0".into()));
        assert_eq!(entry["after"]["fingerprint"], *image);
        assert!(entry["out_of_rotation"].as_f64().unwrap() > 0.0 && entry["traffic"]["requests"].as_u64().unwrap() > 0);
    }

    let back = veza.command(&["rollback", "--fleet", "fleet.toml"]);
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    assert_eq!(veza.versions(), ["1.0.0", "1.0.0"]);
    veza.assert_env();
    let report = load.stop();
    report.assert_clean();
}

#[test]
fn a_fleet_that_runs_the_image_already_is_left_alone() {
    let veza = Veza::new("same").pool(QUICK).start();
    let image = Recipe::good("1.0.0").imported();
    let rolled = veza.command(&["rollout", &image, "--fleet", "fleet.toml"]);
    let expected = ("", "nothing to do: every instance runs 1.0.0\n", Some(0));
    assert_eq!((&*rolled.stdout, &*rolled.stderr, rolled.code), expected);
}
