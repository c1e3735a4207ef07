//! The store: shared, interrupted, absent, full, or not to be written to.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use snapbox::{IntoData, str};

use super::Bench;
use crate::support::server::Reply;
use crate::support::workspace::outcome;
use crate::support::{seconds, wait_for};

#[test]
fn two_builds_at_once_fetch_every_package_once() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let start = |out: &str| {
        let mut command = bench.command(&["--mirror", &mirror.url, "--quiet", "--out", out]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let builds = ["one", "two"].map(start).map(|child| child.wait_with_output().unwrap());
    for built in &builds {
        assert_eq!((String::from_utf8_lossy(&built.stderr).as_ref(), built.status.code()), ("", Some(0)));
    }
    let images = builds.map(|built| bench.take_image(str::from_utf8(&built.stdout).unwrap().trim_end()));
    assert!(images[0] == images[1]);
    let mut asked = mirror.asked();
    asked.sort();
    assert_eq!(asked, ["/pool/noise_1.0_all.deb", "/pool/system_1.0_all.deb"]);
}

#[test]
fn a_build_that_was_killed_is_gone_on_with() {
    const CAME: usize = 70_000;
    let bench = Bench::sound();
    let stalled = AtomicBool::new(false);
    let mirror = bench.mirror(move |request, bytes| {
        let first = request.path.contains("noise") && !stalled.swap(true, Ordering::Relaxed);
        first.then(|| Reply::Stalled("200 OK", Vec::new(), bytes.to_vec(), CAME))
    });
    let mut build =
        bench.command(&["--mirror", &mirror.url]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let partial = || {
        let files = fs::read_dir(bench.workspace.join("store/partial")).into_iter().flatten();
        let sizes: Vec<_> = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).collect();
        if sizes == [CAME as u64] { Ok(()) } else { Err(format!("{sizes:?}")) }
    };
    wait_for("the first part of a package", seconds(60), partial);
    build.kill().unwrap();
    build.wait().unwrap();
    bench.image(&["--mirror", &mirror.url]);
    assert!(mirror.asked().contains(&format!("/pool/noise_1.0_all.deb from {CAME}")), "{:?}", mirror.asked());
}

#[test]
fn an_interrupted_build_can_be_run_again() {
    let bench = Bench::sound();
    let mirror = bench.mirror(|_, bytes| Some(Reply::Stalled("200 OK", Vec::new(), bytes.to_vec(), 500)));
    let mut command = bench.command(&["--mirror", &mirror.url]);
    let build = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("both packages to be asked for", seconds(60), || {
        if mirror.asked().len() == 2 { Ok(()) } else { Err(format!("{:?}", mirror.asked())) }
    });
    let pid = rustix::process::Pid::from_child(&build);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let interrupted = build.wait_with_output().unwrap();
    snapbox::assert_data_eq!(
        String::from_utf8(interrupted.stderr).unwrap(),
        str![[r#"
fetching 2 files, 119.2 kB
error: interrupted; what was fetched is kept, and the same command goes on from there

"#]]
        .raw()
    );
    assert_eq!((interrupted.stdout, interrupted.status.code()), (Vec::new(), Some(5)));
    assert_eq!(bench.workspace.out(), [""; 0]);
}

#[test]
fn offline_every_missing_package_is_listed() {
    let bench = Bench::sound();
    let refused = bench.build(&["--offline"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: 2 of 2 files are not in the store `store`
  cause: `noise 1.0`: `noise_1.0_all.deb`, 104.6 kB
  cause: `system 1.0`: `system_1.0_all.deb`, 14.5 kB
  hint: run it once without `--offline`, or name a store that has them: `VEZAIMG_CACHE=DIR`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
    let mirror = bench.sound_mirror();
    bench.image(&["--mirror", &mirror.url]);
    let (packages, frames) = bench.objects();
    frames.iter().chain(&packages[..1]).for_each(|object| fs::remove_file(object).unwrap());
    let refused = bench.build(&["--offline"]);
    assert!(refused.stderr.starts_with("error: one of 2 files is not in the store `store`\n"), "{}", refused.stderr);
}

/// Runs the build in a mount namespace of its own, after these commands.
fn mounted(bench: &Bench, commands: &str, arguments: &[&str]) -> crate::support::workspace::Outcome {
    let build = bench.command(arguments);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", &format!("{commands}\nexec \"$0\" \"$@\"")]).arg(build.get_program());
    command.args(build.get_args()).current_dir(bench.workspace.path());
    command.env_clear().envs(build.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outcome(&mut command)
}

#[test]
fn a_full_disk_is_told_with_what_makes_room() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let full = mounted(
        &bench,
        "mkdir store; mount -t tmpfs -o size=64k,mode=700 none store",
        &["--mirror", &mirror.url, "--quiet"],
    );
    snapbox::assert_data_eq!(
        full.stderr,
        str![[r#"
error: cannot write into the store `store`
  cause: No space left on device (os error 28)
  hint: make room: `vezaimg cache prune --all`, or name another directory: `VEZAIMG_CACHE=DIR`

"#]]
        .raw()
    );
    assert_eq!((full.stdout.as_str(), full.code), ("", Some(1)));
    assert_eq!(bench.workspace.out(), [""; 0]);
}

/// The packages fit, and the frames do not.
#[test]
fn a_disk_without_room_for_frames_costs_time_alone() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let sound = bench.image(&["--mirror", &mirror.url]);
    fs::remove_dir_all(bench.workspace.join("store")).unwrap();
    let script = "mkdir store; mount -t tmpfs -o size=160k,mode=700 none store";
    let built = mounted(&bench, script, &["--mirror", &mirror.url, "--quiet", "--out", "tight"]);
    snapbox::assert_data_eq!(
        built.stderr,
        str![[r#"
warning: the next build compresses the base again: cannot write into the store `store`: No space left on device (os error 28)

"#]]
        .raw()
    );
    assert_eq!(built.code, Some(0));
    assert!(bench.take_image(built.stdout.trim_end()) == sound);
}

const READ_ONLY: &str = "mount --bind store store; mount -o remount,bind,ro store";

#[test]
fn a_read_only_store_serves_what_it_holds() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let sound = bench.image(&["--mirror", &mirror.url]);
    let warm = mounted(&bench, READ_ONLY, &["--offline", "--quiet", "--out", "warm"]);
    assert_eq!((warm.stderr.as_str(), warm.code), ("", Some(0)));
    assert!(bench.take_image(warm.stdout.trim_end()) == sound);
    fs::remove_dir_all(bench.workspace.join("store/records")).unwrap();
    let cold = mounted(&bench, READ_ONLY, &["--offline", "--quiet", "--out", "cold"]);
    snapbox::assert_data_eq!(
        cold.stderr,
        str![[r#"
warning: the next build compresses the base again: cannot write into the store `store`: Read-only file system (os error 30)

"#]]
        .raw()
    );
    assert!(bench.take_image(cold.stdout.trim_end()) == sound);
}

#[test]
fn a_read_only_store_that_lacks_a_package_is_told() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let refused = mounted(&bench, &format!("mkdir store; {READ_ONLY}"), &["--mirror", &mirror.url, "--quiet"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: cannot write into the store `store`
  cause: Read-only file system (os error 30)
  hint: name a directory that you can write to: `VEZAIMG_CACHE=DIR`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
}

/// Where the store is: the first of three variables that is set.
#[test]
fn the_store_is_where_the_environment_says() {
    let bench = Bench::sound();
    let mirror = bench.sound_mirror();
    let path = |name: &str| bench.workspace.join(name);
    let absolute = |name: &str| path(name).into_os_string();
    let cases = [
        (vec![("VEZAIMG_CACHE", "own".into()), ("XDG_CACHE_HOME", absolute("xdg")), ("HOME", absolute("home"))], "own"),
        (vec![("XDG_CACHE_HOME", absolute("xdg")), ("HOME", absolute("home"))], "xdg/vezaimg"),
        // "All paths set in these environment variables must be absolute. … consider the path invalid and ignore it."
        (
            vec![("VEZAIMG_CACHE", "".into()), ("XDG_CACHE_HOME", "xdg".into()), ("HOME", absolute("home"))],
            "home/.cache/vezaimg",
        ),
    ];
    for (variables, place) in cases {
        let mut command = bench.command(&["--mirror", &mirror.url, "--quiet"]);
        command.env_remove("VEZAIMG_CACHE").envs(variables);
        let built = outcome(&mut command);
        assert_eq!((built.stderr.as_str(), built.code), ("", Some(0)), "{place}");
        assert!(path(place).join("objects").is_dir(), "{place}");
        ["own", "xdg", "home", "out"].iter().for_each(|name| drop(fs::remove_dir_all(path(name))));
    }
    let refused = outcome(bench.command(&["--mirror", &mirror.url]).env_remove("VEZAIMG_CACHE"));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: there is no place for the store: neither VEZAIMG_CACHE, XDG_CACHE_HOME nor HOME is set
  hint: name a directory that outlives this run: `VEZAIMG_CACHE=DIR`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}
