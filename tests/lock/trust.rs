//! Whom a lock trusts: an archive that its key has signed, of these days, and the one that was asked for.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use snapbox::{IntoData, str};

use super::{Bench, system};
use crate::support::debian::{layout, vezaimg};
use crate::support::workspace::{Outcome, outcome};

fn bench() -> Bench {
    Bench::new(&["system"], &system())
}

/// Changes the signed file of the release's own suite.
fn tamper(bench: &Bench, change: impl FnOnce(String) -> String) {
    let path = bench.archive.join("dists/tiny/InRelease");
    fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
}

/// Locks with Debian's own keyring, and other arguments.
fn lock_with(bench: &Bench, arguments: &[&str]) -> Outcome {
    let mut command = vezaimg(&bench.workspace);
    command.args(["lock", "--quiet", "--layout", "layout.toml", "--mirror", &bench.archive.url()]);
    bench.outcome(command.args(arguments))
}

/// The lines as far as they do not name a moment of this run, which begins with these words.
fn before(words: &str, text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.split(words).next().unwrap())).collect()
}

#[test]
fn a_file_that_was_changed_after_it_was_signed_is_refused() {
    let bench = bench();
    tamper(&bench, |signed| signed.replace("Codename: tiny", "Codename: tinz"));
    let refused = bench.lock(&[]);
    // What gpgv says names the moment of the signature.
    let said = before(": Signature made", &refused.stderr);
    snapbox::assert_data_eq!(
        said,
        str![[r#"
reading the index of `tiny`
error: no mirror has a sound `dists/tiny/InRelease`
  cause: `file://ARCHIVE/mirror`: the InRelease of `tiny` was changed after it was signed
  hint: the mirror serves something else than Debian's file: try another one with `--mirror`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(3)));
}

#[test]
fn a_file_that_is_not_signed_is_refused() {
    let bench = bench();
    tamper(&bench, |_| "<!DOCTYPE html><title>Welcome to the hotel</title>".to_owned());
    bench.refuses(
        3,
        str![[r#"
reading the index of `tiny`
error: no mirror has a sound `dists/tiny/InRelease`
  cause: `file://ARCHIVE/mirror`: the InRelease of `tiny` is not signed
  hint: the mirror serves something else than Debian's file: try another one with `--mirror`

"#]],
    );
}

/// Debian's own keyring does not have the key of the test.
#[test]
fn a_signature_by_another_key_is_refused() {
    let bench = bench();
    let refused = lock_with(&bench, &[]);
    let said = before(": Signature made", &refused.stderr);
    snapbox::assert_data_eq!(said, str![[r#"
error: no mirror has a sound `dists/tiny/InRelease`
  cause: `file://ARCHIVE/mirror`: the InRelease of `tiny` is signed by no key of the keyring `/usr/share/keyrings/debian-archive-keyring.gpg`
  hint: a newer `debian-archive-keyring` may hold the key; `--keyring FILE` names its file

"#]].raw());
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(3)));
}

#[test]
fn a_keyring_that_is_not_there_is_told() {
    let bench = bench();
    let refused = lock_with(&bench, &["--keyring", "missing.gpg"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: cannot read the keyring `missing.gpg`
  cause: No such file or directory (os error 2)

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
    let mut command = Command::new("unshare");
    let script = "mount -t tmpfs none /usr/share/keyrings && exec \"$0\" lock --layout layout.toml";
    command.args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_vezaimg")]).env("VEZAIMG_CACHE", "store");
    let refused = outcome(command.current_dir(bench.workspace.path()));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: there is no keyring `/usr/share/keyrings/debian-archive-keyring.gpg` to verify Debian with
  hint: `apt-get install debian-archive-keyring` installs it
  hint: or `--keyring FILE` names another file of Debian's keys

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
}

#[test]
fn a_machine_without_gpgv_is_told_what_to_install() {
    let bench = bench();
    fs::create_dir(bench.workspace.join("bin")).unwrap();
    let refused = bench.outcome(bench.command(&[]).env("PATH", bench.workspace.join("bin")));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
reading the index of `tiny`
error: cannot verify the InRelease of `tiny`: `gpgv` is not installed
  hint: `apt-get install gpgv` installs it

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
}

#[test]
fn a_suite_that_is_out_of_date_is_refused() {
    let bench = bench();
    bench.archive.publish_with("tiny", &system(), &[("Valid-Until", "Thu, 08 Jan 2026 00:00:00 UTC")]);
    let refused = bench.lock(&[]);
    let said = before(", and it is", &refused.stderr);
    snapbox::assert_data_eq!(
        said,
        str![[r#"
reading the index of `tiny`
error: no mirror has a sound `dists/tiny/InRelease`
  cause: `file://ARCHIVE/mirror`: `tiny` of 2026-01-01T00:00:00Z was valid until 2026-01-08T00:00:00Z
  hint: the mirror is behind, or stands still: try another one with `--mirror`
  hint: or this machine's clock is ahead

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(3)));
}

#[test]
fn another_suite_is_refused() {
    let bench = bench();
    let dists = bench.archive.join("dists");
    symlink("tiny", dists.join("other")).unwrap();
    symlink("tiny-security", dists.join("other-security")).unwrap();
    bench.workspace.write("layout.toml", layout(&["system"]).replace("\"tiny\"", "\"other\""));
    bench.refuses(
        2,
        str![[r#"
reading the index of `other`
error: no mirror has a sound `dists/other/InRelease`
  cause: `file://ARCHIVE/mirror`: asked for the suite `other`, the mirror serves `tiny`
  hint: check the name of the release, or try another mirror with `--mirror`

"#]],
    );
}

#[test]
fn a_name_that_moves_to_another_release_is_refused() {
    let bench = bench();
    symlink("tiny", bench.archive.join("dists/newest")).unwrap();
    bench.archive.publish_with("tiny", &system(), &[("Suite", "newest")]);
    bench.workspace.write("layout.toml", layout(&["system"]).replace("\"tiny\"", "\"newest\""));
    bench.refuses(
        2,
        str![[r#"
reading the index of `newest`
error: no mirror has a sound `dists/newest/InRelease`
  cause: `file://ARCHIVE/mirror`: `newest` is `tiny` today and another release later on
  hint: write the code name: `tiny`

"#]],
    );
}

#[test]
fn a_component_that_the_suite_does_not_have_is_told() {
    let bench = bench();
    bench.workspace.write("layout.toml", layout(&["system"]) + "components = [\"main\", \"contrib\"]\n");
    bench.refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 190 B
error: `tiny` has no component `contrib`
  hint: it has `main`

"#]],
    );
}

#[test]
fn an_index_other_than_the_signed_one_is_refused() {
    let bench = bench();
    let index = bench.archive.join("dists/tiny/main/binary-amd64/Packages.gz");
    let mut bytes = fs::read(&index).unwrap();
    bytes[20] ^= 1;
    fs::write(&index, bytes).unwrap();
    bench.refuses(1, str![[r#"
reading the index of `tiny`
fetching one file, 190 B
error: the file cannot be fetched
  cause: `Packages of tiny/main` (dists/tiny/main/binary-amd64/Packages.gz): `file://ARCHIVE/mirror`: sends other content (a file) of the same size
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]]);
    fs::remove_file(&index).unwrap();
    bench.refuses(1, str![[r#"
reading the index of `tiny`
fetching one file, 190 B
error: the file cannot be fetched
  cause: `Packages of tiny/main` (dists/tiny/main/binary-amd64/Packages.gz): `file://ARCHIVE/mirror`: No such file or directory (os error 2)
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]]);
}

#[test]
fn a_mirror_that_is_behind_yields_to_the_next() {
    let (stale, bench) = (bench(), bench());
    tamper(&stale, |_| "<!DOCTYPE html>".to_owned());
    let mut command = vezaimg(&bench.workspace);
    command.args(["lock", "--layout", "layout.toml", "--mirror"]).arg(format!("tiny={}", stale.archive.url()));
    command.env("VEZAIMG_MIRROR", bench.archive.url()).arg("--keyring").arg(bench.archive.keyring());
    let mut locked = bench.outcome(&mut command);
    locked.stderr = locked.stderr.replace(stale.archive.url().trim_end_matches("/mirror"), "file://STALE");
    snapbox::assert_data_eq!(
        locked.stderr,
        str![[r#"
reading the index of `tiny`
note: the mirror `file://STALE/mirror` did not give `dists/tiny/InRelease`: the InRelease of `tiny` is not signed
fetching one file, 190 B
reading the index of `tiny-security`
fetching one file, 23 B
fetching one file, 14.5 kB
putting the base together
    packages  1, 14.5 kB, as of 2026-01-01T00:00:00Z

"#]]
        .raw()
    );
    assert_eq!((locked.stdout.as_str(), locked.code), ("layout.lock\n", Some(0)));
}

#[test]
fn without_a_mirror_nothing_can_be_locked() {
    let bench = bench();
    let mut command = vezaimg(&bench.workspace);
    command.args(["lock", "--layout", "layout.toml", "--keyring"]).arg(bench.archive.keyring());
    let refused = bench.outcome(&mut command);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
reading the index of `tiny`
error: `dists/tiny/InRelease` cannot be fetched
  cause: no mirror is known for `tiny`
  hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)));
}
