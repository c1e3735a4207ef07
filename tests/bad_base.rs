//! Every base that cannot be built on: the exact message, exit code 2, nothing left in `out/`.

use std::fs;
use std::process::Command;

use snapbox::{IntoData, str};

use crate::support::workspace::{SMALL_BASE, Small, Workspace, small_base, tar_of};

fn refused(workspace: &Workspace, expected: impl IntoData) {
    refused_in(workspace, &[], expected);
}

fn refused_in(workspace: &Workspace, arguments: &[&str], expected: impl IntoData) {
    workspace.refuses(arguments, expected);
}

/// The small base with more entries at its end.
fn with_more(more: &[Small<'_>]) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("base.tar", tar_of(SMALL_BASE.iter().chain(more)));
    workspace
}

/// The small base without one entry.
fn without(name: &str) -> Workspace {
    let workspace = Workspace::new();
    let named = |entry: &&Small<'_>| match entry {
        Small::Directory(there, _) | Small::File(there, ..) | Small::Link(there, _) => *there != name,
    };
    workspace.write("base.tar", tar_of(SMALL_BASE.iter().filter(named)));
    workspace
}

#[test]
fn no_base_at_all_tells_how_to_get_one() {
    let workspace = Workspace::new();
    let outcome = workspace.run(["build", "--layout", "layout.toml", "--binary", "app"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: the layout has no [base] to build on, and no `--base` is given
  hint: add `[base]` with `debian` and `packages` to the layout, and run `vezaimg lock`
  hint: or name a directory, a rootfs tar or an Incus image with `--base`

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn a_missing_base_is_named() {
    let workspace = Workspace::new();
    fs::remove_file(workspace.join("base.tar")).unwrap();
    refused(
        &workspace,
        str![[r#"
error: cannot read `base.tar`
  cause: No such file or directory (os error 2)

"#]],
    );
}

#[test]
fn a_file_that_is_no_archive_is_refused() {
    let workspace = Workspace::new();
    workspace.write("base.tar", "this is no tar at all\n".repeat(100));
    refused(
        &workspace,
        str![[r#"
error: `base.tar` is neither a tar nor a squashfs
  cause: it begins with `this is `
  hint: an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too

"#]],
    );
}

#[test]
fn an_alias_of_incus_tells_how_to_export_it() {
    let workspace = Workspace::new();
    let outcome = workspace.run(["build", "--layout", "layout.toml", "--binary", "app", "--base", "incus:debian/12"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: `incus:debian/12` is an image in Incus, not a file
  hint: run `incus image export debian/12 base` and pass the file or the files that it writes

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn a_base_without_accounts_is_not_a_root_file_system() {
    refused(
        &without("./etc/passwd"),
        str![[r#"
reading the base `base.tar`
error: `base.tar` is not a root file system: it has no file `/etc/passwd`
  hint: of the packages of [base], `base-passwd` brings it
  hint: a tar has `/etc`, `/usr` and so on at its top, or below `rootfs/` with a `metadata.yaml` beside it

"#]],
    );
}

#[test]
fn a_base_without_systemd_is_refused() {
    refused(
        &without("./usr/lib/systemd/systemd"),
        str![[r#"
reading the base `base.tar`
error: `base.tar` has no systemd, which runs the service
  hint: add `systemd`, `systemd-sysv` and `udev` to the packages of [base], or to what the base is made with

"#]],
    );
}

#[test]
fn a_base_without_init_is_refused() {
    refused(
        &without("./usr/sbin/init"),
        str![[r#"
reading the base `base.tar`
error: `base.tar` has no `/sbin/init`, which Incus starts
  hint: the package `systemd-sysv` brings it

"#]],
    );
}

#[test]
fn a_base_without_networkd_is_refused() {
    refused(
        &without("./usr/lib/systemd/system/systemd-networkd.service"),
        str![[r#"
reading the base `base.tar`
error: [network] needs systemd-networkd, which `base.tar` does not have
  hint: Debian 12 has it in the package `systemd`; or leave [network] out and let the base configure it

"#]],
    );
}

#[test]
fn a_path_that_climbs_out_is_refused() {
    refused(
        &with_more(&[Small::File("./../escaped", 0o644, b"")]),
        str![[r#"
reading the base `base.tar`
error: `./../escaped` in `base.tar` has a `..` component
  hint: make the tar again with `tar --directory ROOT --create .`

"#]],
    );
}

#[test]
fn an_absolute_path_is_refused() {
    refused(
        &with_more(&[Small::File("/escaped", 0o644, b"")]),
        str![[r#"
reading the base `base.tar`
error: `/escaped` in `base.tar` is absolute
  hint: make the tar again with `tar --directory ROOT --create .`

"#]],
    );
}

#[test]
fn a_symbolic_link_that_leads_outside_is_refused() {
    refused(
        &with_more(&[Small::Link("./var/log/out", "../../../etc/passwd")]),
        str![[r#"
reading the base `base.tar`
error: `/var/log/out` of `base.tar` is a symbolic link to `../../../etc/passwd`, which leads outside the root
  hint: an image is only ever read below its own root; mend the link in the base

"#]],
    );
}

#[test]
fn an_entry_behind_a_symbolic_link_is_refused() {
    refused(
        &with_more(&[Small::File("./sbin/hidden", 0o755, b"")]),
        str![[r#"
reading the base `base.tar`
error: `/sbin/hidden` of `base.tar` lies below `/sbin`, which is a symbolic link
  hint: unpacked, it would land elsewhere; make the base again

"#]],
    );
}

#[test]
fn a_path_that_stands_twice_is_refused() {
    refused(
        &with_more(&[Small::File("./usr/lib/os-release", 0o644, b"ID=other\n")]),
        str![[r#"
reading the base `base.tar`
error: `base.tar` holds `/usr/lib/os-release` twice
  hint: no one could tell which of the two is meant; make the base again without the other

"#]],
    );
}

#[test]
fn an_account_of_the_base_with_the_same_number_names_both() {
    let workspace = Workspace::new();
    workspace.change_layout(
        "gid = 1001\n\n[[user]]\nname = \"{{ user }}\"\nuid = 1001",
        "gid = 42\n\n[[user]]\nname = \"{{ user }}\"\nuid = 1001",
    );
    refused(
        &workspace,
        str![[r#"
reading the base `base.tar`
error: accounts of the layout clash with those of the base `base.tar`
  cause: gid 42 is group `app` in the layout and `shadow` in the base
  hint: give the layout's account a free number, or the name and number that the base has

"#]],
    );
}

#[test]
fn a_path_of_the_layout_behind_a_link_of_the_base_is_refused() {
    let workspace = Workspace::new();
    workspace.change_layout("path = \"/usr/local/bin/app\"", "path = \"/sbin/app\"");
    refused(
        &workspace,
        str![[r#"
reading the base `base.tar`
error: the layout does not fit the base `base.tar`
  cause: a path of the layout goes through `/sbin`, a symbolic link of the base
  hint: write `/usr/sbin` instead of `/sbin`

"#]],
    );
}

#[test]
fn a_directory_of_the_layout_that_is_a_file_in_the_base_is_refused() {
    refused(
        &with_more(&[Small::File("./opt", 0o644, b"")]),
        str![[r#"
reading the base `base.tar`
error: the layout does not fit the base `base.tar`
  cause: `/opt/app` lies below `/opt`, which is a file in the base
  cause: `/opt/app/app` lies below `/opt`, which is a file in the base

"#]],
    );
}

#[test]
fn a_directory_that_an_ordinary_user_unpacked_is_refused() {
    let workspace = Workspace::new();
    let mut unpack = Command::new("tar");
    fs::create_dir(workspace.join("tree")).unwrap();
    unpack.current_dir(workspace.path()).args(["-C", "tree", "-xf", "base.tar", "--owner-map=/dev/null"]);
    assert!(unpack.status().unwrap().success());
    assert!(
        Command::new("chown").current_dir(workspace.path()).args(["-R", "12345", "tree"]).status().unwrap().success()
    );
    let outcome = workspace.run(["build", "--layout", "layout.toml", "--binary", "app", "--base", "tree"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
reading the base `tree`
error: `tree` belongs to uid 12345, not to root: its owners were lost when it was unpacked
  hint: pass the tar that it was unpacked from, or run this command as root on a tree that root unpacked

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
    assert_eq!(workspace.out(), [""; 0]);
}

/// A base cut short in every format that a build reads.
#[test]
fn a_truncated_base_is_refused_in_every_format() {
    let workspace = Workspace::new();
    for (program, ending) in [("gzip", "gz"), ("xz", "xz"), ("zstd", "zst")] {
        let output =
            Command::new(program).args(["-c", "-q", "base.tar"]).current_dir(workspace.path()).output().unwrap();
        assert!(output.status.success());
        workspace.write(&format!("base.tar.{ending}"), &output.stdout[..output.stdout.len() - 20]);
    }
    workspace.write("base.tar.short", &small_base()[..4096]);
    let mut told = String::new();
    for ending in ["short", "gz", "xz", "zst"] {
        let base = format!("base.tar.{ending}");
        let outcome = workspace.run(["build", "--layout", "layout.toml", "--binary", "app", "--base", &base]);
        told.push_str(&outcome.stderr);
        assert_eq!((outcome.code, workspace.out()), (Some(2), vec![]));
    }
    snapbox::assert_data_eq!(
        told,
        str![[r#"
reading the base `base.tar.short`
error: `base.tar.short` ends after `etc/hostname` without the mark that closes an archive: it is truncated
  hint: fetch or make it again; `sha256sum` tells whether it is whole
reading the base `base.tar.gz`
error: `base.tar.gz` ends after `var` without the mark that closes an archive: it is truncated
  hint: fetch or make it again; `sha256sum` tells whether it is whole
reading the base `base.tar.xz`
error: `base.tar.xz` ends after `var/log` without the mark that closes an archive: it is truncated
  hint: fetch or make it again; `sha256sum` tells whether it is whole
error: `base.tar.zst` ends before its first entry: it is truncated
  hint: fetch or make it again; `sha256sum` tells whether it is whole

"#]]
        .raw()
    );
}

/// Taken for an empty file, it would cost the image every password that the base has locked.
#[test]
fn an_account_file_that_is_a_link_is_refused() {
    let workspace = Workspace::new();
    let link = Small::Link("./etc/shadow", "/usr/lib/shadow");
    let others = SMALL_BASE.iter().filter(|entry| !matches!(entry, Small::File("./etc/shadow", ..)));
    workspace.write("base.tar", tar_of(others.chain([&link])));
    refused(
        &workspace,
        str![[r#"
reading the base `base.tar`
error: `/etc/shadow` of `base.tar` is not a plain file, and accounts are appended to it
  hint: make the base again with a plain file there

"#]],
    );
}

#[test]
fn a_link_s_target_cannot_write_to_the_terminal() {
    refused(
        &with_more(&[Small::Link("./etc/a", "../../\u{1b}[31m")]),
        str![[r#"
reading the base `base.tar`
error: `/etc/a` of `base.tar` is a symbolic link to `../../\x1b[31m`, which leads outside the root
  hint: an image is only ever read below its own root; mend the link in the base

"#]],
    );
}
