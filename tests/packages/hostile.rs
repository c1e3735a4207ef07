//! Packages whose digest is right and whose content is not.

use snapbox::{IntoData, str};

use super::Bench;
use crate::support::debian::{Deb, layout, lock};
use crate::support::workspace::{Small, Workspace, outcome};

/// A lock of the system and a package that pins these bytes, which a mirror serves; the refusal is held to all it prints.
fn refuses(deb: &Deb, bytes: &[u8], expected: impl IntoData) {
    let bench = Bench::new(vec![Deb::system(), deb.clone()]);
    let system = Deb::system();
    let workspace: &Workspace = &bench.workspace;
    workspace.write("layout.toml", layout(&["system"]));
    workspace.write("layout.lock", lock(&["system"], &[(&system, &system.bytes()), (deb, bytes)]));
    let (file, served) = (format!("/{}", deb.file()), bytes.to_vec());
    let mirror =
        bench.mirror(move |request, _| (request.path == file).then(|| crate::support::server::Reply::ok(&served)));
    let refused = bench.build(&["--mirror", &mirror.url, "--quiet"]);
    snapbox::assert_data_eq!(refused.stderr, expected.raw());
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
    assert_eq!(workspace.out(), [""; 0]);
}

fn tool(files: &[Small<'_>]) -> Deb {
    Deb::new("tool", files)
}

#[test]
fn a_path_that_leaves_the_root_is_refused() {
    let deb = tool(&[Small::File("./usr/../../etc/cron.d/x", 0o644, b"")]);
    refuses(
        &deb,
        &deb.bytes(),
        str![[r#"
error: `./usr/../../etc/cron.d/x` in `tool_1.0_all.deb` has a `..` component
  hint: its sha256 was right, so it was published like this: `vezaimg lock` takes the version that the mirrors have now

"#]],
    );
}

#[test]
fn an_absolute_path_is_refused() {
    let deb = tool(&[Small::File("/etc/cron.d/x", 0o644, b"")]);
    refuses(
        &deb,
        &deb.bytes(),
        str![[r#"
error: `/etc/cron.d/x` in `tool_1.0_all.deb` is absolute
  hint: its sha256 was right, so it was published like this: `vezaimg lock` takes the version that the mirrors have now

"#]],
    );
}

/// As dpkg has it: what a package puts behind a link of its own lies where the link leads, inside the image.
#[test]
fn a_path_behind_a_link_stays_in_the_image() {
    let deb = tool(&[Small::Link("./srv", "/etc"), Small::File("./srv/motd", 0o644, b"")]);
    let bench = Bench::new(vec![Deb::system(), deb]);
    let mirror = bench.sound_mirror();
    let built = bench.build(&["--mirror", &mirror.url, "--quiet"]);
    assert_eq!((built.stderr.as_str(), built.code), ("", Some(0)));
    let mut list = std::process::Command::new("tar");
    let listed = outcome(list.arg("-tf").arg(bench.workspace.join(built.stdout.trim_end())));
    let lines: Vec<_> = listed.stdout.lines().filter(|line| line.contains("motd") || line.contains("srv")).collect();
    assert_eq!(lines, ["rootfs/srv", "rootfs/etc/motd"]);
}

#[test]
fn what_is_no_package_is_refused() {
    refuses(
        &tool(&[]),
        b"<!DOCTYPE html><title>Index of /pool</title>",
        str![[r#"
error: `tool_1.0_all.deb` is not a Debian package: it does not begin with `!<arch>`
  hint: its sha256 was right, so it was published like this: `vezaimg lock` takes the version that the mirrors have now

"#]],
    );
}

#[test]
fn a_package_that_ends_early_is_refused() {
    let deb = tool(&[Small::File("./x", 0o644, &[7; 3000])]);
    let bytes = deb.bytes();
    refuses(
        &deb,
        &bytes[..bytes.len() - 10],
        str![[r#"
error: `tool_1.0_all.deb` ends in the middle of a member: it is truncated
  hint: its sha256 was right, so it was published like this: `vezaimg lock` takes the version that the mirrors have now

"#]],
    );
}

#[test]
fn another_package_under_the_name_is_refused() {
    refuses(
        &tool(&[]),
        &tool(&[]).version("2.0").bytes(),
        str![[r#"
error: `tool_1.0_all.deb` says `Version: 2.0`, and the lock `1.0`
  hint: its sha256 was right, so it was published like this: `vezaimg lock` takes the version that the mirrors have now

"#]],
    );
}

#[test]
fn two_packages_with_one_path_are_refused() {
    let deb = tool(&[Small::File("./usr/lib/os-release", 0o644, b"ID=other\n")]);
    refuses(
        &deb,
        &deb.bytes(),
        str![[r#"
error: packages of `layout.lock` share a path, and do not say that they replace each other
  cause: `/usr/lib/os-release` is in `system` and in `tool`
  hint: take one of them out of the layout's `packages`, or out of the image with `without`; `vezaimg lock` makes the lock again

"#]],
    );
}
