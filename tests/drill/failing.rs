//! Drills that fail, are interrupted, or are killed: the container runs again.

use rustix::process::Signal;
use serde_json::Value;

use super::{check, drill, found, results, runs, through, wait_stopped};
use crate::support::veza::{INSTANCES, Lossy, Recipe, Running, Veza};
use crate::support::{Lab, seconds};

const UNIT: &str = "veza-backend-api.service";

/// What a drill says once it waits for HAProxy.
const STOPPED: &str = "down       waiting until HAProxy finds it DOWN\n";

#[test]
fn a_drill_that_is_interrupted_or_killed_leaves_nothing_stopped_for_good() {
    let veza = Veza::new("cutoff").start();
    let image = Recipe::good("1.0.0").imported();
    let (entry, name) = (through(&veza), veza.members()[0].name());
    let drill = drill(&veza, &entry, &[]);

    let running = veza.spawn(&drill);
    running.wait_for_stderr(STOPPED, seconds(60));
    running.signal(Signal::INT);
    let done = running.wait(seconds(60));
    let said = done.stderr.lines().last().unwrap_or_default();
    assert_eq!((said, done.code), (&*format!("error: interrupted; `{name}` runs again"), Some(5)));
    assert!(
        done.stdout.contains("\nstart      passed") && done.stdout.contains("\nup         not reached"),
        "{done:?}"
    );
    assert_eq!(found(name), runs());
    veza.wait_available();

    let running = veza.spawn(&drill);
    running.wait_for_stderr(STOPPED, seconds(60));
    running.kill();
    wait_stopped(name);
    assert!(found(name).1.is_string(), "{:?}", found(name));
    let status = veza.command(&["status", "--fleet", "fleet.toml"]);
    let stem = veza.stem();
    let note =
        format!("note: a drill of `{name}` was cut off: `vezaimg drill --pool {stem}` sees first that it runs\n");
    assert!(status.stderr.contains(&note), "{}", status.stderr);
    let refused = veza.command(&["rollout", &image, "--fleet", "fleet.toml", "--dry-run"]);
    let hint = "hint: a drill has stopped it and was cut off: `vezaimg drill` starts it again\n";
    assert!(refused.stderr.contains(hint), "{}", refused.stderr);

    let drilled = veza.command(&drill);
    assert_eq!(drilled.code, Some(0), "{}", drilled.stderr);
    let warning = format!("warning: an earlier drill was cut off: `{name}` is started first\n");
    assert!(drilled.stderr.starts_with(&warning), "{}", drilled.stderr);
    veza.assert_whole(&image, false);
    assert_eq!(found(name), runs());
}

#[test]
fn a_peer_that_does_not_serve_makes_the_drill_fail_and_the_container_runs_again() {
    let veza = Veza::new("alone").start();
    let (entry, [first, second]) = (through(&veza), veza.members()) else { panic!("two members") };
    let drill = drill(&veza, &entry, &["--json", "--websockets", "0"]);

    let running = veza.spawn(&drill);
    wait_stopped(first.name());
    second.instance().exec(&["systemctl", "stop", UNIT]);
    let done = running.wait(seconds(300));

    let report: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
    let taken = ["ready", "baseline", "stop", "down", "start", "up"].map(|name| (name, "passed"));
    let mut expected = taken.to_vec();
    expected.insert(4, ("meanwhile", "failed"));
    assert_eq!(results(&report), expected, "{report:#}");
    let failures = &report["requests"]["meanwhile"]["failures"];
    assert_eq!(failures[4], "`GET /api/v1/health` answers 503", "{report:#}");
    let why = check(&report, "meanwhile")["detail"].as_str().unwrap();
    assert_eq!(done.stderr, format!("error: 1 check of the drill failed\n  cause: meanwhile: {why}\n"));
    assert_eq!((&report["passed"], done.code), (&false.into(), Some(1)));
    assert_eq!(found(first.name()), runs());
    first.wait_healthy();
    assert!(!Lab::shared().query("/1.0/profiles").to_string().contains(veza.stem()), "the lock is there");
}

/// Of the first drill the answer is lost to the note on the container, of the second that to its stop: nobody knows then
/// whether it was stopped.
#[test]
fn what_nobody_knows_to_be_stopped_is_started_again_too() {
    let veza = Veza::new("unsure").start();
    let (entry, name) = (through(&veza), veza.members()[0].name());
    let drill = drill(&veza, &entry, &["--json"]);
    let lossy = Lossy::before(&veza.lab().directory().join("unix.socket"));
    lossy.lose(true);
    for (request, wanted) in [("?", "change"), ("/state?", "kill")] {
        let drilled = Running::spawn(veza.vezaimg(&drill).env("INCUS_SOCKET", lossy.socket())).wait(seconds(300));
        let told = format!("error: Incus was lost while it was asked to {wanted} `{name}`\n");
        assert!(drilled.stderr.starts_with(&told) && drilled.code == Some(1), "{drilled:?}");
        let report: Value = serde_json::from_str(&drilled.stdout).unwrap();
        let expected = [("stop", "failed"), ("down", "not-reached"), ("start", "passed"), ("up", "passed")];
        let results = results(&report);
        assert!(expected.iter().all(|result| results.contains(result)), "{results:?}");
        let lost = lossy.lost();
        let request = format!("PUT {INSTANCES}/{name}{request}");
        assert!(lost.iter().any(|lost| lost.starts_with(&request)), "{request} was not lost: {lost:#?}");
        assert_eq!(found(name), runs());
        veza.wait_available();
    }
}
