//! Rollout after rollout under one load, as on a busy Friday, and what each costs beside `incus rebuild` in the same run.
//! `tests/run --soak` makes ten of them; the figures are on stdout, for `-- --nocapture`.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::load::{Load, Shape};
use crate::support::seconds;
use crate::support::veza::{Config, Recipe, Veza};

fn rounds() -> usize {
    if std::env::var_os("VEZAIMG_SOAK").is_some() { 10 } else { 2 }
}

/// What each instance cost in a rollout, in seconds: out of rotation, what of that was waiting for its clients to end, and
/// from stop to health.
fn costs(veza: &Veza) -> Vec<(f64, f64, f64)> {
    let receipt = std::fs::read_to_string(veza.workspace().join("receipt.json")).unwrap();
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    let cost = |entry: &Value| {
        let drain = entry["steps"].as_array().unwrap().iter().find(|step| step["step"] == "drain").unwrap();
        let seconds = [&entry["out_of_rotation"], &drain["seconds"], &entry["stop_to_healthy"]];
        <(f64, f64, f64)>::from(seconds.map(|seconds| seconds.as_f64().unwrap()))
    };
    receipt["instances"].as_array().unwrap().iter().map(cost).collect()
}

/// From stop to health by `incus rebuild`, with the env file pushed again.
fn rebuilt(veza: &Veza, index: usize, image: &str) -> Duration {
    let member = &veza.members()[index];
    let began = Instant::now();
    member.instance().stop();
    crate::support::Lab::shared().incus(&["rebuild", image, member.name()]);
    veza.push_env(index);
    member.instance().start();
    member.wait_healthy();
    began.elapsed()
}

#[test]
fn rollouts_in_a_row_go_unnoticed() {
    let terms = "drain-timeout = \"10s\"\nwebsocket-timeout = \"2s\"\nhealthy-for = \"1s\"\n";
    // As a real HAProxy has it, checks five times and a slow start ten times as long apart.
    let config = Config { inter: seconds(1), slowstart: seconds(3), ..Config::default() };
    let veza = Veza::new("row").haproxy(config).pool(terms).start();
    let images = ["2.0.0", "1.0.0"].map(|release| (release, Recipe::good(release).imported()));
    let rest = Load::at_rest(veza.haproxy().entry(), Shape::default(), seconds(10));

    let load = Load::start(veza.haproxy().entry(), Shape::default());
    let mut all = Vec::new();
    for (release, image) in images.iter().cycle().take(rounds()) {
        let done = veza.command(&["rollout", image, "--fleet", "fleet.toml", "--report", "receipt.json"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(veza.versions(), [*release; 2]);
        all.extend(costs(&veza));
        let pruned = veza.command(&["prune", "--fleet", "fleet.toml"]);
        assert_eq!(pruned.code, Some(0), "{}", pruned.stderr);
    }
    let report = load.stop();

    // Under the same load, which notices.
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    let rebuilds: Vec<_> = (0..2).map(|index| rebuilt(&veza, index, &images[0].1).as_secs_f64()).collect();
    drop(load);
    println!(
        "out of rotation, of it draining, stop to healthy: {all:.2?}\nincus rebuild, stop to healthy: {rebuilds:.2?}"
    );
    println!("at rest\n{rest}\nduring {} rollouts\n{report}", rounds());
    report.assert_clean();
    veza.assert_env();
}
