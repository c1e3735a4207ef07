//! Packages that cannot be had together, and those that are left out.

use snapbox::str;

use super::Bench;
use crate::support::debian::{Deb, layout};
use crate::support::workspace::Small;

/// The layout with packages left out.
fn without(wanted: &[&str], left_out: &[&str]) -> String {
    format!("{}without = {left_out:?}\n", layout(wanted))
}

#[test]
fn names_that_no_package_has_are_told_with_the_nearest() {
    let packages = [Deb::system(), Deb::new("systemd", &[]), Deb::new("exim", &[]).fields("Provides: mta\n")];
    let bench = Bench::new(&["system", "sytemd", "zzz", "mta"], &packages);
    bench.refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 534 B
reading the index of `tiny-security`
fetching one file, 23 B
error: the list of packages does not resolve
  cause: there is no package `sytemd`; the nearest is `systemd`
  cause: there is no package `zzz`
  cause: `mta` is virtual: name a package that provides it, such as `exim`

"#]],
    );
}

#[test]
fn a_dependency_that_cannot_be_met_is_told_with_the_chain_that_wants_it() {
    let packages = [
        Deb::system().fields("Depends: a\n"),
        Deb::new("a", &[]).fields("Pre-Depends: b | c\n"),
        Deb::new("b", &[]).fields("Depends: libx (>= 2)\n"),
        Deb::new("libx", &[]).version("1.9"),
    ];
    Bench::new(&["system"], &packages).refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 715 B
reading the index of `tiny-security`
fetching one file, 23 B
error: the list of packages does not resolve
  cause: `system` → `a` → `b` → `libx (>= 2)` cannot be met: there is `libx 1.9`

"#]],
    );
}

#[test]
fn packages_that_refuse_each_other_are_told() {
    let packages =
        [Deb::system().fields("Depends: a\n"), Deb::new("a", &[]).fields("Conflicts: b (<< 2)\n"), Deb::new("b", &[])];
    Bench::new(&["system", "b"], &packages).refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 533 B
reading the index of `tiny-security`
fetching one file, 23 B
error: the list of packages does not resolve
  cause: `system` → `a` conflicts with `b (<< 2)`, and `b` comes too

"#]],
    );
}

#[test]
fn two_packages_that_own_a_path_are_told() {
    let file = [Small::Directory("./usr/", 0o755), Small::File("./usr/shared", 0o644, b"")];
    let packages = [Deb::system(), Deb::new("a", &file), Deb::new("b", &file)];
    Bench::new(&["system", "a", "b"], &packages).refuses(2, str![[r#"
reading the index of `tiny`
fetching one file, 502 B
reading the index of `tiny-security`
fetching one file, 23 B
fetching 3 files, 23.2 kB
putting the base together
error: packages of `layout.lock` share a path, and do not say that they replace each other
  cause: `/usr/shared` is in `a` and in `b`
  hint: take one of them out of the layout's `packages`, or out of the image with `without`; `vezaimg lock` makes the lock again

"#]]);
}

/// A program that is a script, and what starts it.
fn scripted(depends: &str) -> [Deb; 3] {
    let usr = |name| [Small::Directory("./usr/", 0o755), Small::Directory("./usr/bin/", 0o755), name];
    let script = usr(Small::File("./usr/bin/tool", 0o755, b"#!/usr/bin/perl -w\n"));
    let interpreter = usr(Small::File("./usr/bin/perl", 0o755, b"\x7fELF"));
    [Deb::system(), Deb::new("tool", &script).fields(depends), Deb::new("perl-base", &interpreter)]
}

#[test]
fn an_interpreter_that_is_left_out_and_needed_is_told() {
    let bench = Bench::new(&[], &scripted("Depends: perl-base\n"));
    bench.workspace.write("layout.toml", without(&["system", "tool"], &["perl-base"]));
    bench.refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 543 B
reading the index of `tiny-security`
fetching one file, 23 B
fetching 2 files, 19.9 kB
putting the base together
looking into the packages that are left out
fetching one file, 5.3 kB
error: the base needs packages at run time that `without` leaves out
  cause: `/usr/bin/tool` is started by `/usr/bin/perl`, which `perl-base` brings
  hint: take `perl-base` out of `without` in [base]
  hint: or leave the files that need them out, with `exclude-paths`

"#]],
    );
    // Without what needs it, it is not needed.
    bench
        .workspace
        .write("layout.toml", without(&["system", "tool"], &["perl-base"]) + "exclude-paths = [\"/usr/bin/tool\"]\n");
    assert_eq!(bench.lock(&[]).code, Some(0));
}

/// An essential package is needed without being depended upon.
#[test]
fn an_interpreter_that_nothing_depends_on_is_told() {
    let bench = Bench::new(&[], &scripted(""));
    bench.workspace.write("layout.toml", without(&["system", "tool"], &["perl-base"]));
    bench.refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 524 B
reading the index of `tiny-security`
fetching one file, 23 B
fetching 2 files, 19.9 kB
putting the base together
looking into the packages that are left out
fetching one file, 5.3 kB
error: the base needs packages at run time that `without` leaves out
  cause: `/usr/bin/tool` is started by `/usr/bin/perl`, which `perl-base` brings
  hint: take `perl-base` out of `without` in [base]
  hint: and add `perl-base` to `packages`: nothing else brings it
  hint: or leave the files that need them out, with `exclude-paths`

"#]],
    );
}

#[test]
fn what_is_left_out_and_would_not_have_come_is_told() {
    let bench = Bench::new(&[], &[Deb::system(), Deb::new("tool", &[])]);
    bench.workspace.write("layout.toml", without(&["system"], &["tool"]));
    let locked = bench.lock(&[]);
    snapbox::assert_data_eq!(
        locked.stderr,
        snapbox::IntoData::raw(str![[r#"
reading the index of `tiny`
fetching one file, 352 B
reading the index of `tiny-security`
fetching one file, 23 B
fetching one file, 14.5 kB
putting the base together
warning: no package of the base wants `tool`: it can go from `without`
    packages  1, 14.5 kB, as of 2026-01-01T00:00:00Z

"#]])
    );
    assert_eq!((locked.stdout.as_str(), locked.code), ("layout.lock\n", Some(0)));
}

#[test]
fn what_is_left_out_has_to_exist() {
    let bench = Bench::new(&[], &[Deb::system(), Deb::new("debconf", &[])]);
    bench.workspace.write("layout.toml", without(&["system"], &["debcnf"]));
    bench.refuses(
        2,
        str![[r#"
reading the index of `tiny`
fetching one file, 358 B
reading the index of `tiny-security`
fetching one file, 23 B
error: the list of packages does not resolve
  cause: there is no package `debcnf`; the nearest is `debconf`

"#]],
    );
}
