//! SSH host keys, which `openssh-server` makes as it is installed and which no image may hold: a service makes them at
//! a container's first boot. It has the name of the one that OpenSSH's packages of Fedora, and later ones of Debian,
//! bring themselves.
//!
//! It is a unit of its own and no drop-in of `ssh.service`, whose `ExecStartPre=` checks the keys: a drop-in could only
//! run after that, or would have to repeat it.

use super::plan::{Plan, Rights};
use crate::error::Result;
use crate::rootfs::TargetPath;

const UNIT: &str = "/usr/lib/systemd/system/sshd-keygen.service";
/// Wanted by each unit that may start sshd, of which a layout may switch on the one or the other.
const LINKS: [&str; 2] = [
    "/usr/lib/systemd/system/ssh.service.wants/sshd-keygen.service",
    "/usr/lib/systemd/system/ssh.socket.wants/sshd-keygen.service",
];

pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    if !plan.has("openssh-server") || plan.exists(&TargetPath::known(UNIT)) {
        return Ok(());
    }
    plan.file(TargetPath::known(UNIT), Rights::root(0o644), include_str!("host_keys/sshd-keygen.service"))?;
    for link in LINKS {
        plan.link(TargetPath::known(link), "../sshd-keygen.service")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
