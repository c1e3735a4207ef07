//! `vezaimg lock`.

mod archive;
mod check;
mod resolving;
mod trust;

use std::fs;
use std::process::Command;

use snapbox::{IntoData, str};

use crate::support::debian::{Archive, Deb, layout, vezaimg, workspace};
use crate::support::workspace::{Outcome, Workspace, outcome};

/// A layout, its archive and an empty store.
struct Bench {
    archive: Archive,
    workspace: Workspace,
}

impl Bench {
    /// The layout asks for these packages of the archive.
    fn new(wanted: &[&str], packages: &[Deb]) -> Self {
        Self { archive: Archive::new(packages), workspace: workspace(&layout(wanted)) }
    }

    /// `vezaimg lock` with the archive as its mirror and its key.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = vezaimg(&self.workspace);
        command.args(["lock", "--layout", "layout.toml", "--mirror", &self.archive.url(), "--keyring"]);
        command.arg(self.archive.keyring()).args(arguments);
        command
    }

    fn lock(&self, arguments: &[&str]) -> Outcome {
        self.outcome(&mut self.command(arguments))
    }

    /// What a command leaves; the archive's directory is called ARCHIVE.
    fn outcome(&self, command: &mut Command) -> Outcome {
        let mut outcome = outcome(command);
        let directory = self.archive.keyring().parent().unwrap().display().to_string();
        for text in [&mut outcome.stdout, &mut outcome.stderr] {
            *text = text.replace(&directory, "ARCHIVE");
        }
        outcome
    }

    /// Locks, and holds the refusal to all that it prints; no lock is made.
    fn refuses(&self, code: i32, expected: impl IntoData) {
        let refused = self.lock(&[]);
        snapbox::assert_data_eq!(refused.stderr, expected.raw());
        assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(code)));
        assert!(!self.workspace.join("layout.lock").exists());
    }

    /// The lock's text.
    fn text(&self) -> String {
        fs::read_to_string(self.workspace.join("layout.lock")).unwrap()
    }
}

/// What needs nothing.
fn system() -> [Deb; 1] {
    [Deb::system()]
}

#[test]
fn a_lock_says_which_packages_an_image_is_made_of() {
    let bench = Bench::new(&["system"], &system());
    let locked = bench.lock(&[]);
    snapbox::assert_data_eq!(
        locked.stderr,
        str![[r#"
reading the index of `tiny`
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
    let text = bench.text();
    snapbox::assert_data_eq!(
        &text,
        str![[r##"
# The Debian packages underneath the layout's image. Written by `vezaimg lock`; not to be edited.
version = 1
base = "c46740b86fb7b94acd380ff99a8a05bc3ecd16165615f06c59d241ef3c5c04be"
architecture = "amd64"
epoch = 1767225600 # 2026-01-01T00:00:00Z

[[suite]]
name = "tiny"
date = "2026-01-01T00:00:00Z"

[[suite]]
name = "tiny-security"
date = "2026-01-01T00:00:00Z"

[[package]]
name = "system"
version = "1.0"
architecture = "all"
suite = "tiny"
file = "pool/system_1.0_all.deb"
size = 14576
sha256 = "710034055c765410f06249e2c24995b63ba876b7d307881aa5172c20130ecc73"

"##]]
        .raw()
    );

    let again = bench.lock(&[]);
    snapbox::assert_data_eq!(
        again.stderr,
        str![[r#"
reading the index of `tiny`
reading the index of `tiny-security`
putting the base together
    packages  1, 14.5 kB, as of 2026-01-01T00:00:00Z
   unchanged  the archive has nothing newer

"#]]
        .raw()
    );
    assert_eq!((again.stdout.as_str(), again.code, bench.text()), ("layout.lock\n", Some(0), text));
    let left: Vec<_> = fs::read_dir(bench.workspace.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

/// Elsewhere and by somebody else.
#[test]
fn the_same_archive_gives_the_same_lock() {
    let here = Bench::new(&["system"], &system());
    assert_eq!(here.lock(&[]).code, Some(0));
    let there = workspace(&layout(&["system"]));
    let mut command = vezaimg(&there);
    command.args(["lock", "--layout", "layout.toml", "--mirror", &here.archive.url(), "--keyring"]);
    command.arg(here.archive.keyring()).env("TZ", "Pacific/Kiritimati").env("LC_ALL", "tr_TR.UTF-8");
    assert_eq!(outcome(&mut command).code, Some(0));
    assert_eq!(fs::read_to_string(there.join("layout.lock")).unwrap(), here.text());
}

/// A suite is signed anew several times a day; that alone is no reason for a commit.
#[test]
fn a_lock_is_kept_when_the_archive_has_nothing_newer() {
    let bench = Bench::new(&["system"], &system());
    assert_eq!(bench.lock(&[]).code, Some(0));
    let text = bench.text();
    let later = [("Date", "Sun, 01 Feb 2026 00:00:00 UTC")];
    bench.archive.publish_with("tiny", &system(), &later);
    let kept = bench.lock(&["--json"]);
    snapbox::assert_data_eq!(
        kept.stdout,
        str![[r#"
{"lock":"layout.lock","current":true,"packages":1,"size":14576,"epoch":1769904000,"changes":[]}

"#]]
        .raw()
    );
    assert_eq!((kept.code, bench.text()), (Some(0), text));
}

#[test]
fn a_lock_tells_what_it_changes() {
    let bench = Bench::new(&["system"], &system());
    assert_eq!(bench.lock(&[]).code, Some(0));
    let newer = Deb::system().version("1.1").fields("Depends: extra\n");
    let date = [("Date", "Sun, 01 Feb 2026 00:00:00 UTC")];
    bench.archive.publish_with("tiny-security", &[newer, Deb::new("extra", &[])], &date);
    let locked = bench.lock(&[]);
    snapbox::assert_data_eq!(
        locked.stderr,
        str![[r#"
reading the index of `tiny`
reading the index of `tiny-security`
fetching one file, 369 B
fetching 2 files, 17.8 kB
putting the base together
      change  extra 1.0, new (security)
      change  system 1.0 → 1.1 (security)
    packages  2, 17.8 kB, as of 2026-02-01T00:00:00Z

"#]]
        .raw()
    );
    assert_eq!((locked.stdout.as_str(), locked.code), ("layout.lock\n", Some(0)));
    snapbox::assert_data_eq!(
        bench
            .text()
            .lines()
            .filter(|line| line.contains("version") || line.contains("epoch"))
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
        str![[r#"
version = 1
epoch = 1769904000 # 2026-02-01T00:00:00Z
version = "1.0"
version = "1.1"

"#]]
        .raw()
    );
}

#[test]
fn a_lock_that_cannot_be_read_is_made_anew() {
    let bench = Bench::new(&["system"], &system());
    bench.workspace.write("layout.lock", "<<<<<<< HEAD\n");
    let locked = bench.lock(&[]);
    snapbox::assert_data_eq!(
        locked.stderr,
        str![[r#"
note: `layout.lock` is not a lock as `vezaimg lock` writes it; it is made anew
reading the index of `tiny`
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
fn a_lock_beside_a_layout_that_cannot_be_written_to_is_told() {
    let bench = Bench::new(&["system"], &system());
    let mut command = Command::new("unshare");
    let script = "mkdir store && mount --bind . . && mount --bind store store && \
                  mount -o remount,bind,ro . . && cd \"$PWD\" && exec \"$0\" \"$@\"";
    let lock = bench.command(&[]);
    command.args(["--mount", "sh", "-c", script]).arg(lock.get_program()).args(lock.get_args());
    command.current_dir(bench.workspace.path()).env("VEZAIMG_CACHE", "store").env("VEZAIMG_SNAPSHOT", "");
    let refused = bench.outcome(&mut command);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
reading the index of `tiny`
fetching one file, 190 B
reading the index of `tiny-security`
fetching one file, 23 B
fetching one file, 14.5 kB
putting the base together
error: cannot write `layout.lock`
  cause: Read-only file system (os error 30)
  hint: the lock lies beside its layout: make that directory writable, or copy the layout elsewhere

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}

#[test]
fn the_lock_of_the_layout_in_the_program_is_not_written() {
    let workspace = Workspace::new();
    let refused = outcome(vezaimg(&workspace).arg("lock"));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: `backend-api.lock` belongs to the layout in this program and cannot be written
  hint: run `vezaimg init` first, which writes the layout and its lock to `layouts/`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}

#[test]
fn a_layout_without_base_has_nothing_to_lock() {
    let workspace = Workspace::new();
    let refused = outcome(vezaimg(&workspace).args(["lock", "--layout", "layout.toml"]));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: the layout of `small` has no [base] to lock
  hint: add `[base]` with `debian = "bookworm"` and `packages = ["systemd", …]`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}
