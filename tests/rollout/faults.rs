//! What goes wrong around a rollout while it runs: Incus, HAProxy, a disk, a peer, the connection, the operator.

use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use super::kills::{LIGHT, Trial, quick};
use crate::support::load::Load;
use crate::support::veza::{Config, INSTANCES, Lossy, Recipe, Refusing, Running, Veza};
use crate::support::{Lab, seconds, wait_for};

/// The longest that a step may be away.
const APART: Duration = seconds(180);

/// The longest that a command may take.
const WHOLE: Duration = seconds(400);

const ROLLBACK: [&str; 4] = ["rollback", "--fleet", "fleet.toml", "--json"];

fn rollout(image: &str) -> [&str; 5] {
    ["rollout", image, "--fleet", "fleet.toml", "--json"]
}

fn names(veza: &Veza) -> [String; 2] {
    [0, 1].map(|index| veza.members()[index].name().to_owned())
}

fn wait_begins(running: &mut Running, instance: &str, place: (&str, &str)) {
    let begun = running.begins(instance, place, APART);
    assert!(begun, "it ended before {place:?} of {instance}:\n{}\n{}", running.stdout(), running.stderr());
}

fn assert_ends(running: Running, code: i32) -> String {
    let outcome = running.wait(WHOLE);
    assert_eq!(outcome.code, Some(code), "{}\n{}", outcome.stdout, outcome.stderr);
    outcome.stdout + &outcome.stderr
}

/// A lab whose daemon is killed; it ends with this process.
fn fragile() -> &'static Lab {
    static FRAGILE: OnceLock<Lab> = OnceLock::new();
    FRAGILE.get_or_init(Lab::start)
}

#[test]
fn incusd_that_is_killed_and_started_again_is_waited_for() {
    let lab = fragile();
    // The bridge has no address for a moment whenever the daemon starts, in which every check of a server fails: a HAProxy
    // that asks five times a second takes all of them for DOWN.
    let config = Config { inter: seconds(1), slowstart: seconds(1), ..Config::default() };
    let veza = quick("daemon", "60s").haproxy(config).lab(lab).start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported_into(lab));
    let [first, second] = names(&veza);
    let mut daemons = Vec::new();
    let mut restart = || {
        lab.kill_daemon();
        sleep(seconds(2));
        daemons.push(lab.start_daemon());
    };

    let trial = Trial::begin(&veza);
    let mut running = veza.spawn(&rollout(&new));
    for (instance, place) in [
        (&first, ("stage", "stage")),
        (&first, ("swap", "move-in")),
        (&second, ("stop", "halt")),
        (&second, ("start", "start")),
    ] {
        wait_begins(&mut running, instance, place);
        restart();
    }
    assert_ends(running, 0);
    trial.end(&veza, &new, true);

    let trial = Trial::begin(&veza);
    let mut running = veza.spawn(&ROLLBACK);
    for (instance, place) in [(&first, ("carry", "carry")), (&first, ("health", "wait")), (&second, ("settle", "wait"))]
    {
        wait_begins(&mut running, instance, place);
        restart();
    }
    assert_ends(running, 0);
    trial.end(&veza, &old, false);
    drop(veza);
    for mut daemon in daemons {
        // The last one ends with the lab.
        let _ = daemon.try_wait();
    }
}

/// After a reload HAProxy takes every server for ready, also the one whose container is stopped: what it sends there
/// until it is told, or has checked, may fail, whoever reloads it. Where both containers run nothing does.
#[test]
fn a_haproxy_that_is_reloaded_is_told_everything_anew() {
    let veza = quick("reload", "60s").start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());
    let [first, second] = names(&veza);

    let trial = Trial::begin(&veza);
    let mut running = veza.spawn(&rollout(&new));
    for (instance, place) in [(&first, ("drain", "drain")), (&second, ("settle", "wait"))] {
        wait_begins(&mut running, instance, place);
        veza.haproxy().reload();
    }
    assert_ends(running, 0);
    trial.end(&veza, &new, true);

    let mut running = veza.spawn(&ROLLBACK);
    for (instance, place) in [(&first, ("swap", "move-in")), (&second, ("health", "wait"))] {
        wait_begins(&mut running, instance, place);
        veza.haproxy().reload();
    }
    assert_ends(running, 0);
    veza.assert_whole(&old, false);
    Load::at_rest(veza.haproxy().entry(), LIGHT, seconds(2));
}

#[test]
fn a_haproxy_that_is_killed_is_waited_for() {
    let mut veza = quick("crash", "60s").start();
    let new = Recipe::good("2.0.0").imported();
    let [first, second] = names(&veza);
    let mut running = veza.spawn(&rollout(&new));
    for (instance, place) in [(&first, ("drain", "drain")), (&second, ("swap", "attach"))] {
        wait_begins(&mut running, instance, place);
        let [haproxy] = veza.haproxies() else { panic!("one balancer") };
        haproxy.kill();
        sleep(seconds(3));
        haproxy.start_again();
    }
    assert_ends(running, 0);
    veza.assert_whole(&new, true);
}

#[test]
fn a_runtime_socket_that_refuses_for_a_while_is_waited_for() {
    let veza = quick("refuse", "60s").start();
    let new = Recipe::good("2.0.0").imported();
    let [first, second] = names(&veza);
    let admin = veza.haproxy().admin();
    let between = Refusing::before(admin);
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    veza.workspace().write("fleet.toml", fleet.replace(&admin.to_string(), &between.address().to_string()));

    let trial = Trial::begin(&veza);
    let mut running = veza.spawn(&rollout(&new));
    for (instance, place) in [(&first, ("drain", "wait")), (&second, ("swap", "detach"))] {
        wait_begins(&mut running, instance, place);
        between.refuse(true);
        sleep(seconds(5));
        between.refuse(false);
    }
    assert_ends(running, 0);
    trial.end(&veza, &new, true);
}

#[test]
fn a_full_disk_stops_the_staging_and_nothing_else() {
    let lab = Lab::shared();
    let pool = lab.unique("small");
    // In the lab's own mount namespace, where `/run` is the lab's too.
    let directory = format!("/run/{pool}");
    let run = |arguments: &[&str]| assert!(lab.inside().args(arguments).status().unwrap().success(), "{arguments:?}");
    run(&["mkdir", &directory]);
    run(&["mount", "-t", "tmpfs", "-o", "size=560m", "small", &directory]);
    lab.incus(&["storage", "create", &pool, "dir", &format!("source={directory}")]);
    let veza = quick("full", "60s").options(&["--storage", &pool]).start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());

    // A disk without inodes is as full as one without bytes, no look at its space foretells it, and what has a file already
    // goes on writing.
    const FILL: &str = r#"mount -o "remount,nr_inodes=$(($(df --output=iused "$1" | tail -n 1) + 500))" "$1""#;
    run(&["sh", "-c", FILL, "sh", &directory]);
    let load = Load::start(veza.haproxy().entry(), LIGHT);
    let said = assert_ends(veza.spawn(&rollout(&new)), 1);
    run(&["mount", "-o", "remount,nr_inodes=0", &directory]);
    // Whoever meets it first says it in words of its own.
    let is_full = ["out of disk space", "No space left on device"].iter().any(|words| said.contains(words));
    assert!(said.contains("was never taken out") && is_full, "{said}");
    load.stop().assert_clean();
    veza.assert_whole(&old, false);

    drop(veza);
    lab.incus(&["storage", "delete", &pool]);
    run(&["umount", &directory]);
}

#[test]
fn an_image_that_is_deleted_in_the_middle_stops_the_rollout_at_the_next_instance() {
    let veza = quick("gone", "60s").start();
    let old = Recipe::good("1.0.0").imported();
    let built = Recipe::good("4.0.0").build(veza.workspace());
    let image = veza.lab().import(&[&built.file], &veza.lab().unique("gone"));
    let [first, second] = names(&veza);

    let load = Load::start(veza.haproxy().entry(), LIGHT);
    let mut running = veza.spawn(&rollout(&image));
    wait_begins(&mut running, &first, ("health", "wait"));
    veza.lab().incus(&["image", "delete", &image]);
    let said = assert_ends(running, 1);
    assert!(said.contains(&format!("`{second}` was never taken out and runs 1.0.0")), "{said}");
    assert_eq!(veza.versions(), ["4.0.0", "1.0.0"]);
    load.stop().assert_clean();
    // What was brought goes back; what was not touched stays.
    assert_ends(veza.spawn(&ROLLBACK), 0);
    veza.assert_whole(&old, false);
}

#[test]
fn a_peer_that_dies_while_another_is_out_is_replaced_after_it() {
    let veza = quick("peer", "60s").start();
    let new = Recipe::good("2.0.0").imported();
    let [first, second] = names(&veza);
    let mut running = veza.spawn(&rollout(&new));
    wait_begins(&mut running, &first, ("swap", "move-in"));
    veza.lab().incus(&["stop", "--force", &second]);
    assert_ends(running, 0);
    veza.assert_whole(&new, true);
}

#[test]
fn a_peer_that_dies_during_the_drain_has_the_instance_given_back() {
    let pace = "drain-timeout = \"10s\"\nwebsocket-timeout = \"15s\"\nhealthy-for = \"1s\"\n";
    let veza = quick("lonely", "60s").pool(pace).start();
    let new = Recipe::good("2.0.0").imported();
    let [first, second] = names(&veza);
    let load = Load::start(veza.haproxy().entry(), LIGHT);
    // With both, one has a WebSocket, which the drain waits for.
    let more =
        Load::start(veza.haproxy().entry(), crate::support::load::Shape { sockets: 4, gets: 0, posts: 0, ..LIGHT });
    sleep(seconds(1));
    let mut running = veza.spawn(&rollout(&new));
    wait_begins(&mut running, &first, ("drain", "wait"));
    veza.lab().incus(&["stop", "--force", &second]);
    wait_begins(&mut running, &first, ("ready", "give-back"));
    wait_for("the instance to serve", seconds(10), || match &*veza.haproxy().stat(&first, "status") {
        "UP" => Ok(()),
        seen => Err(seen.to_owned()),
    });
    veza.lab().incus(&["start", &second]);
    assert_ends(running, 0);
    drop((load, more));
    veza.assert_whole(&new, true);
}

#[test]
fn whatever_answer_of_incus_is_lost_is_found_out() {
    let veza = quick("lossy", "60s").start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());
    let [first, _] = names(&veza);
    let lossy = Lossy::before(&veza.lab().directory().join("unix.socket"));
    for (arguments, fingerprint, has_prev) in [(&rollout(&new)[..], &new, true), (&ROLLBACK, &old, false)] {
        let trial = Trial::begin(&veza);
        let mut running = Running::spawn(veza.vezaimg(arguments).env("INCUS_SOCKET", lossy.socket()));
        wait_begins(&mut running, &first, ("stage", "stage"));
        lossy.lose(true);
        assert_ends(running, 0);
        lossy.lose(false);
        trial.end(&veza, fingerprint, has_prev);
    }
    let lost = lossy.lost();
    for wanted in [
        format!("POST {INSTANCES}?"),
        format!("POST {INSTANCES}/{first}?"),
        format!("PUT {INSTANCES}/{first}?"),
        format!("PUT {INSTANCES}/{first}/state?"),
        format!("POST {INSTANCES}/{first}/exec?"),
        format!("POST {INSTANCES}/{first}-next?"),
        "PUT /1.0/profiles/".to_owned(),
        "DELETE /1.0/profiles/".to_owned(),
    ] {
        assert!(lost.iter().any(|request| request.starts_with(&wanted)), "{wanted} was not lost: {lost:#?}");
    }
}

#[test]
fn a_signal_ends_the_run_where_nothing_is_half_done() {
    let veza = quick("signal", "60s").start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());
    let [first, second] = names(&veza);
    let trial = Trial::begin(&veza);
    let interrupt = |instance: &str, place, signal, versions: [&str; 2]| {
        let mut running = veza.spawn(&rollout(&new));
        wait_begins(&mut running, instance, place);
        running.signal(signal);
        let said = assert_ends(running, 5);
        assert!(said.contains("goes on, from any machine"), "{said}");
        assert_eq!(veza.versions(), versions);
        let map = veza.haproxy().ask(&format!("show map {}", veza.haproxy().drain_map().display()));
        assert_eq!(map.trim(), "");
        let states = [&first, &second].map(|name| veza.haproxy().stat(name, "status"));
        assert_eq!(states, ["UP", "UP"]);
    };
    interrupt(&first, ("stage", "stage"), Signal::INT, ["1.0.0", "1.0.0"]);
    interrupt(&first, ("drain", "drain"), Signal::TERM, ["1.0.0", "1.0.0"]);
    interrupt(&first, ("swap", "detach"), Signal::INT, ["2.0.0", "1.0.0"]);
    interrupt(&second, ("drain", "wait"), Signal::INT, ["2.0.0", "1.0.0"]);
    interrupt(&second, ("health", "wait"), Signal::TERM, ["2.0.0", "2.0.0"]);
    assert_ends(veza.spawn(&rollout(&new)), 0);
    trial.end(&veza, &new, true);

    let mut running = veza.spawn(&ROLLBACK);
    wait_begins(&mut running, &first, ("settle", "wait"));
    running.signal(Signal::INT);
    assert_ends(running, 5);
    assert_eq!(veza.versions(), ["1.0.0", "2.0.0"]);
    assert_ends(veza.spawn(&ROLLBACK), 0);
    veza.assert_whole(&old, false);
}
