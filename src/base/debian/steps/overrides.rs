//! Entries of packages that get another owner and mode: what scripts do with `dpkg-statoverride`, chown and chmod.

use super::plan::{Plan, Rights};
use crate::error::Result;
use crate::rootfs::TargetPath;

struct Override {
    package: &'static str,
    path: &'static str,
    rights: Rights,
    /// Whether dpkg is told, so that an upgrade keeps it: `dpkg-statoverride --add`.
    registered: bool,
}

const OVERRIDES: [Override; 4] = [
    Override {
        package: "apt",
        path: "/var/cache/apt/archives/partial",
        rights: Rights { mode: 0o700, owner: "_apt", group: "root" },
        registered: false,
    },
    Override {
        package: "apt",
        path: "/var/lib/apt/lists/partial",
        rights: Rights { mode: 0o700, owner: "_apt", group: "root" },
        registered: false,
    },
    Override {
        package: "openssh-client",
        path: "/usr/bin/ssh-agent",
        rights: Rights { mode: 0o2755, owner: "root", group: "_ssh" },
        registered: false,
    },
    Override {
        package: "dbus",
        path: "/usr/lib/dbus-1.0/dbus-daemon-launch-helper",
        rights: Rights { mode: 0o4754, owner: "root", group: "messagebus" },
        registered: true,
    },
];

pub(super) fn withholds(path: &TargetPath) -> bool {
    OVERRIDES.iter().any(|known| TargetPath::known(known.path) == *path)
}

/// The format of `statoverride`, after dpkg's `lib/dpkg/db-fsys-override.c`: owner, group, mode in octal, path.
pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    let mut registered = String::new();
    for Override { package, path, rights, registered: tell } in &OVERRIDES {
        // Another package's file of that name keeps what it came with only if it can: then root owns it.
        let rights = if plan.has(package) { *rights } else { Rights::root(rights.mode & 0o755) };
        plan.withheld(TargetPath::known(path), rights)?;
        if *tell && plan.has(package) {
            registered.push_str(&format!("{} {} {:o} {path}\n", rights.owner, rights.group, rights.mode));
        }
    }
    // dpkg's database begins with an empty one.
    if plan.has("dpkg") && !registered.is_empty() {
        plan.file(TargetPath::known("/var/lib/dpkg/statoverride"), Rights::root(0o644), registered)?;
    }
    Ok(())
}
