//! An incusd that goes away and comes back.

use std::thread::{self, sleep};
use std::time::Instant;

use vezaimg::incus::Kind;

use super::{DEADLINE, bootable, import, import_file, kind, name, new, small_image};
use crate::support::workspace::Workspace;
use crate::support::{Lab, seconds, wait_for};

#[test]
fn what_reads_outlasts_a_restart_and_what_changes_something_is_told_as_lost() {
    let lab = Lab::start();
    let (client, web) = (lab.client(), name("web"));
    let image = import_file(&client, &bootable(&Workspace::new()), None).unwrap().fingerprint;
    client.create_instance(&new(&web, &image), DEADLINE).unwrap();
    client.start(&web).unwrap();
    let pid = client.state(&web).unwrap().pid;

    lab.kill_daemon();
    assert_eq!(kind(client.kill(&web)), Kind::Lost);
    let begun = Instant::now();
    assert_eq!(kind(client.clone().with_patience(seconds(1)).instance(&web)), Kind::Lost);
    assert!((seconds(0)..seconds(3)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let mut daemon = thread::scope(|scope| {
        let seen = scope.spawn(|| client.state(&web));
        sleep(seconds(1));
        let daemon = lab.start_daemon();
        // The instance has outlasted it too.
        assert_eq!(seen.join().unwrap().unwrap().pid, pid);
        daemon
    });
    assert_eq!(client.exec(&web, &["echo", "here"], DEADLINE).unwrap().stdout, b"here\n");

    // In the middle of an operation: nobody knows what came of it.
    let lost = thread::scope(|scope| {
        let waits = scope.spawn(|| client.exec(&web, &["sleep", "300"], seconds(300)));
        wait_for("the command to run", seconds(20), || {
            let seen = client.exec(&web, &["pidof", "sleep"], DEADLINE).unwrap();
            if seen.code == 0 { Ok(()) } else { Err(seen.code.to_string()) }
        });
        lab.kill_daemon();
        let _ = daemon.wait();
        daemon = lab.start_daemon();
        waits.join().unwrap()
    });
    assert_eq!(kind(lost), Kind::Lost);
    client.kill(&web).unwrap();
    drop(lab);
    let _ = daemon.wait();
}

#[test]
fn an_import_that_loses_its_daemon_is_told_and_done_when_it_is_asked_for_again() {
    let lab = Lab::start();
    let client = lab.client();
    lab.kill_daemon();
    let bytes = small_image("lost");
    let patient = client.clone().with_patience(seconds(1));
    let error = import(&patient, &bytes, None).unwrap_err();
    assert!(error.message().starts_with("Incus was lost while it was asked to show the image"), "{error}");

    let mut daemon = lab.start_daemon();
    assert!(import(&client, &bytes, None).unwrap().uploaded);
    drop(lab);
    let _ = daemon.wait();
}
