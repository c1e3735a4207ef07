//! Locks of Debian itself, by way of the machine's own mirrors. What its archive holds changes from hour to hour, so
//! that these compare nothing with anything that was fetched at another time.

use std::fs;

use snapbox::{IntoData, str};

use crate::support::locked::{Layouts, lock_of, locked, networked};
use crate::support::workspace::{Workspace, outcome};

/// A line of the error for a library of a real program, and one for a script of an essential package.
#[test]
fn what_the_default_layout_needs_at_run_time_cannot_be_left_out() {
    let workspace = Workspace::new();
    let more = "\"openssl\", \"libzstd1\", \"perl-base\"]";
    Layouts::own().edit("appliance.toml", "\"openssl\"]", more).write(&workspace);
    let refused = outcome(networked(&workspace).args(["lock", "--quiet"]));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: the base needs packages at run time that `without` leaves out
  cause: `/usr/bin/systemctl` needs the library `libzstd.so.1`, which `libzstd1` brings
  cause: `/usr/sbin/pam-auth-update` is started by `/usr/bin/perl`, which `perl-base` brings
  hint: take `libzstd1`, `perl-base` out of `without` in [base]
  hint: and add `perl-base` to `packages`: nothing else brings it
  hint: or leave the files that need them out, with `exclude-paths`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
    assert!(!workspace.join("layouts/backend-api.lock").exists());
}

/// Whatever the archive has now, a lock is from now on what it has.
#[test]
fn the_default_layouts_lock_is_text_that_reviews_well() {
    let lock = lock_of(&Layouts::own());
    let (head, packages) = lock.split_once("\n[[package]]\n").unwrap();
    let keys: Vec<_> = head.lines().map(|line| line.split('=').next().unwrap().trim()).collect();
    assert_eq!(
        keys[1..],
        ["version", "base", "architecture", "epoch", "", "[[suite]]", "name", "date", "", "[[suite]]", "name", "date"]
    );
    assert!(!lock.contains("://"), "a lock names no mirror");
    let names: Vec<_> = packages.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(names.is_sorted() && names.len() > 80, "{names:?}");
    let workspace = locked(&Layouts::own());
    let before = fs::metadata(workspace.join("layouts/backend-api.lock")).unwrap().modified().unwrap();
    // Another state of the archive may be signed at any moment: the verdict is not compared, that it writes nothing is.
    let checked = outcome(networked(&workspace).args(["lock", "--check", "--quiet"]));
    assert!(matches!(checked.code, Some(0 | 1)), "{}", checked.stderr);
    assert_eq!(fs::metadata(workspace.join("layouts/backend-api.lock")).unwrap().modified().unwrap(), before);
}
