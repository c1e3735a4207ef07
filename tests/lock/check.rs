//! `lock --check`: what is newer, and nothing written.

use snapbox::{IntoData, str};

use super::{Bench, system};
use crate::support::debian::{Deb, layout};
use crate::support::workspace::Outcome;

/// A lock of `system` and `tool`, of which the archive has newer versions, one of them a security update.
fn behind() -> Bench {
    let packages = |version: &str| [Deb::system(), Deb::new("tool", &[]).version(version)];
    let bench = Bench::new(&["system", "tool"], &packages("1.0-1"));
    assert_eq!(bench.lock(&[]).code, Some(0));
    bench.archive.publish("tiny", &packages("1.0-2"));
    bench.archive.publish("tiny-security", &[Deb::system().version("1.0+deb12u1")]);
    bench
}

/// Checks, and that nothing is written.
fn check(bench: &Bench, arguments: &[&str]) -> Outcome {
    let text = bench.text();
    let checked = bench.lock(&[&["--check"], arguments].concat());
    assert_eq!(bench.text(), text);
    checked
}

#[test]
fn a_lock_of_what_the_archive_has_passes_in_silence() {
    let bench = Bench::new(&["system"], &system());
    assert_eq!(bench.lock(&[]).code, Some(0));
    let checked = check(&bench, &[]);
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
reading the index of `tiny`
reading the index of `tiny-security`
   unchanged  the archive has nothing newer

"#]]
        .raw()
    );
    assert_eq!((checked.stdout.as_str(), checked.code), ("", Some(0)));
    let quiet = check(&bench, &["--quiet"]);
    assert_eq!(quiet, Outcome { stdout: String::new(), stderr: String::new(), code: Some(0) });
    let json = check(&bench, &["--json"]);
    snapbox::assert_data_eq!(
        json.stdout,
        str![[r#"
{"lock":"layout.lock","current":true,"packages":1,"size":14576,"epoch":1767225600,"changes":[]}

"#]]
        .raw()
    );
    assert_eq!(json.code, Some(0));
}

#[test]
fn newer_versions_are_listed_security_updates_marked() {
    let bench = behind();
    let checked = check(&bench, &[]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
system 1.0 → 1.0+deb12u1 (security)
tool 1.0-1 → 1.0-2

"#]]
        .raw()
    );
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
reading the index of `tiny`
fetching one file, 356 B
reading the index of `tiny-security`
fetching one file, 206 B
error: `layout.lock` is behind the archive by 2 packages
  hint: run `vezaimg lock --layout layout.toml`, and review what it changes

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(1));
    let json = check(&bench, &["--json", "--quiet"]);
    snapbox::assert_data_eq!(json.stdout, str![[r#"
{"lock":"layout.lock","current":false,"packages":2,"size":17888,"epoch":1767225600,"changes":[{"package":"system","from":"1.0","to":"1.0+deb12u1","suite":"tiny-security","security":true},{"package":"tool","from":"1.0-1","to":"1.0-2","suite":"tiny","security":false}]}

"#]].raw());
    snapbox::assert_data_eq!(
        json.stderr,
        str![[r#"
error: `layout.lock` is behind the archive by 2 packages
  hint: run `vezaimg lock --layout layout.toml`, and review what it changes

"#]]
        .raw()
    );
    assert_eq!(json.code, Some(1));
}

#[test]
fn packages_that_come_and_go_are_listed() {
    let bench = Bench::new(&["system"], &[Deb::system().fields("Depends: old\n"), Deb::new("old", &[])]);
    assert_eq!(bench.lock(&[]).code, Some(0));
    let newer = Deb::system().version("1.1").fields("Depends: new\n");
    bench.archive.publish("tiny", &[newer, Deb::new("new", &[]), Deb::new("old", &[])]);
    let checked = check(&bench, &[]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
new 1.0, new
old 1.0, gone
system 1.0 → 1.1

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(1));
}

/// The same version with other content is another package to a build.
#[test]
fn a_package_that_was_built_anew_is_listed() {
    let bench = Bench::new(&["system", "tool"], &[Deb::system(), Deb::new("tool", &[])]);
    assert_eq!(bench.lock(&[]).code, Some(0));
    bench.archive.publish("tiny", &[Deb::system(), Deb::new("tool", &[]).fields("Priority: optional\n")]);
    let checked = check(&bench, &[]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
tool 1.0, other content

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(1));
}

#[test]
fn a_changed_base_is_told_with_the_command() {
    let bench = Bench::new(&["system"], &[Deb::system(), Deb::new("tool", &[])]);
    assert_eq!(bench.lock(&[]).code, Some(0));
    bench.workspace.write("layout.toml", layout(&["system", "tool"]));
    bench.workspace.write("more vars.toml", "");
    let checked = check(&bench, &["--vars", "more vars.toml", "--set", "user=it"]);
    snapbox::assert_data_eq!(
        checked.stdout,
        str![[r#"
tool 1.0, new

"#]]
        .raw()
    );
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
reading the index of `tiny`
reading the index of `tiny-security`
error: `layout.lock` was made from another [base] than the layout has now
  hint: run `vezaimg lock --layout layout.toml --vars 'more vars.toml' --set user=…`, and review what it changes

"#]]
        .raw()
    );
    assert_eq!(checked.code, Some(1));
}

#[test]
fn a_lock_that_is_not_there_is_told() {
    let bench = Bench::new(&["system"], &system());
    let checked = bench.lock(&["--check"]);
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
reading the index of `tiny`
fetching one file, 190 B
reading the index of `tiny-security`
fetching one file, 23 B
error: there is no `layout.lock` yet
  hint: run `vezaimg lock --layout layout.toml`, and review what it changes

"#]]
        .raw()
    );
    assert_eq!((checked.stdout.as_str(), checked.code), ("", Some(1)));
    assert!(!bench.workspace.join("layout.lock").exists());
}

#[test]
fn a_lock_of_another_architecture_is_told() {
    let bench = Bench::new(&["system"], &system());
    assert_eq!(bench.lock(&[]).code, Some(0));
    bench.workspace.write("layout.lock", bench.text().replace("\"amd64\"", "\"arm64\""));
    let checked = check(&bench, &["--quiet"]);
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
error: `layout.lock` is for `arm64`, and the layout for `amd64`
  hint: run `vezaimg lock --layout layout.toml`, and review what it changes

"#]]
        .raw()
    );
    assert_eq!((checked.stdout.as_str(), checked.code), ("", Some(1)));
}

#[test]
fn a_lock_that_cannot_be_read_is_told() {
    let bench = Bench::new(&["system"], &system());
    bench.workspace.write("layout.lock", "version = 1\nbase = 7\n");
    let checked = check(&bench, &[]);
    snapbox::assert_data_eq!(
        checked.stderr,
        str![[r#"
error: invalid type: integer `7`, expected a string
 --> layout.lock:2:8
  |
2 | base = 7
  |        ^

error: `layout.lock` is not a lock as `vezaimg lock` writes it
  hint: run `vezaimg lock --layout layout.toml` to make it again, or take the file from version control

"#]]
        .raw()
    );
    assert_eq!((checked.stdout.as_str(), checked.code), ("", Some(2)));
}
