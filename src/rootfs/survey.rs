//! What is learned of a base while it streams by: every entry's summary, and the content of a few.

use std::collections::BTreeMap;

use super::{Entry, Kind, Resolved, Summary, TargetPath, Tree, escaped};
use crate::binary::BaseView;
use crate::{Error, Result};

/// The base as a tree of summaries, checked entry by entry.
///
/// The tree is complete: it also holds what the image replaces.
#[derive(Debug)]
pub struct Survey {
    base: String,
    tree: Tree<Summary>,
    captured: BTreeMap<TargetPath, Vec<u8>>,
    newest: u64,
}

impl Survey {
    /// An empty survey of the base that messages call `base`.
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), tree: Tree::new(), captured: BTreeMap::new(), newest: 0 }
    }

    /// Checks an entry before its content is read. `replaced` tells whether the image has another in its place.
    ///
    /// # Errors
    /// The base holds the path twice; a hard link names nothing that stands before it, or something that the image
    /// replaces; a symbolic link climbs out of the root.
    pub fn admit<F>(&self, path: &TargetPath, entry: &Entry<F>, replaced: impl Fn(&TargetPath) -> bool) -> Result<()> {
        let base = &self.base;
        if self.tree.get(path).is_some() {
            return Err(Error::invalid(format!("`{base}` holds `{path}` twice"))
                .hint("no one could tell which of the two is meant; make the base again without the other"));
        }
        match &entry.kind {
            Kind::HardLink(target) => match self.tree.get(target).map(|entry| &entry.kind) {
                Some(Kind::File(_)) if replaced(target) && !replaced(path) => Err(Error::invalid(format!(
                    "`{path}` of `{base}` is a hard link to `{target}`, which the image replaces"
                ))
                .hint("make the two separate files in the base")),
                Some(Kind::File(_)) => Ok(()),
                _ => Err(Error::invalid(format!(
                    "`{path}` of `{base}` is a hard link to `{target}`, which is not a file that stands before it"
                ))
                .hint("make the base again; GNU tar and bsdtar keep hard links in order")),
            },
            Kind::Symlink(target) if climbs_out(path, target) => {
                let target = escaped(target);
                Err(Error::invalid(format!(
                    "`{path}` of `{base}` is a symbolic link to `{target}`, which leads outside the root"
                ))
                .hint("an image is only ever read below its own root; mend the link in the base"))
            }
            _ => Ok(()),
        }
    }

    /// Notes an entry whose content has been read, with that content where it was wanted.
    pub fn note(&mut self, path: TargetPath, entry: Entry<Summary>, content: Option<Vec<u8>>) {
        self.newest = self.newest.max(entry.metadata.mtime);
        if let Some(content) = content {
            self.captured.insert(path.clone(), content);
        }
        self.tree.insert(path, entry);
    }

    /// The structural check that needs the whole tree: nothing may stand below what is not a directory.
    /// Returns the directories that the base implies and does not hold, each before what it holds.
    ///
    /// # Errors
    /// An entry lies below a file, or its path goes through a symbolic link.
    pub fn missing_directories(&self) -> Result<Vec<TargetPath>> {
        let mut missing = std::collections::BTreeSet::new();
        for (path, _) in self.tree.iter() {
            for above in path.ancestors() {
                match self.tree.get(&above).map(|entry| &entry.kind) {
                    Some(Kind::Directory) => break,
                    Some(other) => {
                        return Err(Error::invalid(format!(
                            "`{path}` of `{}` lies below `{above}`, which is a {}",
                            self.base,
                            other.noun()
                        ))
                        .hint("unpacked, it would land elsewhere; make the base again"));
                    }
                    None => missing.insert(above),
                };
            }
        }
        Ok(missing.into_iter().collect())
    }

    /// What messages call the base.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The base's entries.
    pub fn tree(&self) -> &Tree<Summary> {
        &self.tree
    }

    /// The entries, without the rest.
    pub fn into_tree(self) -> Tree<Summary> {
        self.tree
    }

    /// The newest modification time, in seconds since 1970.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// The content kept of exactly this path.
    pub fn content(&self, path: &TargetPath) -> Option<&[u8]> {
        self.captured.get(path).map(Vec::as_slice)
    }

    /// Every content that was kept, by path.
    pub fn contents(&self) -> impl Iterator<Item = (&TargetPath, &[u8])> {
        self.captured.iter().map(|(path, content)| (path, content.as_slice()))
    }

    /// Where a path leads in the base, links followed.
    pub fn resolve(&self, path: &TargetPath) -> Option<(TargetPath, &Entry<Summary>)> {
        match self.tree.resolve(path) {
            Resolved::Entry(path, entry) => Some((path, entry)),
            Resolved::Missing(_) | Resolved::Broken(_) => None,
        }
    }
}

/// What the check of the binary sees of the base.
impl BaseView for Survey {
    fn resolve(&self, path: &TargetPath) -> Option<TargetPath> {
        let (path, entry) = self.resolve(path)?;
        matches!(entry.kind, Kind::File(_)).then_some(path)
    }

    fn content(&self, path: &TargetPath) -> Option<&[u8]> {
        self.content(path)
    }
}

/// Whether a relative target has more `..` than there are directories above the link. An absolute target starts at
/// the container's own root.
fn climbs_out(link: &TargetPath, target: &[u8]) -> bool {
    if target.first() == Some(&b'/') {
        return false;
    }
    let mut depth = link.ancestors().count() as i64 - 1;
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}
