//! The plain loops that a rollout is to beat, by the `incus` client alone. If these went unnoticed, the load that proves a
//! rollout would be too weak to prove anything.

use std::fs;
use std::time::Duration;

use crate::sample::binary;
use crate::support::load::{Load, Report, Shape};
use crate::support::veza::{Member, Recipe, Veza};
use crate::support::{Lab, seconds};

/// Long enough at rest for a p99 of its own.
const AT_REST: Duration = seconds(3);

/// Takes one container after the other through `swap`, each only once the last is healthy, as a careful operator would.
fn roll(veza: &Veza, mut swap: impl FnMut(usize, &Member)) -> Report {
    let entry = veza.haproxy().entry();
    Load::at_rest(entry, Shape::default(), AT_REST);
    let load = Load::start(entry, Shape::default());
    std::thread::sleep(seconds(1));
    for (index, member) in veza.members().iter().enumerate() {
        swap(index, member);
        member.instance().start();
        member.wait_healthy();
    }
    std::thread::sleep(seconds(2));
    load.stop()
}

#[test]
fn stopping_pushing_the_binary_and_starting_fails_requests() {
    let veza = Veza::new("push").start();
    let program = fs::read(binary()).unwrap();

    let report = roll(&veza, |_, member| {
        member.instance().stop();
        member.instance().push("/opt/veza/backend-api/veza-api", &program, "0755", 1001, 1001);
    });

    assert_ne!(report.failed(), 0, "{report}");
    veza.wait_available();
}

#[test]
fn stopping_rebuilding_and_starting_fails_requests() {
    let veza = Veza::new("rebuild").start();
    let image = Recipe::good("2.0.0").imported();

    let report = roll(&veza, |index, member| {
        member.instance().stop();
        Lab::shared().incus(&["rebuild", &image, member.name()]);
        veza.push_env(index);
    });

    assert_ne!(report.failed(), 0, "{report}");
    assert_eq!(veza.versions(), ["2.0.0", "2.0.0"]);
    assert_ne!(report.answers_of("1.0.0"), 0, "{report}");
    assert_ne!(report.answers_of("2.0.0"), 0, "{report}");
    veza.assert_env();
}
