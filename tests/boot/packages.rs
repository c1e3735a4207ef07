//! Bases made of Debian packages, which no maintainer script has seen, on a real Incus.

mod appliance;
mod balancer;
mod packaging;
mod services;
mod streamer;
mod warnings;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::{BOOT, Imported, shell};
use crate::sample::binary;
use crate::support::Instance;
use crate::support::locked::{layout_with, networked};
use crate::support::workspace::{Workspace, outcome};

/// Builds from the workspace's lock, imports, and starts a container that is running with no failed unit.
fn boot(workspace: &Workspace, arguments: &[&str], stem: &str) -> Instance<'static> {
    let mut command = networked(workspace);
    command.args(["build", "--json", "--release", "lab", "--binary"]).arg(stripped(workspace)).args(arguments);
    let outcome = outcome(&mut command);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let instance = Imported::of(workspace, outcome).boot(stem);
    assert_eq!(instance.exec(&["systemctl", "--failed", "--plain", "--no-legend"]), "");
    instance
}

/// The sample without what its debug build has for debuggers, some 18 of 21 MB: a service of a few MB, as a release is.
fn stripped(workspace: &Workspace) -> PathBuf {
    let path = workspace.join("veza-api");
    let strip = outcome(Command::new("strip").arg("-o").arg(&path).arg(binary()));
    assert_eq!(strip.code, Some(0), "{}", strip.stderr);
    path
}

/// A sorted text of a line each.
fn sorted<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> String {
    let mut lines: Vec<_> = lines.into_iter().map(|line| format!("{}\n", line.as_ref())).collect();
    lines.sort();
    lines.concat()
}
