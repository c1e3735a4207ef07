//! An incusd that goes away and comes back.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, sleep};
use std::time::Instant;

use vezaimg::incus::Kind;

use super::{DEADLINE, at, bootable, import, import_file, kind, name, new, small_image};
use crate::support::workspace::Workspace;
use crate::support::{Lab, seconds, wait_for};

/// The daemon of a lab, as the machine sees it.
fn incusd(lab: &Lab) -> u32 {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let daemon = processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).find(|pid: &u32| {
        let command = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        command.starts_with("/usr/libexec/incus/incusd --group") && command.contains(lab.directory().to_str().unwrap())
    });
    daemon.expect("the lab has a daemon")
}

fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// Ends the daemon at once, and waits until it is gone.
fn kill(lab: &Lab) {
    let pid = incusd(lab);
    signal(pid, "-KILL");
    wait_for("the daemon to be gone", seconds(20), || {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") { Ok(()) } else { Err(state) }
    });
}

/// Starts a daemon where the lab's first one was; it ends with the lab.
fn start(lab: &Lab) -> Child {
    let directory = lab.directory();
    Command::new("nsenter")
        .args([
            "--target",
            &lab.init().to_string(),
            "--pid",
            "--mount",
            "--",
            "/usr/libexec/incus/incusd",
            "--group",
            "root",
        ])
        .arg("--logfile")
        .arg(directory.join("incusd.log"))
        .env("INCUS_DIR", directory)
        .env("INCUS_SECURITY_APPARMOR", "false")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn what_reads_outlasts_a_restart_and_what_changes_something_is_told_as_lost() {
    let lab = Lab::start();
    let (client, web) = (at(&lab), name("web"));
    let image = import_file(&client, &bootable(&Workspace::new()), None).unwrap().fingerprint;
    client.create_instance(&new(&web, &image), DEADLINE).unwrap();
    client.start(&web).unwrap();
    let pid = client.state(&web).unwrap().pid;

    kill(&lab);
    assert_eq!(kind(client.kill(&web)), Kind::Lost);
    let begun = Instant::now();
    assert_eq!(kind(client.clone().with_patience(seconds(1)).instance(&web)), Kind::Lost);
    assert!((seconds(0)..seconds(3)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let mut daemon = thread::scope(|scope| {
        let seen = scope.spawn(|| client.state(&web));
        sleep(seconds(1));
        let daemon = start(&lab);
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
        kill(&lab);
        let _ = daemon.wait();
        daemon = start(&lab);
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
    let client = at(&lab);
    kill(&lab);
    let bytes = small_image("lost");
    let patient = client.clone().with_patience(seconds(1));
    let error = import(&patient, &bytes, None).unwrap_err();
    assert!(error.message().starts_with("Incus was lost while it was asked to show the image"), "{error}");

    let mut daemon = start(&lab);
    assert!(import(&client, &bytes, None).unwrap().uploaded);
    drop(lab);
    let _ = daemon.wait();
}
