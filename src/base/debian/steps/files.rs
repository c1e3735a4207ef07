//! Files that scripts copy from a package's templates, or make empty for others to fill.

use super::plan::{Plan, Rights};
use crate::error::Result;
use crate::rootfs::TargetPath;

/// Templates and the files that they become. None depends on the package's name: who brings the template wants the file.
const COPIES: [(&str, &str); 7] = [
    ("/usr/share/base-files/dot.bashrc", "/root/.bashrc"),
    ("/usr/share/base-files/dot.profile", "/root/.profile"),
    ("/usr/share/base-files/info.dir", "/usr/share/info/dir"),
    ("/usr/share/base-files/motd", "/etc/motd"),
    ("/usr/share/base-files/profile", "/etc/profile"),
    ("/usr/share/libc-bin/nsswitch.conf", "/etc/nsswitch.conf"),
    ("/usr/share/openssh/sshd_config", "/etc/ssh/sshd_config"),
];

/// Files whose content stands in the script itself.
const WRITTEN: [(&str, &str, &str); 4] = [
    ("libwrap0", "/etc/hosts.allow", include_str!("files/hosts.allow")),
    ("libwrap0", "/etc/hosts.deny", include_str!("files/hosts.deny")),
    ("netbase", "/etc/networks", "default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n\n"),
    ("tzdata", "/etc/timezone", "Etc/UTC\n"),
];

/// Files that begin empty.
const EMPTY: [(&str, &str, Rights); 8] = [
    ("base-files", "/var/log/btmp", Rights { mode: 0o660, owner: "root", group: "utmp" }),
    ("base-files", "/var/log/lastlog", Rights { mode: 0o664, owner: "root", group: "utmp" }),
    ("base-files", "/var/log/wtmp", Rights { mode: 0o664, owner: "root", group: "utmp" }),
    ("libpam-modules", "/etc/environment", Rights::root(0o644)),
    ("libpam-modules", "/etc/security/opasswd", Rights::root(0o600)),
    ("login", "/etc/subgid", Rights::root(0o644)),
    ("login", "/etc/subuid", Rights::root(0o644)),
    ("login", "/var/log/faillog", Rights::root(0o644)),
];

pub(super) fn wants(path: &TargetPath) -> bool {
    COPIES.iter().any(|(template, _)| TargetPath::known(template) == *path)
}

pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    for (template, path) in COPIES {
        let path = TargetPath::known(path);
        // `/usr/share/info` may have been left out of the image.
        let has_place = path.parent().is_some_and(|directory| plan.exists(&directory));
        if let (Some(content), true) = (plan.content(&TargetPath::known(template)), has_place) {
            plan.file(path, Rights::root(0o644), content)?;
        }
    }
    for (package, path, content) in WRITTEN {
        if plan.has(package) {
            plan.file(TargetPath::known(path), Rights::root(0o644), content)?;
        }
    }
    for (package, path, rights) in EMPTY {
        if plan.has(package) {
            plan.file(TargetPath::known(path), rights, "")?;
        }
    }
    Ok(())
}
