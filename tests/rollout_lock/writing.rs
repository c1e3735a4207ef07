//! What a holder writes into its lock.

use std::thread;

use vezaimg::rollout::lock::{Lock, look};

use super::{HOLDER, JOURNAL, Place, journal};
use crate::support::{seconds, wait_for};

#[test]
fn a_lock_is_renewed_until_it_is_dropped() {
    let place = Place::new();
    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    let taken = place.holder();

    let renewed = wait_for("the lock to be renewed", seconds(15), || {
        let holder = place.holder();
        if holder["renewed"] == taken["renewed"] { Err(holder.to_string()) } else { Ok(holder) }
    });
    assert_eq!((&renewed["since"], &renewed["token"]), (&taken["since"], &taken["token"]));
    lock.check().unwrap();

    drop(lock);
    let left = place.holder();
    thread::sleep(seconds(12));
    assert_eq!(place.holder(), left);
}

#[test]
fn a_journal_is_found_as_it_was_written() {
    let place = Place::new();
    let mut lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    assert_eq!(lock.journal(), None);

    lock.write(&journal("v1")).unwrap();
    lock.write(&journal("v2")).unwrap();

    assert_eq!(lock.journal(), Some(&journal("v2")));
    let held = look(&place.client, &place.pool).unwrap().unwrap();
    assert_eq!((held.is_gone, held.journal), (false, Some(journal("v2"))));
    let told = place.found().unwrap().description;
    let words = format!("lock of the pool {}, held by ", place.pool);
    assert!(told.starts_with(&words) && told.ends_with(" for vezaimg rollout; see vezaimg status"), "{told}");
}

#[test]
fn a_suspended_operation_is_taken_up_at_once_by_anybody() {
    let place = Place::new();
    let mut lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    lock.write(&journal("v1")).unwrap();

    lock.suspend().unwrap();

    let found = place.found().unwrap();
    assert!(!found.config.contains_key(HOLDER));
    let told =
        format!("lock of the pool {}, held by nobody, with what was left unfinished; see vezaimg status", place.pool);
    assert_eq!(found.description, told);
    let held = look(&place.client, &place.pool).unwrap().unwrap();
    assert_eq!((held.holder, held.is_gone, held.journal), (None, true, Some(journal("v1"))));

    let lock = Lock::take(&place.client, &place.pool, "rollback").unwrap();
    assert_eq!(lock.journal(), Some(&journal("v1")));
    lock.finish().unwrap();
    assert_eq!(look(&place.client, &place.pool).unwrap(), None);
}

#[test]
fn nothing_is_left_of_an_operation_that_was_suspended_before_it_began() {
    let place = Place::new();
    Lock::take(&place.client, &place.pool, "rollout").unwrap().suspend().unwrap();
    assert_eq!(place.found(), None);
}

#[test]
fn renewals_and_journals_do_not_get_into_each_others_way() {
    let place = Place::new();
    let mut lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    // Longer than it takes until the first renewal, and somebody edits the profile all the while.
    let end = std::time::Instant::now() + seconds(12);
    let mut count = 0;
    while std::time::Instant::now() < end {
        count += 1;
        lock.write(&journal(&format!("v{count}"))).unwrap();
        let (mut profile, etag) = place.client.profile(&place.profile).unwrap().unwrap();
        assert_eq!(profile.config[JOURNAL], journal(&format!("v{count}")).to_json().unwrap());
        profile.config.insert("user.comment".to_owned(), format!("read {count}"));
        // The renewal may have come between, and then this is refused.
        let _ = place.client.replace_profile(&profile, &etag);
        lock.check().unwrap();
    }
    assert!(count > 20, "{count}");
    lock.finish().unwrap();
}
