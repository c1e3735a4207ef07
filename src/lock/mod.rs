//! `layouts/NAME.lock`: the Debian packages underneath a layout's image, pinned by content.
//!
//! A lock is text that reviews well: TOML, sorted, a key a line, no URL. Paths are below a mirror of their suite.
//!
//! ```toml
//! version = 1
//! base = "…"                       # sha256 of the layout's [base]: `checksum` below
//! architecture = "amd64"
//! epoch = 1784000000               # 2026-07-14T03:33:20Z: the newest date of its suites
//!
//! [[suite]]
//! name = "bookworm"
//! date = "2026-07-11T10:16:37Z"    # of its InRelease
//!
//! [[package]]
//! name = "base-files"
//! version = "12.4+deb12u15"
//! architecture = "amd64"
//! suite = "bookworm"
//! file = "pool/main/b/base-files/base-files_12.4+deb12u15_amd64.deb"
//! size = 70636
//! sha256 = "…"
//! ```

mod changes;
pub mod needs;
mod of_layout;
mod packages;

mod read;
#[cfg(test)]
mod tests;
mod write;

use sha2::{Digest as _, Sha256};

pub use changes::Change;
pub use packages::archives;

use crate::debian::Package;
use crate::image::Epoch;
use crate::layout::DebianBase;
use crate::rootfs::Digest;

/// The format that this program writes, and the newest that it reads.
const FORMAT: i64 = 1;

/// What a lock pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The [`checksum`] of the `[base]` that it was made from.
    pub base: Digest,
    /// Debian's name of the architecture.
    pub architecture: String,
    /// The newest date of its suites.
    pub epoch: Epoch,
    /// The suites, the release's own first.
    pub suites: Vec<Suite>,
    /// The packages, by name.
    pub packages: Vec<Package>,
}

/// A suite at the time of the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name, such as `bookworm-security`.
    pub name: String,
    /// The date of its InRelease.
    pub date: Epoch,
}

/// The sha256 of what a layout's `[base]` says about the content: the release, components, packages, those left out,
/// and the paths left out, in the order in which they stand there. Where it is fetched from makes no difference.
pub fn checksum(base: &DebianBase) -> Digest {
    let mut sha256 = Sha256::new();
    let DebianBase { debian, components, packages, without, exclude_paths, mirrors: _ } = base;
    let debian = std::slice::from_ref(debian);
    for (key, values) in [
        ("debian", debian),
        ("components", components),
        ("packages", packages),
        ("without", without),
        ("exclude-paths", exclude_paths),
    ] {
        sha256.update(format!("{key} {}\n", values.len()));
        values.iter().for_each(|value| sha256.update(format!("{} {value}\n", value.len())));
    }
    Digest(sha256.finalize().into())
}
