//! Who gets the lock.

use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use snapbox::{assert_data_eq, str};
use vezaimg::Result;
use vezaimg::error::Class;
use vezaimg::incus::Client;
use vezaimg::rollout::lock::{Lock, look};

use super::{HOLDER, JOURNAL, Place, journal};
use crate::support::Lab;

/// Two operators at once.
fn race(place: &Place) -> (Lock, vezaimg::Error) {
    let barrier = Barrier::new(2);
    let take = || {
        let client = Lab::shared().client();
        barrier.wait();
        Lock::take(&client, &place.pool, "rollout")
    };
    let (one, other): (Result<Lock>, Result<Lock>) = thread::scope(|scope| {
        let other = scope.spawn(take);
        (take(), other.join().unwrap())
    });
    match (one, other) {
        (Ok(lock), Err(error)) | (Err(error), Ok(lock)) => (lock, error),
        (one, other) => panic!("{one:?}\n{other:?}"),
    }
}

#[test]
fn of_two_at_once_one_gets_it_and_the_other_all_there_is_to_say() {
    let place = Place::new();
    for _ in 0..10 {
        let (lock, error) = race(&place);

        assert_eq!(error.class(), Class::Refused);
        assert_data_eq!(
            error.to_string(),
            str![[r#"
the pool `pool-[..]` is locked by `[..]` on `[..]`, who runs `vezaimg rollout` since [..]:[..]:[..] UTC ([..] s ago) and last renewed the lock [..] s ago
hint: it is in use: process [..] of this machine lives, and renews it every 10 s
hint: if you know that it is dead, `incus profile delete vezaimg.pool-[..]` frees the pool
"#]]
        );
        lock.check().unwrap();
        lock.finish().unwrap();
        assert_eq!(place.found(), None);
    }
}

#[test]
fn of_two_that_take_over_at_once_one_gets_it() {
    let place = Place::new();
    for round in 0..10 {
        place.put(&[
            (HOLDER, place.elsewhere(300, 46).to_string()),
            (JOURNAL, journal(&format!("v{round}")).to_json().unwrap()),
        ]);

        let (lock, error) = race(&place);

        assert_eq!(error.class(), Class::Refused, "{error}");
        assert_eq!(lock.journal(), Some(&journal(&format!("v{round}"))));
        lock.check().unwrap();
        lock.finish().unwrap();
    }
}

#[test]
fn a_living_holder_of_another_machine_keeps_it_with_its_journal() {
    let place = Place::new();
    let held = [(HOLDER, place.elsewhere(7_500, 40).to_string()), (JOURNAL, journal("v1").to_json().unwrap())];
    place.put(&held);

    let error = Lock::take(&place.client, &place.pool, "rollout").unwrap_err();

    assert_eq!(error.class(), Class::Refused);
    assert_data_eq!(
        error.to_string(),
        str![[r#"
the pool `pool-[..]` is locked by `bob` on `ops-2`, who runs `vezaimg rollback` since [..]:[..]:[..] UTC (2 h 05 min ago) and last renewed the lock 4[..] s ago
hint: process 4711 of `ops-2` renews it every 10 s; if that process is dead, the lock expires at [..]:[..]:[..] UTC, in [..] s
hint: if you know that it is dead, `incus profile unset vezaimg.pool-[..] user.vezaimg.holder` frees the pool
"#]]
    );
    let found = place.found().unwrap();
    assert!(held.iter().all(|(key, value)| found.config[*key] == *value), "{found:?}");
}

#[test]
fn the_command_of_the_hint_frees_the_pool_and_keeps_the_journal() {
    let place = Place::new();
    place.put(&[(HOLDER, place.elsewhere(60, 0).to_string()), (JOURNAL, journal("v1").to_json().unwrap())]);
    let error = Lock::take(&place.client, &place.pool, "rollout").unwrap_err();

    let command = error.hints()[1].split('`').nth(1).unwrap();
    let words: Vec<_> = command.split(' ').skip(1).collect();
    Lab::shared().incus(&words);

    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    assert_eq!(lock.journal(), Some(&journal("v1")));
}

#[test]
fn a_holder_that_did_not_renew_it_loses_it() {
    let place = Place::new();
    place.put(&[(HOLDER, place.elsewhere(300, 46).to_string()), ("user.comment", "mine".to_owned())]);
    assert!(look(&place.client, &place.pool).unwrap().unwrap().is_gone);

    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();

    assert_eq!(lock.journal(), None);
    let found = place.found().unwrap();
    assert_eq!(found.config["user.comment"], "mine");
    assert_eq!(place.holder()["verb"], "rollout");
    let held = look(&place.client, &place.pool).unwrap().unwrap();
    assert_eq!((held.is_gone, held.holder.unwrap().pid()), (false, std::process::id()));
}

#[test]
fn a_killed_process_of_this_machine_loses_it_at_once_and_a_living_one_does_not() {
    let place = Place::new();
    let mut child = Command::new("sleep").arg("300").stdin(Stdio::null()).spawn().unwrap();
    place.put(&[(HOLDER, place.here(child.id()).to_string()), (JOURNAL, journal("v1").to_json().unwrap())]);

    let refused = Lock::take(&place.client, &place.pool, "rollout");
    let was_gone = look(&place.client, &place.pool).unwrap().unwrap().is_gone;
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(refused.unwrap_err().class(), Class::Refused);
    assert!(!was_gone);
    let held = look(&place.client, &place.pool).unwrap().unwrap();
    assert!(held.is_gone);
    assert_eq!(held.holder.unwrap().pid(), child.id());
    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    assert_eq!(lock.journal(), Some(&journal("v1")));
}

#[test]
fn pools_of_projects_that_share_their_profiles_are_told_apart() {
    let place = Place::new();
    let project = Lab::shared().unique("shop;");
    Lab::shared().incus(&["project", "create", &project, "--config", "features.profiles=false"]);
    let shop = Client::at(&Lab::shared().directory().join("unix.socket"), Some(&project)).unwrap();

    let here = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    let there = Lock::take(&shop, &place.pool, "rollout").unwrap();
    let error = Lock::take(&shop, &place.pool, "rollout").unwrap_err();

    here.check().unwrap();
    there.check().unwrap();
    let profile = format!("vezaimg.{project}.{}", place.pool);
    let hint =
        format!("if you know that it is dead, `incus profile delete '{profile}' --project '{project}'` frees the pool");
    assert_eq!(error.hints()[1], hint);
    assert!(place.client.profile(&profile).unwrap().is_some(), "the projects share their profiles");
    there.finish().unwrap();
    Lab::shared().incus(&["project", "delete", &project]);
}

#[test]
fn what_is_no_lock_is_neither_taken_nor_overwritten() {
    let place = Place::new();
    let cases = [
        (
            vec![("user.comment", "mine".to_owned())],
            str![[r#"
the profile `vezaimg.pool-[..]` stands where the lock of the pool `pool-[..]` belongs, and is none
hint: `incus profile delete vezaimg.pool-[..]` makes room for the lock, if nobody needs that profile
"#]],
        ),
        (
            vec![(HOLDER, "{\"version\":1,\"user\":\"\u{1b}[2J\"}".to_owned())],
            str![[r#"
`user.vezaimg.holder` in the profile `vezaimg.pool-[..]`, the lock of the pool `pool-[..]`, cannot be read
cause: it makes no sense at column [..]
hint: if nobody works on the pool, `incus profile unset vezaimg.pool-[..] user.vezaimg.holder` frees it
"#]],
        ),
        (
            vec![(JOURNAL, r#"{"version":2}"#.to_owned())],
            str![[r#"
`user.vezaimg.journal` in the profile `vezaimg.pool-[..]`, the lock of the pool `pool-[..]`, cannot be read
cause: it is of the format 2, and this vezaimg knows the format 1
hint: the vezaimg that wrote it can go on with the operation
hint: if the pool was put in order by hand, `incus profile delete vezaimg.pool-[..]` removes the lock and what it had set out to do
"#]],
        ),
    ];
    for (config, told) in cases {
        place.put(&config);
        let before = place.found();

        let taken = Lock::take(&place.client, &place.pool, "rollout").unwrap_err();
        let looked = look(&place.client, &place.pool).unwrap_err();

        assert_eq!(taken.class(), Class::Refused);
        assert_data_eq!(taken.to_string(), told);
        assert_eq!(looked.to_string(), taken.to_string());
        assert_eq!(place.found(), before);
    }
}
