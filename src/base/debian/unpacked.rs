//! What the steps see of the packages that were unpacked.

use std::collections::BTreeMap;

use super::control::{Control, SCRIPTS};
use crate::debian::Version;
use crate::rootfs::{TargetPath, Tree};

/// A package that was unpacked.
#[derive(Clone, Debug)]
pub(super) struct Unpacked {
    /// Its name.
    pub(super) name: String,
    /// Its version.
    pub(super) version: Version,
    /// Debian's name of its architecture, or `all`.
    pub(super) architecture: String,
    /// Its control data.
    pub(super) control: Control,
    /// Its maintainer scripts, by name.
    pub(super) scripts: BTreeMap<String, String>,
    /// Every path as the package has it, with its place in the image, in the package's order. Not all of them are in the
    /// tree: a directory may have been left out because nothing is in it.
    pub(super) paths: Vec<(TargetPath, TargetPath)>,
    /// The MD5 of configuration files as the package has them, by path.
    pub(super) conffiles: BTreeMap<TargetPath, [u8; 16]>,
}

impl Unpacked {
    /// A package of which nothing has been unpacked yet.
    pub(super) fn new(name: String, version: Version, architecture: String, control: Control) -> Self {
        let scripts = SCRIPTS.into_iter().filter(|script| control.files.contains_key(*script));
        let scripts = scripts.map(|script| (script.to_owned(), control.text(script))).collect();
        Self { name, version, architecture, control, scripts, paths: Vec::new(), conffiles: BTreeMap::new() }
    }

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
    /// Entries that a step withholds, in the same form; their content is among `contents`.
    pub(super) withheld: Tree<u64>,
    /// Contents that a step wanted, of files that are in the tree or were left out of it.
    pub(super) contents: BTreeMap<TargetPath, Vec<u8>>,
}
