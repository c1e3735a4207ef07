//! `vezaimg` killed by SIGKILL at every place of a rollout, a restore and a rollback: the same command, given again, ends
//! what was begun, and nobody has noticed either.
//!
//! A command is killed when an action begins, and the one after it goes on from there to where the next action begins:
//! thus every action is once cut off at its beginning, and once follows on one that was. `tests/run --soak` sets
//! `VEZAIMG_SOAK`, which has fleets killed at moments that nobody chose.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::load::{Load, Shape};
use crate::support::veza::{Config, Recipe, Running, Setup, Veza, Watch};
use crate::support::workspace::{Outcome, Workspace};
use crate::support::{seconds, wait_for};

/// A step and the action of it that begins, as `--json` names them.
type Place = (&'static str, &'static str);

/// Every action that brings one container to where another serves, in its order.
const SWAP: [Place; 18] = [
    ("stage", "stage"),
    ("drain", "drain"),
    ("drain", "wait"),
    ("maintenance", "maintain"),
    ("stop", "halt"),
    ("swap", "detach"),
    ("swap", "move-aside"),
    ("swap", "move-in"),
    ("carry", "carry"),
    ("swap", "attach"),
    ("start", "recheck"),
    ("start", "start"),
    ("start", "complete"),
    ("health", "wait"),
    ("health", "prove"),
    ("ready", "ready"),
    ("settle", "wait"),
    ("commit", "commit"),
];

/// Every action that brings a container back, after another was started in its place and did not become healthy.
const RESTORE: [Place; 13] = [
    ("restore", "turn"),
    ("maintenance", "maintain"),
    ("stop", "halt"),
    ("swap", "detach"),
    ("swap", "move-aside"),
    ("swap", "move-in"),
    ("swap", "attach"),
    ("start", "recheck"),
    ("start", "start"),
    ("health", "wait"),
    ("health", "prove"),
    ("ready", "ready"),
    ("commit", "commit"),
];

/// The longest that one place of a swap may be away from the next.
const APART: Duration = seconds(120);

/// The longest that a command may take which is not killed.
const WHOLE: Duration = seconds(300);

/// A load that leaves the processors to those who are killed.
pub(super) const LIGHT: Shape = Shape { gets: 2, posts: 4, sockets: 1, pause: Duration::from_millis(100) };

/// Two containers on terms that are as quick as a busy machine can keep.
pub(super) fn quick(stem: &str, healthy: &str) -> Setup {
    let config = Config { inter: Duration::from_millis(200), slowstart: seconds(1), ..Config::default() };
    let pace = "drain-timeout = \"10s\"\nwebsocket-timeout = \"1s\"\nhealthy-for = \"1s\"";
    Veza::new(stem).haproxy(config).pool(&format!("{pace}\nhealthy-timeout = \"{healthy}\"\n"))
}

/// What is done to a fleet, watched by clients and by one who counts servers.
pub(super) struct Trial {
    load: Load,
    watch: Watch,
    logs: Vec<String>,
}

impl Trial {
    pub(super) fn begin(veza: &Veza) -> Self {
        let logs = veza.logs();
        let trial =
            Self { watch: Watch::start(veza.haproxy()), load: Load::start(veza.haproxy().entry(), LIGHT), logs };
        sleep(Duration::from_millis(500));
        trial
    }

    /// # Panics
    /// When anybody noticed anything, or the fleet is not as it is to be.
    pub(super) fn end(self, veza: &Veza, fingerprint: &str, has_prev: bool) {
        veza.assert_whole(fingerprint, has_prev);
        let report = self.load.stop();
        report.assert_clean();
        self.watch.stop().assert_at_least(1);
        veza.assert_logs(&self.logs, report.posts.latency.count());
    }
}

/// Gives the command once for each of the places and kills it there, then once more to its end.
fn killed_at(veza: &Veza, arguments: &[&str], instance: &str, places: &[Place]) -> Outcome {
    for place in places {
        let mut running = veza.spawn(arguments);
        let begun = running.begins(instance, *place, APART);
        let place = format!("{}/{} of {instance}", place.0, place.1);
        assert!(begun, "it ended before {place}:\n{}\n{}", running.stdout(), running.stderr());
        running.kill();
    }
    veza.spawn(arguments).wait(WHOLE)
}

fn assert_ends(outcome: &Outcome, code: i32) {
    assert_eq!(outcome.code, Some(code), "{}\n{}", outcome.stdout, outcome.stderr);
}

#[test]
fn a_rollout_and_a_rollback_that_are_killed_at_every_action_go_on() {
    let mut veza = quick("kill", "60s").start();
    veza.chmod_env("2640");
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());
    let [first, second] = [0, 1].map(|index| veza.members()[index].name().to_owned());
    let rollout = ["rollout", &new, "--fleet", "fleet.toml", "--json"];
    let rollback = ["rollback", "--fleet", "fleet.toml", "--json"];

    let trial = Trial::begin(&veza);
    assert_ends(&killed_at(&veza, &rollout, &first, &SWAP), 0);
    trial.end(&veza, &new, true);

    let trial = Trial::begin(&veza);
    // The same actions as above, and the time of a change is dear.
    let places: Vec<_> = SWAP.into_iter().step_by(if rounds() == 1 { 3 } else { 1 }).collect();
    assert_ends(&killed_at(&veza, &rollback, &second, &places), 0);
    trial.end(&veza, &old, false);
}

#[test]
fn a_restore_that_is_killed_at_every_action_goes_on() {
    let veza = quick("back", "5s").start();
    let (old, broken) = (Recipe::good("1.0.0").imported(), Recipe::never_healthy().imported());
    let first = veza.members()[0].name().to_owned();
    let rollout = ["rollout", &broken, "--fleet", "fleet.toml", "--json"];

    let trial = Trial::begin(&veza);
    let outcome = killed_at(&veza, &rollout, &first, &RESTORE);
    assert_ends(&outcome, 4);
    trial.end(&veza, &old, false);
}

#[test]
fn what_another_command_left_half_done_is_taken_back_first() {
    let veza = quick("other", "5s").start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());
    let broken = Recipe::never_healthy().imported();
    let first = veza.members()[0].name().to_owned();
    let rollout = |image| ["rollout", image, "--fleet", "fleet.toml", "--json"];
    let rollback = ["rollback", "--fleet", "fleet.toml", "--json"];
    let trial = Trial::begin(&veza);
    for (place, other, code) in [
        (("health", "wait"), &rollback[..], 3),
        (("swap", "move-in"), &rollout(&broken), 4),
        (("carry", "carry"), &rollback, 3),
    ] {
        let mut running = veza.spawn(&rollout(&new));
        assert!(running.begins(&first, place, APART), "{}", running.stderr());
        running.kill();
        assert_is_told(&veza, [&new, &broken]);
        assert_ends(&veza.command(other), code);
        veza.assert_whole(&old, false);
    }
    trial.end(&veza, &old, false);
}

/// What a look says, which changes nothing, while an operation is cut off: what comes first, and that nobody who is half out
/// may leave the pool.
fn assert_is_told(veza: &Veza, [same, another]: [&str; 2]) {
    let look = |image, fleet| veza.command(&["rollout", image, "--fleet", fleet, "--dry-run"]);
    for (image, what) in [(same, "gone on with"), (another, "taken back first")] {
        let told = look(image, "fleet.toml");
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        assert!(told.stderr.contains(&format!(" was cut off, and is {what}\n")), "{}", told.stderr);
    }
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    let first = veza.members()[0].name();
    let without = fleet.replace(&format!("\"{first}\", "), "").replace("[[pool]]", "[[pool]]\nmin-available = 0");
    assert_ne!(without, fleet);
    veza.workspace().write("less.toml", without);
    for dry in [&["--dry-run"][..], &[]] {
        let told = veza.command(&[&["rollout", same, "--fleet", "less.toml"], dry].concat());
        assert_eq!(told.code, Some(3), "{}", told.stderr);
        let hint = format!("put `{first}` back into `instances` of the pool, until the operation is over");
        assert!(told.stderr.contains(&hint), "{}", told.stderr);
    }
}

#[test]
fn a_rollout_that_is_killed_while_it_imports_its_image_begins_anew() {
    let veza = quick("import", "60s").start();
    let built = Recipe::good("3.0.0").build(veza.workspace());
    let image = built.file.to_str().unwrap();
    let rollout = ["rollout", image, "--fleet", "fleet.toml"];

    let trial = Trial::begin(&veza);
    let running = veza.spawn(&rollout);
    running.wait_for_stderr("importing", seconds(60));
    running.kill();
    // Twice, for an upload that broke off must not stand in the way of the next one.
    // A quick machine may have had all of it by then.
    let running = veza.spawn(&rollout);
    wait_for("the import to be over, or under way again", seconds(60), || {
        let told = running.stderr();
        if ["importing", "staging"].iter().any(|word| told.contains(word)) { Ok(()) } else { Err(told) }
    });
    sleep(Duration::from_millis(50));
    running.kill();
    assert_ends(&veza.command(&rollout), 0);
    trial.end(&veza, &built.fingerprint, true);
}

/// A machine of another name knows nothing of the processes of the first: it waits until the lock has expired.
#[test]
fn what_was_killed_on_one_machine_goes_on_from_another_when_the_lock_has_expired() {
    let veza = quick("elsewhere", "60s").start();
    let new = Recipe::good("2.0.0").imported();
    let first = veza.members()[0].name().to_owned();
    let rollout = ["rollout", &new, "--fleet", "fleet.toml", "--json"];
    let configuration = Workspace::new();
    let elsewhere = || {
        let here = veza.vezaimg(&rollout);
        let mut command = Command::new("unshare");
        command.args(["--uts", "sh", "-c", "hostname elsewhere && exec \"$@\"", "sh"]);
        command.arg(here.get_program()).args(here.get_args()).env_clear();
        command.envs(here.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("INCUS_CONF", configuration.path()).current_dir(veza.workspace().path());
        Running::spawn(&mut command).wait(WHOLE)
    };

    let trial = Trial::begin(&veza);
    let mut running = veza.spawn(&rollout);
    assert!(running.begins(&first, ("swap", "move-in"), APART));
    running.kill();
    let killed = Instant::now();
    let refused = elsewhere();
    assert_ends(&refused, 3);
    assert!(refused.stderr.contains("rollout"), "{}", refused.stderr);
    let outcome = loop {
        let outcome = elsewhere();
        if outcome.code != Some(3) || killed.elapsed() > seconds(120) {
            break outcome;
        }
        sleep(seconds(1));
    };
    assert_ends(&outcome, 0);
    assert!(killed.elapsed() > seconds(30), "the lock of another machine's process was taken at once");
    trial.end(&veza, &new, true);
}

/// How often each of the three is killed at moments that nobody chose: once where every change is tested, and many times
/// where `tests/run --soak` looks for what happens now and then.
fn rounds() -> usize {
    if std::env::var_os("VEZAIMG_SOAK").is_some() { 8 } else { 1 }
}

/// Numbers that differ in every process and are told, so that a run can be thought through again.
fn moments(count: usize) -> Vec<Duration> {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    let mut state = u64::from(seed) | 1;
    let mut next = || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Duration::from_millis(300 + state % 9_000)
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn killed_at_whatever_moment_all_of_them_go_on() {
    let veza = quick("chaos", "10s").start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|release| Recipe::good(release).imported());
    let broken = Recipe::never_healthy().imported();
    let arguments = |image| ["rollout", image, "--fleet", "fleet.toml", "--json"];
    let rollback = ["rollback", "--fleet", "fleet.toml", "--json"];
    for round in 0..rounds() {
        for (arguments, code, fingerprint, has_prev) in
            [(&arguments(&new)[..], 0, &new, true), (&rollback, 0, &old, false), (&arguments(&broken), 4, &old, false)]
        {
            let trial = Trial::begin(&veza);
            let moments = moments(4);
            let mut story = format!("round {round}, {arguments:?}, killed after {moments:?}\n");
            let mut ended = None;
            for moment in moments {
                let mut running = veza.spawn(arguments);
                sleep(moment);
                if running.is_over() {
                    ended = Some(running.wait(WHOLE));
                    break;
                }
                story += &running.kill();
            }
            let outcome = ended.unwrap_or_else(|| veza.spawn(arguments).wait(WHOLE));
            assert_eq!(outcome.code, Some(code), "{story}{}{}", outcome.stdout, outcome.stderr);
            trial.end(&veza, fingerprint, has_prev);
        }
    }
}
