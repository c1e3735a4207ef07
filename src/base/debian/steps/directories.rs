//! Directories and links that packages expect to be there, and make in their scripts.

use super::plan::{Plan, Rights};
use crate::error::Result;
use crate::rootfs::TargetPath;

/// A package's directories.
const DIRECTORIES: [(&str, &[&str]); 2] = [
    (
        "base-files",
        &[
            "/etc/opt",
            "/media",
            "/mnt",
            "/opt",
            "/srv",
            "/usr/local",
            "/usr/local/bin",
            "/usr/local/etc",
            "/usr/local/games",
            "/usr/local/include",
            "/usr/local/lib",
            "/usr/local/sbin",
            "/usr/local/share",
            "/usr/local/share/man",
            "/usr/local/src",
            "/var/opt",
        ],
    ),
    ("ca-certificates", &["/usr/local/share/ca-certificates"]),
];

/// Directories with rights of their own.
const SPECIAL: [(&str, &str, Rights); 3] = [
    ("base-files", "/run/lock", Rights::root(0o1777)),
    ("base-files", "/var/mail", Rights { mode: 0o2775, owner: "root", group: "mail" }),
    // The journal is kept on disk because this directory is there, journald.conf(5).
    ("systemd", "/var/log/journal", Rights { mode: 0o2755, owner: "root", group: "systemd-journal" }),
];

/// Symbolic links. A link to a path in [`REPLACED`] takes the place of the package's own directory.
const LINKS: [(&str, &str, &str); 7] = [
    ("base-files", "/usr/local/man", "share/man"),
    ("base-files", "/var/lock", "/run/lock"),
    ("base-files", "/var/run", "/run"),
    ("base-files", "/var/spool/mail", "../mail"),
    ("base-files", "/etc/dpkg/origins/default", "debian"),
    ("systemd-resolved", "/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf"),
    ("tzdata", "/etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
];

/// Directories of `base-files` that its script turns into links.
const REPLACED: [&str; 2] = ["/var/lock", "/var/run"];

pub(super) fn withholds(path: &TargetPath) -> bool {
    REPLACED.iter().any(|known| TargetPath::known(known) == *path)
}

pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    for (package, directories) in DIRECTORIES {
        for path in directories.iter().filter(|_| plan.has(package)).collect::<Vec<_>>() {
            plan.directory(TargetPath::known(path), Rights::root(0o755))?;
        }
    }
    for (package, path, rights) in SPECIAL {
        if plan.has(package) {
            plan.directory(TargetPath::known(path), rights)?;
        }
    }
    for (package, path, target) in LINKS {
        if plan.has(package) {
            plan.link(TargetPath::known(path), target)?;
        }
    }
    Ok(())
}
