//! An `out/` that cannot take the image, and what is left behind when a build ends early: nothing.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use snapbox::{IntoData, str};

use crate::support::workspace::{Workspace, outcome, small_base};

#[test]
fn an_out_that_is_a_file_is_refused() {
    let workspace = Workspace::new();
    workspace.write("out", "");
    let outcome = workspace.build(&[]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: cannot write into `out`
  cause: not a directory
  hint: name a directory that you can write to with `--out`

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn an_out_that_may_not_be_written_to_is_refused() {
    let workspace = Workspace::new();
    let outcome = workspace.build(&["--out", "/proc/self"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: cannot write into `/proc/self`
  cause: Operation not permitted (os error 1)
  hint: name a directory that you can write to with `--out`

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
}

/// A file system of its own, too small for the image.
#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.join("out")).unwrap();
    // Noise, so that compressing does not make it fit.
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..4 << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    let mut base = tar::Builder::new(fs::File::create(workspace.join("base.tar")).unwrap());
    let mut small = tar::Archive::new(std::io::Cursor::new(small_base()));
    for entry in small.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        base.append(&header, &mut entry).unwrap();
    }
    let mut header = tar::Header::new_ustar();
    header.set_size(noise.len() as u64);
    header.set_mode(0o644);
    base.append_data(&mut header, "usr/noise", noise.as_slice()).unwrap();
    base.finish().unwrap();
    let script = "mount -t tmpfs -o size=2m none out && \"$0\" \"$@\"; code=$?; ls -A out; exit $code";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_vezaimg")]);
    command.args(["build", "--layout", "layout.toml", "--binary", "app", "--base", "base.tar"]);
    let outcome = outcome(command.current_dir(workspace.path()));
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
reading the base `base.tar`
error: cannot write the image into `out`
  cause: No space left on device (os error 28)
  hint: make room, or name another directory with `--out`; nothing was left behind

"#]]
        .raw()
    );
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(2)));
}

#[test]
fn another_image_of_the_same_name_is_never_overwritten() {
    let workspace = Workspace::new();
    assert_eq!(workspace.build(&["--release", "v1"]).code, Some(0));
    let image = workspace.join("out/small-v1-x86_64.incus.tar.zst");
    let first = fs::read(&image).unwrap();
    let names = workspace.out();
    let outcome = workspace.build(&["--release", "v1", "--set", "port=9090"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
reading the base `base.tar`
packing the image
error: `out/small-v1-x86_64.incus.tar.zst` is there already, with other bytes
  hint: name this build with `--release`, or move the old one away

"#]]
        .raw()
    );
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(3)));
    assert_eq!((fs::read(&image).unwrap(), workspace.out()), (first, names));
}

/// A kill between the names of two files leaves some of them, whole, and no image.
#[test]
fn what_a_killed_build_left_beside_no_image_is_replaced() {
    let workspace = Workspace::new();
    workspace.write("out/small-v1-x86_64.sha256", "0  small-v1-x86_64.incus.tar.zst\n");
    workspace.write("out/small-v1-x86_64.manifest.json", "{}\n");
    workspace.write("out/small-v1-x86_64.sig", "of another build\n");
    let built = workspace.build(&["--release", "v1"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let mut sha256sum = Command::new("sha256sum");
    let checked = outcome(sha256sum.args(["-c", "small-v1-x86_64.sha256"]).current_dir(workspace.join("out")));
    let endings = ["incus.tar.zst", "manifest.json", "spdx.json", "provenance.json"];
    let told: String = endings.map(|ending| format!("small-v1-x86_64.{ending}: OK\n")).concat();
    assert_eq!((checked.stdout, checked.code), (told, Some(0)));
    let signature = workspace.out().into_iter().find(|name| name.ends_with(".sig"));
    assert_eq!(signature, None, "nobody signed this build");
}

#[test]
fn another_format_of_a_release_that_is_there_is_refused() {
    let workspace = Workspace::new();
    assert_eq!(workspace.build(&["--release", "v1"]).code, Some(0));
    let names = workspace.out();
    let outcome = workspace.build(&["--release", "v1", "--format", "split"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
reading the base `base.tar`
packing the image
error: `out/small-v1-x86_64.manifest.json` is there already, with other bytes
  hint: name this build with `--release`, or move the old one away

"#]]
        .raw()
    );
    assert_eq!((outcome.code, workspace.out()), (Some(3), names));
}

/// Whoever comes first, all files are of one build.
#[test]
fn two_builds_at_once_leave_one_whole_release() {
    let workspace = Workspace::new();
    let start = |port: &str| {
        let mut command = workspace.command();
        command.args(["build", "--layout", "layout.toml", "--binary", "app", "--base", "base.tar", "--release", "v1"]);
        command.args(["--set", port]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let ports: Vec<_> = (0..8).map(|n| format!("port={}", 8000 + n % 2)).collect();
    let builds: Vec<_> = ports.iter().map(|port| start(port)).collect();
    let codes: Vec<_> = builds.into_iter().map(|mut build| build.wait().unwrap().code().unwrap()).collect();
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 3].contains(code)), "{codes:?}");
    let mut sha256sum = Command::new("sha256sum");
    let checked = outcome(sha256sum.args(["-c", "small-v1-x86_64.sha256"]).current_dir(workspace.join("out")));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    let names = ["incus.tar.zst", "manifest.json", "provenance.json", "sha256", "spdx.json"]
        .map(|ending| format!("small-v1-x86_64.{ending}"));
    assert_eq!(workspace.out(), names);
}

#[test]
fn the_same_build_again_is_no_error() {
    let workspace = Workspace::new();
    let first = workspace.build(&["--json"]);
    let again = workspace.build(&["--json"]);
    assert_eq!((first.stdout, first.code), (again.stdout, again.code));
}

/// A build that is busy for minutes with one large file, stopped by a signal once it has opened `out/`.
fn stopped_by(signal: &str) -> (Workspace, std::process::Output) {
    let workspace = Workspace::new();
    let unpack = "mkdir tree; tar -C tree --numeric-owner -xpf base.tar; truncate -s 60G tree/usr/large";
    assert!(Command::new("sh").args(["-euc", unpack]).current_dir(workspace.path()).status().unwrap().success());
    let mut command = workspace.command();
    command.args(["build", "--layout", "layout.toml", "--binary", "app", "--base", "tree"]);
    let build = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !workspace.join("out").exists() {
        assert!(Instant::now() < deadline, "the build never opened out/");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Into the middle of the large file, whatever the machine's speed: any moment will do.
    std::thread::sleep(Duration::from_millis(200));
    assert!(Command::new("kill").args([signal, &build.id().to_string()]).status().unwrap().success());
    (workspace, build.wait_with_output().unwrap())
}

#[test]
fn a_killed_build_leaves_nothing() {
    let (workspace, output) = stopped_by("-KILL");
    assert_eq!(output.status.signal(), Some(9));
    assert_eq!(workspace.out(), [""; 0]);
}

#[test]
fn an_interrupted_build_says_so_and_leaves_nothing() {
    for signal in ["-INT", "-TERM"] {
        let (workspace, output) = stopped_by(signal);
        snapbox::assert_data_eq!(
            String::from_utf8(output.stderr).unwrap(),
            str![[r#"
reading the base `tree`
error: interrupted; nothing was left behind

"#]]
            .raw()
        );
        assert_eq!((output.stdout.as_slice(), output.status.code()), (&b""[..], Some(5)));
        assert_eq!(workspace.out(), [""; 0]);
    }
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let workspace = Workspace::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = workspace.command().args(["check", "--quiet"]).stdout(full).output().unwrap();
    snapbox::assert_data_eq!(
        String::from_utf8(output.stderr).unwrap(),
        str![[r#"
error: cannot write the result to stdout
  cause: No space left on device (os error 28)

"#]]
        .raw()
    );
    assert_eq!(output.status.code(), Some(1));
}
