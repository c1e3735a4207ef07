//! A release that is broken is taken back: the one before serves again, HAProxy is as it was found, and nothing is lost.

use std::thread::sleep;
use std::time::{Duration, Instant};

use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};

use super::found::{Found, told};
use crate::support::load::{Kind, Load, Report, Shape};
use crate::support::veza::{Config, INSTANCES, Member, Recipe, Veza};
use crate::support::workspace::Outcome;
use crate::support::{Lab, seconds};

/// Short of what a good release takes on a busy machine, and long enough to see that a broken one is none.
const IMPATIENT: &str =
    "drain-timeout = \"10s\"\nwebsocket-timeout = \"1s\"\nhealthy-for = \"2s\"\nhealthy-timeout = \"15s\"\n";
/// From the failure on.
const MINUTE: Duration = seconds(60);

/// What a rollout left, when it gave up, and what the load has seen meanwhile.
struct Failed {
    outcome: Outcome,
    /// By the load's clock.
    gave_up: Duration,
    restored_within: Duration,
    load: Report,
}

/// Rolls a broken release onto a fleet under load, and waits until the container from before has its full share again.
fn roll(veza: &Veza, image: &str, fleet: &str) -> Failed {
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    sleep(seconds(1));
    let running = veza.spawn(&["rollout", image, "--fleet", fleet]);
    running.wait_for_stderr("; restoring", seconds(180));
    let (gave_up, began) = (load.elapsed(), Instant::now());
    let outcome = running.wait(MINUTE);
    let restored_within = began.elapsed();
    sleep(seconds(1));
    Failed { outcome, gave_up, restored_within, load: load.stop() }
}

/// What is in the env file and in the logs, which a swap there and back must not touch.
struct Kept {
    audit: Vec<u8>,
    own: Vec<u8>,
}

impl Kept {
    fn of(member: &Member) -> Self {
        let pull = |name: &str| member.instance().pull(&format!("/var/log/veza/{name}"));
        Self { audit: pull("audit.log"), own: pull("veza-api.log") }
    }

    /// The service has gone on with its own log since.
    fn assert_whole(&self, member: &Member) {
        let now = Self::of(member);
        assert!(now.audit == self.audit, "`audit.log` of `{}` is another", member.name());
        assert!(now.own.starts_with(&self.own), "`veza-api.log` of `{}` lost lines", member.name());
        let stat = member.instance().exec(&["stat", "--format=%a %u %g", "/var/log/veza", "/var/log/veza/audit.log"]);
        assert_eq!(stat, "750 1001 1001\n640 1001 1001\n");
    }
}

fn write_logs(member: &Member) {
    let script = "head -c 3000000 /dev/urandom >/var/log/veza/audit.log
        chown 1001:1001 /var/log/veza/audit.log; chmod 640 /var/log/veza/audit.log";
    member.instance().exec(&["sh", "-c", script]);
}

/// Everything that has to be as it was, and the broken container beside it.
fn assert_restored(veza: &Veza, before: &Found, kept: &Kept, image: &str, failed: &Failed) {
    let [first, second] = veza.members() else { panic!("two members") };
    assert_eq!(failed.outcome.code, Some(4), "{}", failed.outcome.stderr);
    assert!(failed.restored_within < MINUTE, "{:?}", failed.restored_within);
    assert_eq!(veza.versions(), ["1.0.0", "1.0.0"]);
    veza.assert_env();
    kept.assert_whole(first);
    let after = Found::of(veza);
    assert_eq!(after.servers, before.servers);
    assert_eq!(after.drain_map, "");
    assert_eq!(after.instances[second.name()], before.instances[second.name()]);

    let next = format!("{}-next", first.name());
    assert_eq!(veza.names(INSTANCES), [first.name(), &next, second.name()]);
    let next = Lab::shared().query(&format!("{INSTANCES}/{next}"));
    assert_eq!((&next["status"], &next["config"]["volatile.base_image"]), (&"Stopped".into(), &image.into()));
    assert_eq!(next["config"]["boot.autostart"], "false");
}

/// A release, and what a rollout of it says after the steps until the start.
struct Case {
    image: String,
    release: &'static str,
    said: Inline,
}

#[test]
fn a_release_that_never_serves_is_taken_back_and_a_good_one_rolls_over_it() {
    let veza = Veza::new("broken").pool(IMPATIENT).start();
    let first = &veza.members()[0];
    write_logs(first);
    // Weights are somebody's decision too.
    assert_eq!(veza.haproxy().ask(&format!("set weight api_pool/{} 3", first.name())).trim(), "");
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    veza.workspace().write("good.toml", fleet.replace("\"15s\"", "\"60s\""));
    let mut kept = Kept::of(first);
    let before = Found::of(&veza);

    for case in cases() {
        let failed = roll(&veza, &case.image, "fleet.toml");
        failed.load.assert_clean();
        assert_eq!(failed.load.answers_of(case.release), 0, "{}", failed.load);
        assert_restored(&veza, &before, &kept, &case.image, &failed);
        assert_data_eq!(told(&veza, &failed.outcome.stderr), case.said.clone());
        kept = Kept::of(first);
    }

    // What the last one left is no hindrance.
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    let rolled = veza.command(&["rollout", &Recipe::good("2.0.0").imported(), "--fleet", "good.toml"]);
    assert_eq!(rolled.code, Some(0), "{}", rolled.stderr);
    load.stop().assert_clean();
    assert_eq!(veza.versions(), ["2.0.0", "2.0.0"]);
    veza.assert_env();
    kept.assert_whole(first);
    let names = veza.members().iter().flat_map(|member| [member.name().to_owned(), format!("{}-prev", member.name())]);
    assert_eq!(veza.names(INSTANCES), names.collect::<Vec<_>>());
}

fn cases() -> Vec<Case> {
    // An image that names a unit which it does not have. Properties are whatever somebody writes.
    let unitless = Recipe::without_unit().imported();
    Lab::shared().incus(&["image", "set-property", &unitless, "vezaimg.unit", "veza-backend-api.service"]);
    let case = |recipe: &Recipe, release, said: Inline| Case { image: recipe.imported(), release, said };
    vec![
        case(
            &Recipe::never_healthy(),
            "unhealthy",
            str![[r#"
api-1  staging the new container
api-1  draining
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  carrying what is kept
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  restoring
warning: `api-1`: not healthy within 15 s: `GET :8080/api/v1/health` answers 503; restoring
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  ready
api-1  settling
api-1  done
api-1  restored in [..]
error: `api-1` runs 1.0.0 again, and the rollout stopped
  cause: not healthy within 15 s: `GET :8080/api/v1/health` answers 503
  cause: ● veza-backend-api.service - Veza backend API
  cause:      Loaded: loaded (/etc/systemd/system/veza-backend-api.service; enabled; preset: enabled)
  cause:      Active: active (running) since [..] ago
...
  cause: [..] api-1 systemd[1]: Starting veza-backend-api.service - Veza backend API...
  cause: [..] api-1 systemd[1]: Started veza-backend-api.service - Veza backend API.
  cause: [..] api-1 veza-api[[..]]: veza-api unhealthy listens on 0.0.0.0:8080
  hint: `incus start api-1-next` starts the failed container, without a network

"#]],
        ),
        case(
            &Recipe::without_unit(),
            "unitless",
            str![[r#"
api-1  staging the new container
api-1  draining
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  carrying what is kept
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  restoring
warning: `api-1`: its unit is not-found; restoring
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  ready
api-1  settling
api-1  done
api-1  restored in [..]
error: `api-1` runs 1.0.0 again, and the rollout stopped
  cause: its unit is not-found
...
  hint: `incus start api-1-next` starts the failed container, without a network

"#]],
        ),
        case(
            &Recipe::on_another_port(),
            "port",
            str![[r#"
api-1  staging the new container
api-1  draining
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  carrying what is kept
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  restoring
warning: `api-1`: not healthy within 15 s: `GET :8080/api/v1/health` is not answered: Connection refused (os error 111); restoring
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  ready
api-1  settling
api-1  done
api-1  restored in [..]
error: `api-1` runs 1.0.0 again, and the rollout stopped
  cause: not healthy within 15 s: `GET :8080/api/v1/health` is not answered: Connection refused (os error 111)
  cause: ● veza-backend-api.service - Veza backend API
  cause:      Loaded: loaded (/etc/systemd/system/veza-backend-api.service; enabled; preset: enabled)
  cause:      Active: active (running) since [..] ago
...
  cause: [..] api-1 systemd[1]: Starting veza-backend-api.service - Veza backend API...
  cause: [..] api-1 systemd[1]: Started veza-backend-api.service - Veza backend API.
  cause: [..] api-1 veza-api[[..]]: veza-api port listens on 0.0.0.0:9090
  hint: `incus start api-1-next` starts the failed container, without a network

"#]],
        ),
        case(
            &Recipe::missing_a_variable(),
            "variable",
            str![[r#"
api-1  staging the new container
api-1  draining
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  carrying what is kept
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  restoring
warning: `api-1`: not healthy within 15 s: [..]; restoring
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  ready
api-1  settling
api-1  done
api-1  restored in [..]
error: `api-1` runs 1.0.0 again, and the rollout stopped
  cause: not healthy within 15 s: [..]
  cause: ● veza-backend-api.service - Veza backend API
  cause:      Loaded: loaded (/etc/systemd/system/veza-backend-api.service; enabled; preset: enabled)
...
  cause: [..] api-1 systemd[1]: Starting veza-backend-api.service - Veza backend API...
  cause: [..] api-1 systemd[1]: Started veza-backend-api.service - Veza backend API.
  cause: [..] api-1 systemd[1]: veza-backend-api.service: Main process exited, code=exited, status=1/FAILURE
  cause: [..] api-1 systemd[1]: veza-backend-api.service: Failed with result 'exit-code'.
...
  cause: [..] api-1 veza-api[[..]]: veza-api: the environment lacks `VEZA_ABSENT`
  cause: [..] api-1 veza-api[[..]]: hint: `VEZA_REQUIRE_ENV` asks for it: set it in the unit's EnvironmentFile=
...
  hint: `incus start api-1-next` starts the failed container, without a network

"#]],
        ),
    ]
}

#[test]
fn a_release_that_crashes_while_it_serves_is_taken_back() {
    let config = Config { slowstart: seconds(30), ..Config::default() };
    let veza =
        Veza::new("crashing").haproxy(config).pool("websocket-timeout = \"1s\"\nhealthy-for = \"30s\"\n").start();
    let first = &veza.members()[0];
    write_logs(first);
    let (kept, before) = (Kept::of(first), Found::of(&veza));
    let image = Recipe::crashing_after(20).imported();

    let failed = roll(&veza, &image, "fleet.toml");
    veza.wait_available();
    assert_restored(&veza, &before, &kept, &image, &failed);
    assert_data_eq!(
        told(&veza, &failed.outcome.stderr),
        str![[r#"
api-1  staging the new container
api-1  draining
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  carrying what is kept
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  ready
api-1  settling
api-1  restoring
warning: `api-1`: healthy at first, and then not: its service ended, and systemd starts it again; restoring
...
api-1  maintenance
api-1  stopping
api-1  changing places
api-1  starting
api-1  waiting until it is healthy
api-1  ready
api-1  settling
api-1  done
api-1  restored in [..]
error: `api-1` runs 1.0.0 again, and the rollout stopped
  cause: healthy at first, and then not: its service ended, and systemd starts it again
  cause: ● veza-backend-api.service - Veza backend API
  cause:      Loaded: loaded (/etc/systemd/system/veza-backend-api.service; enabled; preset: enabled)
  cause:      Active: activating (auto-restart) (Result: exit-code) since [..] ago
...
  cause: [..] api-1 systemd[1]: Starting veza-backend-api.service - Veza backend API...
  cause: [..] api-1 systemd[1]: Started veza-backend-api.service - Veza backend API.
  cause: [..] api-1 systemd[1]: veza-backend-api.service: Main process exited, code=exited, status=101/n/a
  cause: [..] api-1 systemd[1]: veza-backend-api.service: Failed with result 'exit-code'.
  cause: [..] api-1 veza-api[[..]]: veza-api crash-20 listens on 0.0.0.0:8080
  cause: [..] api-1 veza-api[[..]]: veza-api: crashing as `VEZA_CRASH_AFTER` says
  hint: `incus start api-1-next` starts the failed container, without a network

"#]]
    );

    // It served, and what was in flight on it when it crashed is all that was lost.
    assert!(failed.load.answers_of("crash-20") > 0, "{}", failed.load);
    let shape = Shape::default();
    assert!(failed.load.failed() <= (shape.gets + shape.posts) as u64, "{}", failed.load);
    for failure in &failed.load.failures {
        assert!(matches!(failure.kind, Kind::Closed | Kind::Reset | Kind::Status(502)), "{}", failed.load);
        assert!(failure.at + seconds(3) > failed.gave_up && failure.at <= failed.gave_up, "{}", failed.load);
    }
}

/// A program beside the service writes to its logs all the time, so that they cannot be copied as a whole: the service,
/// which was stopped for that, is started again.
#[test]
fn logs_that_never_rest_stop_the_swap_and_the_service_runs_again() {
    let veza = Veza::new("restless").pool(IMPATIENT).start();
    let first = &veza.members()[0];
    let before = Found::of(&veza);
    let write = "while :; do echo written; done >>/var/log/veza/restless.log";
    first.instance().exec(&["systemd-run", "--quiet", "--unit=restless", "sh", "-c", write]);
    let image = Recipe::good("2.0.0").imported();
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    let done = veza.command(&["rollout", &image, "--fleet", "fleet.toml"]);
    load.stop().assert_clean();
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    let why = format!("`/var/log/veza` of `{}` still changes after its service has stopped", first.name());
    assert!(done.stderr.contains(&why), "{}", done.stderr);
    assert_eq!(veza.versions(), ["1.0.0", "1.0.0"]);
    veza.assert_env();
    assert_eq!(Found::of(&veza).servers, before.servers);
    assert_eq!(first.instance().exec(&["sh", "-c", "ls -A / | grep vezaimg || true"]), "");

    first.instance().exec(&["systemctl", "stop", "restless"]);
    let digest = || first.instance().exec(&["sha256sum", "/var/log/veza/restless.log"]);
    let written = digest();
    let rolled = veza.command(&["rollout", &image, "--fleet", "fleet.toml"]);
    assert_eq!(rolled.code, Some(0), "{}", rolled.stderr);
    assert_eq!(digest(), written);
}

/// The container from before may be broken by now: then the newer one goes on, and the same command brings the older back
/// once that is mended.
#[test]
fn a_rollback_onto_a_broken_container_goes_on_once_it_is_mended() {
    let veza = Veza::new("mended").pool(IMPATIENT).start();
    let (lab, first) = (Lab::shared(), &veza.members()[0]);
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    veza.workspace().write("good.toml", fleet.replace("\"15s\"", "\"60s\""));
    let rolled = veza.command(&["rollout", &Recipe::good("2.0.0").imported(), "--fleet", "good.toml"]);
    assert_eq!(rolled.code, Some(0), "{}", rolled.stderr);

    let inside = format!("{}-prev/opt/veza/backend-api/veza-api", first.name());
    let [whole, broken] = ["whole", "broken"].map(|name| veza.workspace().join(name).display().to_string());
    lab.incus(&["file", "pull", &inside, &whole]);
    std::fs::write(&broken, "no program\n").unwrap();
    let push = |file: &str| lab.incus(&["file", "push", "--mode", "0755", file, &inside]);
    push(&broken);
    let before = Found::of(&veza);
    let load = Load::start(veza.haproxy().entry(), Shape::default());
    let back = veza.command(&["rollback", "--fleet", "fleet.toml"]);
    load.stop().assert_clean();
    assert_eq!(back.code, Some(4), "{}", back.stderr);
    assert_eq!(veza.versions(), ["2.0.0", "2.0.0"]);
    assert_eq!(Found::of(&veza).servers, before.servers);

    push(&whole);
    let back = veza.command(&["rollback", "--fleet", "good.toml"]);
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    assert_eq!(veza.versions(), ["1.0.0", "1.0.0"]);
    veza.assert_env();
}
