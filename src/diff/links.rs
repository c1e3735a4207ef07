//! Hard links: which name of a file an archive calls the file, and which only links to it, depends on the archive's order.

use std::collections::BTreeMap;

use crate::rootfs::{Entry, Kind, Summary, TargetPath, Tree};

/// A tree in which the first name of every file, in byte order, is the file.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) tree: Tree<Summary>,
    /// The archive's own names of the files that it calls otherwise.
    own: BTreeMap<TargetPath, TargetPath>,
}

impl Linked {
    pub(super) fn of(tree: &Tree<Summary>) -> Self {
        let mut names: BTreeMap<&TargetPath, Vec<&TargetPath>> = BTreeMap::new();
        for (path, entry) in tree.iter() {
            if let Kind::HardLink(file) = &entry.kind {
                names.entry(file).or_default().push(path);
            }
        }
        let mut linked = Self { tree: tree.clone(), own: BTreeMap::new() };
        for (file, links) in names {
            let Some(entry) = tree.get(file) else { continue };
            // They come in byte order.
            let first = links.first().copied().filter(|first| *first < file).unwrap_or(file);
            for name in links.into_iter().chain([file]) {
                linked.tree.insert(name.clone(), if name == first { entry.clone() } else { link(entry, first) });
            }
            if first != file {
                linked.own.insert(first.clone(), file.clone());
            }
        }
        linked
    }

    /// What the archive calls a file.
    pub(super) fn own_name<'a>(&'a self, path: &'a TargetPath) -> &'a TargetPath {
        self.own.get(path).unwrap_or(path)
    }
}

/// Another name of a file, which has the file's metadata, whatever an archive says; its attributes stand once.
fn link(entry: &Entry<Summary>, file: &TargetPath) -> Entry<Summary> {
    let mut metadata = entry.metadata.clone();
    metadata.xattrs.clear();
    Entry { metadata, kind: Kind::HardLink(file.clone()) }
}
