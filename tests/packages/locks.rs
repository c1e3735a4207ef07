//! Locks that a build cannot go by.

use std::fs;

use snapbox::{IntoData, str};

use super::Bench;
use crate::support::debian::{Deb, layout, vezaimg};
use crate::support::workspace::{Workspace, outcome};

fn bench() -> Bench {
    Bench::new(vec![Deb::system()])
}

/// Builds, and holds the refusal to all that it prints.
fn refuses(bench: &Bench, arguments: &[&str], expected: impl IntoData) {
    let refused = bench.build(arguments);
    snapbox::assert_data_eq!(refused.stderr, expected.raw());
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
    assert_eq!(bench.workspace.out(), [""; 0]);
    assert!(!bench.workspace.join("store").exists());
}

/// Changes the lock's text.
fn change(bench: &Bench, from: &str, to: &str) {
    let lock = fs::read_to_string(bench.workspace.join("layout.lock")).unwrap();
    assert_eq!(lock.matches(from).count(), 1, "`{from}`");
    bench.workspace.write("layout.lock", lock.replace(from, to));
}

#[test]
fn a_lock_that_is_not_there_is_told_with_the_command() {
    let bench = bench();
    fs::remove_file(bench.workspace.join("layout.lock")).unwrap();
    bench.workspace.write("group vars.yml", "user: web\n");
    refuses(
        &bench,
        &["--vars", "group vars.yml", "--set", "port=9000"],
        str![[r#"
error: there is no `layout.lock`, which pins the packages of [base]
  hint: run `vezaimg lock --layout layout.toml --vars 'group vars.yml' --set port=…` to make it, and keep it beside the layout in version control

"#]],
    );
}

#[test]
fn a_changed_base_is_told_with_the_command() {
    let bench = bench();
    bench.workspace.write("layout.toml", layout(&["system", "tool"]));
    refuses(
        &bench,
        &[],
        str![[r#"
error: `layout.lock` was made from another [base] than the layout has now
  hint: run `vezaimg lock --layout layout.toml` to pin what [base] asks for

"#]],
    );
}

/// The lock lies beside its layout under its name: one that was copied from another is taken for a changed `[base]`.
#[test]
fn a_lock_of_another_layout_is_told() {
    let bench = bench();
    bench.workspace.write("layout.lock", include_str!("../../layouts/backend-api.lock"));
    refuses(
        &bench,
        &[],
        str![[r#"
error: `layout.lock` was made from another [base] than the layout has now
  hint: run `vezaimg lock --layout layout.toml` to pin what [base] asks for

"#]],
    );
}

#[test]
fn a_lock_of_a_newer_format_is_told() {
    let bench = bench();
    change(&bench, "version = 1\n", "version = 2\nextra = true\n");
    refuses(
        &bench,
        &[],
        str![[r#"
error: `layout.lock` is a lock of format 2, and this vezaimg reads 1
  hint: take the vezaimg that made it, or a newer one; or run `vezaimg lock --layout layout.toml` to make the lock again

"#]],
    );
}

#[test]
fn a_lock_of_another_architecture_is_told() {
    let bench = bench();
    change(&bench, "\"amd64\"", "\"arm64\"");
    refuses(
        &bench,
        &[],
        str![[r#"
error: `layout.lock` is for `arm64`, and the layout for `amd64`
  hint: run `vezaimg lock --layout layout.toml` to pin packages of that architecture

"#]],
    );
}

#[test]
fn a_lock_that_was_edited_by_hand_is_told_line_by_line() {
    let bench = bench();
    change(&bench, "file = \"pool/", "file = \"../pool/");
    refuses(
        &bench,
        &[],
        str![[r#"
error: `system` has a `file` that is no path below a mirror
  --> layout.lock:10:1
   |
10 | [[package]]
   | ^^^^^^^^^^^

error: `layout.lock` is not a lock as `vezaimg lock` writes it
  hint: run `vezaimg lock --layout layout.toml` to make it again, or take the file from version control

"#]],
    );
}

#[test]
fn a_lock_with_a_merge_conflict_is_told() {
    let bench = bench();
    change(&bench, "epoch = ", "<<<<<<< HEAD\nepoch = ");
    refuses(
        &bench,
        &[],
        str![[r#"
error: key with no value, expected `=`
 --> layout.lock:4:9
  |
4 | <<<<<<< HEAD
  |         ^

error: `layout.lock` is not a lock as `vezaimg lock` writes it
  hint: run `vezaimg lock --layout layout.toml` to make it again, or take the file from version control

"#]],
    );
}

#[test]
fn a_layout_without_base_is_told_what_to_name() {
    let workspace = Workspace::new();
    let refused = outcome(vezaimg(&workspace).args(["build", "--layout", "layout.toml", "--binary", "app"]));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: the layout has no [base] to build on, and no `--base` is given
  hint: add `[base]` with `debian` and `packages` to the layout, and run `vezaimg lock`
  hint: or name a directory, a rootfs tar or an Incus image with `--base`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}
