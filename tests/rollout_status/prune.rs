//! `vezaimg prune`: what is old goes, and nothing else.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vezaimg::rollout::journal::{Journal, Kind};
use vezaimg::rollout::lock::{self, Lock};

use super::ground::{Still, cells, pool};
use crate::support::{seconds, wait_for};

/// Two instances on v4, with containers of v1 to v3 kept, one left over, and an image that nothing was made of.
fn fleet() -> (Still, [String; 5]) {
    let still = Still::new();
    let images = ["v0", "v1", "v2", "v3", "v4"].map(|release| {
        let image = still.image(release);
        // They are told apart by when they came, in whole seconds.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        image
    });
    let [_, v1, v2, v3, v4] = &images;
    still.container("api-1", v4, "");
    still.container("api-2", v4, "");
    still.container("api-1-prev", v3, "api-1");
    still.container("api-1-prev-3", v2, "api-1");
    still.container("api-1-prev-2", v1, "api-1");
    still.container("api-2-next", v3, "api-2");
    (still, images)
}

#[test]
fn the_newest_stay_and_the_rest_goes_with_its_images() {
    let (still, [v0, v1, v2, ..]) = fleet();
    // Somebody's own, and somebody's name for an image.
    still.container("api-2-prev-2", &v1, "");
    still.lab.incus(&["image", "alias", "create", "golden", &v0]);
    still.lab.incus(&["storage", "volume", "create", "default", "api-1-logs", "user.vezaimg.instance=api-1"]);

    let before = (still.instances(), still.images());
    let dry = still.run(&["prune", "--fleet", "fleet.toml", "--dry-run"]);
    let row = |words: [&str; 3]| words.map(str::to_owned).to_vec();
    let size = cells(&dry.stdout).pop().unwrap().pop().unwrap();
    let rows = |title: &str| {
        [
            ["title", "NAME", "RELEASE", "SIZE"].map(|word| word.replace("title", title)).to_vec(),
            row(["container", "api-1-prev-3", "v2"]),
            row(["container", "api-1-prev-2", "v1"]),
            row(["container", "api-2-next", "v3"]),
            ["image", &v2[..12], "v2", &size].map(str::to_owned).to_vec(),
        ]
    };
    let stays = [
        "note: api-2-prev-2 stays: it was not made by vezaimg\n",
        &format!("note: image v0 ({}) stays: it bears the alias `golden`\n", &v0[..12]),
        "note: volume api-1-logs of storage pool `default` stays: what it keeps of `api-1` may be the only copy, though \
         nothing mounts it\n",
    ];
    assert_eq!(cells(&dry.stdout), rows("WOULD GO"), "{}", dry.stderr);
    assert!(dry.stderr.starts_with(&stays.concat()), "{}", dry.stderr);
    assert_eq!((dry.code, (still.instances(), still.images())), (Some(0), before));

    let pruned = still.run(&["prune", "--fleet", "fleet.toml"]);
    assert_eq!(cells(&pruned.stdout), rows("GONE"), "{}", pruned.stderr);
    assert_eq!(pruned.code, Some(0), "{}", pruned.stderr);
    assert_eq!(still.instances(), ["api-1", "api-1-prev", "api-2", "api-2-prev-2"]);
    assert_eq!(still.images(), ["v0", "v1", "v3", "v4"]);
    assert_eq!(lock::look(&still.client(), &pool()).unwrap(), None);

    let again = still.run(&["prune", "--fleet", "fleet.toml"]);
    assert_eq!((&*again.stdout, again.code), ("nothing to remove\n", Some(0)));
}

#[test]
fn without_a_way_back_it_says_so_and_what_is_protected_or_all_that_is_left_stays() {
    let (still, _) = fleet();
    // As when somebody has deleted the live one by hand.
    still.lab.incus(&["delete", "api-2"]);
    still.lab.incus(&["config", "set", "api-1-prev-2", "security.protection.delete=true"]);

    let outcome = still.run(&["prune", "--fleet", "fleet.toml", "--keep", "0", "--json"]);
    let warning = "warning: `--keep 0` removes the way back: `vezaimg rollback` finds nothing then\n";
    assert_eq!((&*outcome.stderr, outcome.code), (warning, Some(0)));
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let names = |key: &str, of: &str| -> Vec<String> {
        json[key].as_array().unwrap().iter().map(|one| one[of].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("containers", "container"), ["api-1-prev", "api-1-prev-3"]);
    assert_eq!(names("images", "release"), ["v2", "v0"]);
    assert_eq!(names("stays", "what"), ["api-1-prev-2", "api-2-next"]);
    assert_eq!(still.instances(), ["api-1", "api-1-prev-2", "api-2-next"]);
    assert_eq!(still.images(), ["v1", "v3", "v4"]);
}

#[test]
fn nothing_goes_while_somebody_works_or_something_is_unfinished() {
    let still = Still::new();
    let image = still.image("v1");
    still.container("api-1", &image, "");
    still.container("api-1-next", &image, "api-1");
    let client = still.client();

    let mut lock = Lock::take(&client, &pool(), "rollout").unwrap();
    let held = "error: the pool `api` is locked by ";
    for arguments in [&["prune", "--fleet", "fleet.toml"][..], &["prune", "--fleet", "fleet.toml", "--dry-run"]] {
        let refused = still.run(arguments);
        assert!(refused.stderr.contains(held), "{}", refused.stderr);
        assert_eq!(refused.code, Some(3));
    }

    let journal = Journal {
        id: "op-1".to_owned(),
        kind: Kind::Rollback,
        image: None,
        release: String::new(),
        started: "2026-11-22T07:51:00Z".parse().unwrap(),
        instances: [].into(),
    };
    lock.write(&journal).unwrap();
    lock.suspend().unwrap();
    for arguments in [&["prune", "--fleet", "fleet.toml"][..], &["prune", "--fleet", "fleet.toml", "--dry-run"]] {
        let refused = still.run(arguments);
        let expected = "error: pool `api`: a rollback of 2026-11-22 07:51 UTC is unfinished, and may need what would be \
                        removed\n  hint: `vezaimg rollback --fleet fleet.toml --pool api` goes on with it\n";
        assert!(refused.stderr.ends_with(expected), "{}", refused.stderr);
        assert_eq!(refused.code, Some(3));
    }
    assert_eq!(still.instances(), ["api-1", "api-1-next"]);
    let found = lock::look(&client, &pool()).unwrap().unwrap();
    assert_eq!((found.holder, found.journal), (None, Some(journal)));
}

#[test]
fn an_interrupted_one_may_be_run_again() {
    let still = Still::new();
    let image = still.image("v1");
    still.container("api-1", &image, "");
    let kept: Vec<_> = (2..22).map(|number| format!("api-1-prev-{number}")).collect();
    kept.iter().for_each(|name| still.container(name, &image, "api-1"));

    let child =
        still.command(&["prune", "--fleet", "fleet.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap();
    wait_for("the first container to be gone", seconds(60), || match still.instances().len() {
        21 => Err("all are there".to_owned()),
        _ => Ok(()),
    });
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let expected = "error: interrupted; what was not removed is as it was\n  hint: the same command removes the rest\n";
    assert!(stderr.ends_with(expected), "{stderr}");
    assert_eq!(output.status.code(), Some(5));
    // What it says is gone is, and nothing else.
    let gone = String::from_utf8(output.stdout).unwrap();
    let left = still.instances();
    assert!(left.len() > 2, "it was not interrupted: {gone}");
    kept.iter().for_each(|name| assert_ne!(gone.contains(&format!(" {name} ")), left.contains(name), "{name}: {gone}"));

    let again = still.run(&["prune", "--fleet", "fleet.toml"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(still.instances(), ["api-1", "api-1-prev-21"]);
}
