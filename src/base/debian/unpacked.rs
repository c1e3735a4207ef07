//! What the steps see of the packages that were unpacked.

use std::collections::BTreeMap;

use crate::debian::Version;
use crate::rootfs::{TargetPath, Tree};

/// A package that was unpacked.
#[derive(Clone, Debug)]
pub(super) struct Unpacked {
    /// Its name.
    pub(super) name: String,
    /// Its version.
    pub(super) version: Version,
    /// Its maintainer scripts, by name.
    pub(super) scripts: BTreeMap<String, String>,
}

impl Unpacked {
    /// A maintainer script as text; empty if it has none of that name.
    pub(super) fn script(&self, name: &str) -> &str {
        self.scripts.get(name).map_or("", String::as_str)
    }
}

/// The tree so far, in the order in which packages were unpacked.
#[derive(Debug, Default)]
pub(super) struct System {
    /// The packages, by name.
    pub(super) packages: BTreeMap<String, Unpacked>,
    /// Every entry that went into the image, by its place after the merger of `/usr`; files by their size in bytes.
    pub(super) tree: Tree<u64>,
    /// Entries that a step makes in the package's place; their content is among `contents`.
    pub(super) withheld: Tree<u64>,
    /// Contents that a step wanted, of files that are in the tree or were left out of it.
    pub(super) contents: BTreeMap<TargetPath, Vec<u8>>,
}
