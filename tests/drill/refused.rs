//! What a drill refuses: nothing is stopped.

use rustix::process::Signal;
use snapbox::{IntoData, assert_data_eq, str};
use vezaimg::rollout::fleet::PoolName;
use vezaimg::rollout::journal::{Journal, Kind};
use vezaimg::rollout::lock::Lock;

use super::{check, drill, processes, results, through};
use crate::rollout::found::told;
use crate::support::veza::{Config, Veza};
use crate::support::{Lab, seconds};

/// Holds a drill to what it says and to its exit code.
fn refused(veza: &Veza, arguments: &[&str], code: i32, expected: impl IntoData) {
    let done = veza.command(arguments);
    assert_data_eq!(told(veza, &done.stderr), expected.into_data());
    assert_eq!((&*done.stdout, done.code), ("", Some(code)), "{}", done.stderr);
}

#[test]
fn what_makes_no_sense_or_leaves_nobody_to_serve_is_refused() {
    let veza = Veza::new("nodrill").start();
    let before = processes(&veza);
    let (entry, stem, lab) = (through(&veza), veza.stem(), Lab::shared());
    let two = veza.members()[1].name().to_owned();
    let pool = PoolName::parse(stem).unwrap();

    // The request.
    for wrong in ["https://lb.example", "lb.example:80"] {
        let done = veza.command(&drill(&veza, wrong, &[]));
        assert_eq!((&*done.stdout, done.code), ("", Some(2)), "{}", done.stderr);
        assert!(done.stderr.contains(&format!("'--through <URL>': `{wrong}` is ")), "{}", done.stderr);
    }
    for wrong in [["--websockets", "101"], ["--websocket-path", "ws"], ["--health-path", ""]] {
        assert_eq!(veza.command(&drill(&veza, &entry, &wrong)).code, Some(2), "{wrong:?}");
    }
    refused(
        &veza,
        &["drill", "--fleet", "fleet.toml", "--pool", stem],
        2,
        str![[r#"
error: nobody says where clients of the pool `api` come in
  hint: `--through http://HOST:PORT` names the balancer's address
  hint: `entry = "http://HOST:PORT"` in the fleet's `[[pool]]`, or in a layout's `[pool]`, does it for good

"#]]
        .raw(),
    );
    refused(
        &veza,
        &drill(&veza, &entry, &["--instance", &format!("{stem}-3")]),
        2,
        str![[r#"
error: the pool `api` has no instance `api-3`
  hint: did you mean `api-1`?

"#]]
        .raw(),
    );

    // Nobody would serve.
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    let alone = fleet.replace(&format!(", \"{two}\""), "") + "min-available = 0\n";
    veza.workspace().write("alone.toml", alone);
    refused(
        &veza,
        &["drill", "--fleet", "alone.toml", "--pool", stem, "--through", &entry],
        3,
        str![[r#"
error: the pool `api` has no spare: nobody would serve while `api-1` is stopped

"#]]
        .raw(),
    );
    veza.haproxy().ask(&format!("set server api_pool/{two} state drain"));
    let done = veza.command(&drill(&veza, &entry, &[]));
    let expected = "error: nothing was changed: 1 thing is in the way\n  cause: server `api_pool/api-2` of \
                    `tcp:127.0.0.1:9100` is DRAIN, and not UP with its full share\n";
    assert!(told(&veza, &done.stderr).contains(expected), "{}", done.stderr);
    assert_eq!((&*done.stdout, done.code), ("", Some(3)));
    veza.haproxy().ask(&format!("set server api_pool/{two} state ready"));

    // Somebody is at work, or has left something.
    let mut lock = Lock::take(&lab.client(), &pool, "rollout").unwrap();
    refused(
        &veza,
        &drill(&veza, &entry, &[]),
        3,
        str![[r#"
error: the pool `api` is locked by `[..]` on `[..]`, who runs `vezaimg rollout` since [..] UTC ([..] ago) and last renewed the lock [..] s ago
  hint: it is in use: process [..] of this machine lives, and renews it every 10 s
  hint: if you know that it is dead, `incus profile delete vezaimg.api` frees the pool

"#]],
    );
    let started = lab.client().now().unwrap();
    let (id, release) = ("7f3a".to_owned(), "v2".to_owned());
    lock.write(&Journal { id, kind: Kind::Rollback, image: None, release, started, instances: [].into() }).unwrap();
    lock.suspend().unwrap();
    refused(
        &veza,
        &drill(&veza, &entry, &[]),
        3,
        str![[r#"
error: pool `api`: a rollback of [..] UTC is unfinished, and a drill takes a pool on which nobody is at work
  hint: `vezaimg rollback --fleet fleet.toml --pool api` goes on with it

"#]],
    );
    lab.incus(&["profile", "delete", &format!("vezaimg.{stem}")]);
    veza.wait_available();
    assert_eq!(processes(&veza), before);
}

/// These are checks: what came of them is the result.
#[test]
fn where_clients_are_not_served_to_begin_with_nothing_is_stopped() {
    let veza = Veza::new("unserved").start();
    let (before, entry) = (processes(&veza), through(&veza));
    let json = |through: &str, more: &[&str]| {
        let done = veza.command(&[&drill(&veza, through, more)[..], &["--json"]].concat());
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        (serde_json::from_str::<serde_json::Value>(&done.stdout).unwrap(), told(&veza, &done.stderr))
    };

    // Past the balancer: it answers, and says nothing about a failover.
    let past = format!("http://{}:8080", veza.members()[1].address());
    let (report, said) = json(&past, &[]);
    let why = "  cause: baseline: 5 of 5 answered 200, the slowest in ";
    assert!(said.starts_with(&format!("error: 1 check of the drill failed\n{why}")), "{said}");
    assert!(said.ends_with("the pool's servers counted 0: does `http://10.0.0.2:8080` lead to them?\n"), "{said}");
    assert_eq!(results(&report)[1..3], [("baseline", "failed"), ("connect", "not-reached")]);

    // Nobody is there; there is nothing at the path; there are no WebSockets.
    let (report, said) = json("http://127.0.0.1:1", &[]);
    assert_eq!(report["requests"]["baseline"]["ok"], 0);
    assert!(said.contains("baseline: 0 of 5 answered 200: `GET /api/v1/health` is not answered: "), "{said}");
    let (report, _) = json(&entry, &["--health-path", "/nowhere"]);
    assert_eq!(report["requests"]["baseline"]["failures"][0], "`GET /nowhere` answers 404");
    let (report, _) = json(&entry, &["--websocket-path", "/api/v1/health"]);
    let detail = check(&report, "connect")["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, format!("`GET /api/v1/health` at `{entry}` answers 200"));
    assert_eq!(results(&report)[3], ("stop", "not-reached"));
    assert_eq!((&report["passed"], processes(&veza)), (&false.into(), before));
}

/// One server stays in slow start for a minute: a drill waits for that, until somebody has enough.
#[test]
fn a_slow_start_is_waited_for() {
    let veza = Veza::new("slowly").start();
    let (before, name) = (processes(&veza), veza.members()[1].name());
    let slow = veza.balancer(&Config { slowstart: seconds(60), ..Config::default() });
    let fleet = std::fs::read_to_string(veza.workspace().join("fleet.toml")).unwrap();
    veza.workspace().write("fleet.toml", fleet.replace(&veza.haproxy().admin().to_string(), &slow.admin().to_string()));
    slow.ask(&format!("set server api_pool/{name} state maint"));
    slow.ask(&format!("set server api_pool/{name} state ready"));

    let entry = format!("http://{}", slow.entry());
    let running = veza.spawn(&drill(&veza, &entry, &[]));
    running.wait_for_stderr("ready      waiting until every server has its full share\n", seconds(30));
    std::thread::sleep(seconds(1));
    running.signal(Signal::INT);
    let done = running.wait(seconds(30));
    let said = done.stderr.lines().last().unwrap_or_default();
    assert_eq!((said, &*done.stdout, done.code), ("error: interrupted; nothing was stopped", "", Some(5)));
    assert_eq!(processes(&veza), before);
}
