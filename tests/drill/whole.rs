//! Drills in which every check holds.

use serde_json::Value;

use super::{check, drill, found, results, runs, through};
use crate::readme::steps;
use crate::support::veza::{Config, Recipe, Veza};

/// The first two words of every line: the rest is figures, and names that every run chooses anew.
fn outline(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().take(2).collect()).collect()
}

/// One drill right after another: the second waits until the slow start of the first is over.
#[test]
fn a_fleet_that_serves_on_passes_as_the_readme_says_and_again_in_json() {
    let veza = Veza::new("drill").pair().start();
    let image = Recipe::good("1.0.0").imported();
    let [one, two] = [0, 1].map(|index| veza.members()[index].name().to_owned());
    let entry = through(&veza);
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    veza.workspace().write("fleet.toml", format!("{fleet}entry = \"{entry}\"\n"));

    // The README's command, with the pool's own name.
    let steps = steps("```console drill");
    let [step] = steps.as_slice() else { panic!("{} drills in the README", steps.len()) };
    let command = step.command.replace("backend-api", veza.stem());
    let arguments: Vec<_> = command.split(' ').skip(1).collect();
    let drilled = veza.command(&arguments);
    assert_eq!(drilled.code, Some(0), "{}{}", drilled.stdout, drilled.stderr);
    assert_eq!(outline(&drilled.stdout), outline(&step.output));
    // The table is the result; what is under way is told as it goes.
    for line in ["ready      passed in ", "down       waiting until HAProxy finds it DOWN\n", "up         passed in "] {
        assert!(drilled.stderr.contains(line), "{line}\n{}", drilled.stderr);
    }
    assert_eq!([found(&one), found(&two)], [runs(), runs()]);

    let drilled = veza.command(&[&arguments[..], &["--json", "--instance", &two, "--websockets", "6"]].concat());
    assert_eq!((&*drilled.stderr, drilled.code), ("", Some(0)), "{}", drilled.stdout);
    let report: Value = serde_json::from_str(&drilled.stdout).unwrap();
    let names = ["ready", "baseline", "connect", "stop", "down", "meanwhile", "reconnect", "start", "up"];
    assert_eq!(results(&report), names.map(|name| (name, "passed")));
    assert_eq!(check(&report, "ready")["detail"], "2 instances UP on 2 sockets");
    for (key, value) in [("fleet", "fleet.toml"), ("pool", veza.stem()), ("instance", &two), ("through", &entry)] {
        assert_eq!(report[key], value, "{report:#}");
    }
    assert_eq!(report["passed"], true);
    for asked in ["baseline", "meanwhile"] {
        let tally = &report["requests"][asked];
        assert_eq!(
            (&tally["sent"], &tally["ok"], &tally["failures"]),
            (&5.into(), &5.into(), &Value::Array(Vec::new()))
        );
    }
    // Three failed checks, 500 ms apart.
    let after = |key: &str| report[key].as_f64().unwrap();
    assert!((1.0..30.0).contains(&after("down_after")) && (0.5..120.0).contains(&after("up_after")), "{report:#}");

    // Every second session began with the one that was stopped; all ended with the other, and nobody else lost any.
    let sessions = report["websockets"].as_array().unwrap();
    assert_eq!(sessions.len(), 6, "{report:#}");
    for session in sessions {
        assert_eq!((&session["is_open"], &session["is_with"]), (&true.into(), &Value::from(&*one)), "{session:#}");
        let was_with_it = session["was_with"] == *two;
        assert!(was_with_it || session["was_with"] == *one, "{session:#}");
        assert_eq!(session["closed_after"].is_f64(), was_with_it, "{session:#}");
        assert_eq!(session["attempts"].as_u64().unwrap() > 0, was_with_it, "{session:#}");
    }
    let lost = sessions.iter().filter(|session| session["was_with"] == *two).count();
    assert!(lost >= 3 && report["lost"] == lost, "{report:#}");

    veza.assert_whole(&image, false);
}

/// As the streamers are: what is asked for says who serves it, and no cookie says who that was. All sessions are with one.
#[test]
fn a_pool_without_a_cookie_is_drilled_by_where_sessions_come_from() {
    let config = Config { sticky: false, drain_map: false, ..Config::default() };
    let veza = Veza::new("hashed").haproxy(config).start();
    let entry = through(&veza);
    let mut lost = 0;
    for member in veza.members() {
        let drilled = veza.command(&drill(&veza, &entry, &["--json", "--instance", member.name()]));
        assert_eq!(drilled.code, Some(0), "{}{}", drilled.stdout, drilled.stderr);
        let report: Value = serde_json::from_str(&drilled.stdout).unwrap();
        let sessions = report["websockets"].as_array().unwrap();
        for session in sessions {
            let was_with_it = session["was_with"] == member.name();
            assert_eq!(session["closed_after"].is_f64(), was_with_it, "{session:#}");
            assert!(session["is_with"].is_string() && session["is_with"] != member.name(), "{session:#}");
        }
        lost += report["lost"].as_u64().unwrap();
    }
    assert_eq!(lost, 4);
}
