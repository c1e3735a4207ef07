//! A lock that is lost while it is held, and one that is not.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::json;
use vezaimg::error::Class;
use vezaimg::rollout::lock::Lock;

use super::{HOLDER, JOURNAL, Place, journal};
use crate::support::{Lab, seconds, wait_for};

/// Everything that a holder may want says that the lock is lost; what stands in its place is not touched.
fn assert_lost(place: &Place, mut lock: Lock, told: &str) {
    let found = place.found();
    let hint = "nothing more was changed; `vezaimg status` shows how the pool stands";
    let told = format!("{told}\nhint: {hint}");
    let error = lock.check().unwrap_err();
    assert_eq!((error.class(), error.to_string()), (Class::Refused, told.clone()));
    assert_eq!(lock.write(&journal("late")).unwrap_err().to_string(), told);
    assert_eq!(lock.check().unwrap_err().to_string(), told, "once lost, always lost");
    assert_eq!(lock.finish().unwrap_err().to_string(), told);
    assert_eq!(place.found(), found);
}

#[test]
fn a_lock_that_was_deleted_is_lost() {
    let place = Place::new();
    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    lock.check().unwrap();
    place.client.delete_profile(&place.profile).unwrap();
    assert_lost(&place, lock, &format!("the lock of the pool `{}` was deleted while it was held", place.pool));
}

#[test]
fn a_lock_whose_holder_was_taken_out_is_lost() {
    let place = Place::new();
    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    place.put(&[(JOURNAL, journal("v1").to_json().unwrap())]);
    assert_lost(&place, lock, &format!("the lock of the pool `{}` was freed by hand while it was held", place.pool));
}

#[test]
fn a_lock_that_was_taken_over_is_lost_and_the_next_ones_journal_stays() {
    let place = Place::new();
    let mut lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    lock.write(&journal("mine")).unwrap();
    place.put(&[(HOLDER, place.elsewhere(0, 0).to_string()), (JOURNAL, journal("bob's").to_json().unwrap())]);
    let told = format!(
        "the lock of the pool `{}` was taken over by `bob` on `ops-2`, who runs `vezaimg rollback`",
        place.pool
    );
    assert_lost(&place, lock, &told);
}

#[test]
fn a_holder_that_slept_renews_a_lock_that_nobody_took_before_it_goes_on() {
    let place = Place::new();
    let lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    let mut holder = place.holder();
    holder["renewed"] = json!(place.ago(3_600));
    place.put(&[(HOLDER, holder.to_string())]);

    lock.check().unwrap();

    assert_eq!(Lock::take(&place.client, &place.pool, "rollout").unwrap_err().class(), Class::Refused);
    assert_ne!(place.holder()["renewed"], holder["renewed"]);
}

/// The lab's daemon, which can be killed and started again. However often, it ends with the lab.
struct Daemon<'a> {
    lab: &'a Lab,
    again: Option<Child>,
}

impl Daemon<'_> {
    fn kill(&mut self) {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let socket = self.lab.directory().to_str().unwrap();
        let daemon = processes.map(|process| process.path()).find(|process| {
            let command = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
            command.starts_with("/usr/libexec/incus/incusd\0") && command.contains(socket)
        });
        let daemon = daemon.expect("incusd runs");
        let pid = daemon.file_name().unwrap().to_str().unwrap();
        assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
        wait_for("incusd to end", seconds(20), || {
            let command = fs::read(daemon.join("cmdline")).unwrap_or_default();
            if command.is_empty() { Ok(()) } else { Err("it runs".to_owned()) }
        });
        if let Some(mut again) = self.again.take() {
            again.wait().unwrap();
        }
    }

    fn start(&mut self) {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.lab.init().to_string(), "--mount", "--pid"])
            .args(["/usr/libexec/incus/incusd", "--group", "root", "--logfile"])
            .arg(self.lab.directory().join("incusd.log"))
            .env("INCUS_DIR", self.lab.directory())
            .env("INCUS_SECURITY_APPARMOR", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.again = Some(command.spawn().unwrap());
    }
}

#[test]
fn a_lock_outlives_a_restart_of_incusd_and_counts_for_35_seconds_without_one() {
    let lab = Lab::start();
    let place = Place::of(&lab);
    let mut daemon = Daemon { lab: &lab, again: None };
    let mut lock = Lock::take(&place.client, &place.pool, "rollout").unwrap();
    lock.write(&journal("v1")).unwrap();
    let taken = place.holder();

    daemon.kill();
    let (checked, written) = thread::scope(|scope| {
        let written = scope.spawn(|| {
            let checked = lock.check();
            (checked, lock.write(&journal("v2")))
        });
        thread::sleep(seconds(4));
        daemon.start();
        written.join().unwrap()
    });
    checked.unwrap();
    written.unwrap();
    lock.check().unwrap();
    assert_eq!(place.holder()["token"], taken["token"]);
    assert_eq!(lock.journal(), Some(&journal("v2")));
    let other = lab.client();
    assert_eq!(Lock::take(&other, &place.pool, "rollout").unwrap_err().class(), Class::Refused);

    daemon.kill();
    lock.check().expect("nobody could have taken it yet");
    thread::sleep(seconds(30));
    let error = lock.check().unwrap_err();
    let told = format!("the lock of the pool `{}` could not be renewed for ", place.pool);
    assert!(error.class() == Class::Failed && error.message().starts_with(&told), "{error}");

    daemon.start();
    wait_for("the lock to be renewed", seconds(60), || lock.check().map_err(|error| error.to_string()));
    lock.finish().unwrap();
    assert_eq!(place.found(), None);
}
