//! What the packages' scripts would have done, declared: each step a function of what was unpacked.
//!
//! ```text
//! System ─▶ accounts ─▶ overrides ─▶ directories ─▶ files, shells ─▶ pam ─▶ certificates ─▶ alternatives ─▶ units ─▶ host keys
//!           who there   another      that packages  from            common-*                what a name              at the
//!           is          owner, mode  rely on        templates                               stands for               first boot
//! ```
//!
//! A step makes what a script would have made on a new system, and nothing where a package already has something. What
//! belongs to a running machine (caches, keys, logs of installations) is left to it. What Debian's own tools make of the
//! same packages is the measure: `tests/fidelity` compares the two.

mod accounts;
mod alternatives;
mod certificates;
mod directories;
mod files;
mod host_keys;
mod overrides;
mod pam;
mod plan;
mod shells;
#[cfg(test)]
mod tests;
mod undone;
mod units;

use self::accounts::Accounts;
use self::plan::Plan;
pub(super) use self::undone::undone;
use super::unpacked::System;
use crate::error::Result;
use crate::rootfs::{Entry, TargetPath};

/// The most bytes of a file that a step reads: templates, units and certificates have a few thousand.
const MOST_BYTES: u64 = 1 << 20;

/// Whether a step needs the content of this file, of so many bytes.
pub(super) fn wants(path: &TargetPath, size: u64) -> bool {
    let wanted = [accounts::wants, certificates::wants, files::wants, pam::wants, shells::wants, units::wants];
    size <= MOST_BYTES && wanted.iter().any(|wants| wants(path))
}

/// Whether a step makes this entry in the package's place.
pub(super) fn withholds(path: &TargetPath) -> bool {
    overrides::withholds(path) || directories::withholds(path)
}

/// What the steps add, sorted by path. `epoch` is the time of all of it, in seconds since 1970.
///
/// # Errors
/// [`Invalid`](crate::error::Class::Invalid) if a file of a package that a step reads is not what its format says.
pub(super) fn run(system: &System, epoch: u64) -> Result<Vec<(TargetPath, Entry<Vec<u8>>)>> {
    let accounts = Accounts::of(system)?;
    let mut plan = Plan::new(system, &accounts, epoch);
    accounts.plan(&mut plan)?;
    overrides::plan(&mut plan)?;
    directories::plan(&mut plan)?;
    files::plan(&mut plan)?;
    shells::plan(&mut plan)?;
    pam::plan(&mut plan)?;
    certificates::plan(&mut plan)?;
    alternatives::plan(&mut plan)?;
    units::plan(&mut plan)?;
    host_keys::plan(&mut plan)?;
    Ok(plan.finish())
}

/// The text of a file of a package.
fn text<'a>(path: &TargetPath, content: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(content).map_err(|error| unsound(path, "is not UTF-8").cause(error))
}

/// A package's file is not what its format says.
fn unsound(path: &TargetPath, what: impl std::fmt::Display) -> crate::error::Error {
    crate::error::Error::invalid(format!("`{path}` {what}"))
        .hint("the file comes from one of the packages: leave that package out, or report it to Debian")
}
