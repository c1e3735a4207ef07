//! The layer: everything that the image holds on top of its base, as a pure tree of entries.
//!
//! ```text
//! Layout ─┬▶ owned paths ──▶ left out of the base's segment
//!         │
//! Survey ─┴▶ accounts ─▶ entries ─▶ service ─▶ network ─▶ Tree<Content>
//! ```

mod accounts;
mod network;
mod plant;
mod service;
mod system;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::Result;
use crate::binary::Binary;
use crate::layout::Layout;
use crate::rootfs::{Digest, Summary, Survey, TargetPath, Tree};
use plant::Planter;
pub(crate) use service::unit_path;
pub(crate) use system::hosts;

/// Where a file of the layer has its content from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file of the build machine, streamed when the image is written. It must still be what it was when it was
    /// checked.
    Host {
        /// Its path on the build machine.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The sha256 of what was checked.
        sha256: Digest,
    },
}

impl Content {
    /// Its size and its digest.
    pub fn summary(&self) -> Summary {
        match self {
            Self::Bytes(bytes) => Summary { size: bytes.len() as u64, sha256: Digest::of_bytes(bytes) },
            Self::Host { path: _, size, sha256 } => Summary { size: *size, sha256: *sha256 },
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Host { size, .. } => *size,
        }
    }
}

/// The layer, and what a person should know of how it fits its base.
#[derive(Debug)]
pub struct Layer {
    /// The entries, none of them in the base's segment.
    pub tree: Tree<Content>,
    /// What was done because of the base, a sentence each.
    pub notes: Vec<String>,
}

/// Paths that vezaimg writes in every image of this layout, each with what to say to a layout that wants to write it
/// too.
pub(crate) fn generated(layout: &Layout) -> BTreeMap<TargetPath, &'static str> {
    let mut paths: BTreeMap<_, _> = system::PATHS.iter().map(|(path, hint)| (TargetPath::known(path), *hint)).collect();
    paths.extend(service::paths(layout));
    paths.extend(network::path(layout));
    paths
}

/// Paths that never stand in the base's segment, since the layer may write them.
pub fn owned(layout: &Layout) -> BTreeSet<TargetPath> {
    let mut owned: BTreeSet<_> = generated(layout).into_keys().collect();
    owned.extend(layout.directories.iter().map(|entry| entry.path.value.clone()));
    owned.extend(layout.files.iter().map(|entry| entry.path.value.clone()));
    owned.extend(layout.links.iter().map(|entry| entry.path.value.clone()));
    owned.extend(layout.binary.iter().map(|binary| binary.path.value.clone()));
    owned
}

/// Whether the content of this file of the base, of so many bytes, is needed to make the layer.
pub fn wants(path: &TargetPath, size: u64) -> bool {
    system::wants(path) || service::wants(path, size)
}

/// Whether a base is a root file system that can be booted.
///
/// # Errors
/// It has no accounts, no systemd, or nothing that Incus could start.
pub fn check(survey: &Survey) -> Result<()> {
    system::check(survey)
}

/// Makes the layer for a base.
///
/// # Errors
/// The base is not a root file system with systemd, an account clashes with one of the base's, or a path of the
/// layout is something else in the base. All clashes of a kind are told at once.
pub fn assemble(layout: &Layout, binary: Option<&Binary>, survey: &Survey) -> Result<Layer> {
    check(survey)?;
    let missing = survey.missing_directories()?;
    let mut planter = Planter::new(survey);
    for directory in missing {
        planter.directory(directory, plant::ROOT_DIRECTORY);
    }
    system::plant(&mut planter, layout, survey)?;
    plant::entries(&mut planter, layout, binary);
    service::plant(&mut planter, layout, survey);
    network::plant(&mut planter, layout, survey)?;
    let notes = service::notes(layout, survey).into_iter().chain(system::notes(survey)).collect();
    Ok(Layer { tree: planter.finish()?, notes })
}
