//! `vezaimg status` where little is as it should be: what cannot be read is told, and the rest is shown.

use serde_json::Value;
use vezaimg::rollout::journal::{Course, Journal, Kind};
use vezaimg::rollout::lock::Lock;

use super::ground::{FLEET, Still, cells, pool};
use crate::support::Balancer;

/// What every run here says, since nobody listens at the fleet's socket.
const AWAY: &str = "`tcp:127.0.0.1:1`, asked `show info;show cli level`: ";

fn journal(image: &str) -> Journal {
    Journal {
        id: "op-1".to_owned(),
        kind: Kind::Rollout,
        image: Some(image.to_owned()),
        release: "v2".to_owned(),
        started: "2026-11-22T07:51:00Z".parse().unwrap(),
        instances: [
            ("api-1".to_owned(), Course::Back("never healthy".to_owned())),
            ("api-2".to_owned(), Course::Waiting),
        ]
        .into(),
    }
}

#[test]
fn a_fleet_that_is_half_there_is_shown_with_what_is_left() {
    let still = Still::new();
    let (old, new) = (still.image("v1"), still.image("v2"));
    still.container("api-1", &new, "");
    still.container("api-1-prev", &old, "api-1");
    still.container("api-1-prev-2", &old, "api-1");
    still.container("api-1-next", &new, "api-1");
    still.container("api-2-prev", &old, "");

    let status = still.run(&["status", "--fleet", "fleet.toml"]);
    let titles = "POOL INSTANCE RELEASE IMAGE SINCE STATE HAPROXY HEALTH PREV NEXT";
    let one = [
        ["api", "api-1", "v2", &new[..12], "WHEN", "stopped"].map(str::to_owned).to_vec(),
        ["unknown", "not asked: stopped", "v1 +1"].map(str::to_owned).to_vec(),
    ];
    let two = ["api", "api-2", "-", "-", "-", "missing", "unknown", "not asked: missing", "foreign"];
    let mut seen = cells(&status.stdout);
    let left = seen[1].pop().unwrap();
    assert!(left.starts_with("v2 left over, made ") && left.ends_with(" ago"), "{left}");
    let expected = [titles.split(' ').map(str::to_owned).collect(), one.concat(), two.map(str::to_owned).to_vec()];
    assert_eq!(seen, expected);
    let stderr = format!("error: 1 part of the fleet could not be read\n  cause: {AWAY}");
    assert!(status.stderr.starts_with(&stderr), "{}", status.stderr);
    assert_eq!(status.code, Some(1));
}

#[test]
fn a_socket_that_shows_nothing_hides_no_other() {
    let still = Still::new();
    still.container("api-1", &still.image("v1"), "");
    let sockets = "  stats socket {dir}/user.sock mode 600 level user\n  stats socket {dir}/operator.sock mode 600 level operator\n";
    let servers = "  server api-1 127.0.0.1:9 disabled\n  server old 127.0.0.1:9 disabled\n";
    let times = "  timeout connect 1s\n  timeout server 1s\n";
    let haproxy = Balancer::start(&format!("{sockets}backend api_pool\n{times}{servers}"));
    let sockets = ["user.sock", "operator.sock"].map(|name| format!("unix:{}", haproxy.path(name).display()));
    still
        .workspace
        .write("fleet.toml", FLEET.replace("\"tcp:127.0.0.1:1\"", &format!("{sockets:?}").replace(['[', ']'], "")));

    let status = still.run(&["status", "--fleet", "fleet.toml"]);
    let [user, operator] = &sockets;
    let seen = cells(&status.stdout);
    assert_eq!(seen[1][6], format!("{user} unknown, {operator} MAINT"));
    assert_eq!(seen[2][6], format!("{user} unknown, {operator} no server"));
    let stderr = format!(
        "note: `{operator}` lets us in at level operator: enough to look, too little for a rollout\n\
         note: server `api_pool/old` of `{operator}` at 127.0.0.1:9 is no instance of pool `api`\n\
         error: 1 part of the fleet could not be read\n  \
         cause: `{user}` lets us in at level user, and what its servers do takes level operator\n  \
         hint: in the section `global` of haproxy.cfg, give the socket `level admin`, as in `stats socket \
         /run/haproxy/admin.sock mode 660 level admin`\n"
    );
    assert_eq!((status.stderr, status.code), (stderr, Some(1)));
}

#[test]
fn who_works_on_a_pool_and_what_nobody_finished_are_told() {
    let still = Still::new();
    let image = still.image("v2");
    still.container("api-1", &image, "");
    let status = || still.run(&["status", "--fleet", "fleet.toml"]);
    let below = |stdout: &str| stdout.lines().skip(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(below(&status().stdout), [""; 0]);

    let client = still.client();
    let mut lock = Lock::take(&client, &pool(), "rollout").unwrap();
    lock.write(&journal(&image)).unwrap();
    let held = below(&status().stdout);
    assert_eq!(held.len(), 2, "{held:?}");
    let pid = format!("(process {}), who runs `vezaimg rollout` since ", std::process::id());
    assert!(held[0].starts_with("pool `api` is locked by `") && held[0].contains(&pid), "{held:?}");
    let course = "is going on: `api-1` on its way back, since never healthy, `api-2` waiting";
    assert!(held[1].starts_with("pool `api`: a rollout to v2, begun 2026-11-22 07:51 UTC ("), "{held:?}");
    assert!(held[1].ends_with(course), "{held:?}");

    lock.suspend().unwrap();
    let left = below(&status().stdout);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].contains("), is unfinished, and nobody goes on with it: `api-1` on its way back"), "{left:?}");
    let command = format!("vezaimg rollout {} --fleet fleet.toml --pool api", &image[..12]);
    assert_eq!(left[1], format!("pool `api`: `{command}` goes on with it, from any machine"));

    let json = still.run(&["status", "--fleet", "fleet.toml", "--json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let work = &json["pools"][0]["work"];
    assert_eq!((&work["is_held"], &work["holder"]), (&Value::Bool(false), &Value::Null));
    assert_eq!(work["goes_on"], *command);
    assert_eq!(work["operation"]["instances"]["api-2"], "waiting");
}

#[test]
fn a_lock_that_cannot_be_read_hides_nothing_else() {
    let still = Still::new();
    still.container("api-1", &still.image("v1"), "");
    still.lab.incus(&["profile", "create", "vezaimg.api"]);
    still.lab.incus(&["profile", "set", "vezaimg.api", "user.vezaimg.journal", "{\"version\":9}"]);

    let status = still.run(&["status", "--fleet", "fleet.toml", "--json"]);
    let json: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(json["pools"][0]["instances"][0]["runs"]["release"], "v1");
    assert_eq!((&json["pools"][0]["work"], json["unread"].as_array().unwrap().len()), (&Value::Null, 2));
    let lock = "cause: `user.vezaimg.journal` in the profile `vezaimg.api`, the lock of the pool `api`, cannot be read: it \
                is of the format 9, and this vezaimg knows the format 1\n";
    assert!(status.stderr.starts_with("error: 2 parts of the fleet could not be read\n"), "{}", status.stderr);
    assert!(status.stderr.contains(AWAY) && status.stderr.contains(lock), "{}", status.stderr);
    assert_eq!(status.code, Some(1));
}

#[test]
fn an_unknown_pool_is_a_usage_error() {
    let still = Still::new();
    for command in ["status", "prune"] {
        let outcome = still.run(&[command, "--fleet", "fleet.toml", "--pool", "apo"]);
        let stderr =
            "error: `fleet.toml` has no pool `apo`\n  hint: did you mean `api`?\n  hint: its pools are `api`\n";
        assert_eq!((&*outcome.stdout, &*outcome.stderr, outcome.code), ("", stderr, Some(2)));
    }
}
