//! Entries by path, and the way through symbolic links.

use std::collections::{BTreeMap, btree_map};

use super::{Digest, Entry, Kind, TargetPath};

/// What is remembered of a regular file once its content has gone by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Size in bytes.
    pub size: u64,
    /// The content's sha256.
    pub sha256: Digest,
}

/// Entries by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree<F> {
    /// Boxed, for the map's nodes are little more than half full when entries come in order, as they do.
    entries: BTreeMap<TargetPath, Box<Entry<F>>>,
}

/// What the map holds.
type Boxed<F> = (TargetPath, Box<Entry<F>>);

/// Where a path leads once symbolic links are followed inside the tree.
#[derive(Debug)]
pub enum Resolved<'a, F> {
    /// To this entry, at this path.
    Entry(TargetPath, &'a Entry<F>),
    /// To nothing: the first path on the way that is not there.
    Missing(TargetPath),
    /// Round in circles, or through something that is not a directory.
    Broken(TargetPath),
}

impl<F> Default for Tree<F> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<F> Tree<F> {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an entry at a path and returns what stood there.
    pub fn insert(&mut self, path: TargetPath, entry: Entry<F>) -> Option<Entry<F>> {
        self.entries.insert(path, Box::new(entry)).map(|entry| *entry)
    }

    /// The entry at exactly this path; links are not followed.
    pub fn get(&self, path: &TargetPath) -> Option<&Entry<F>> {
        self.entries.get(path).map(Box::as_ref)
    }

    /// All entries in byte order of their paths: every directory before what it holds.
    pub fn iter(&self) -> impl Iterator<Item = (&TargetPath, &Entry<F>)> {
        self.entries.iter().map(|(path, entry)| (path, entry.as_ref()))
    }

    /// The entries below a path, in byte order.
    pub fn below<'a>(&'a self, path: &'a TargetPath) -> impl Iterator<Item = (&'a TargetPath, &'a Entry<F>)> {
        // Names that are a path's with something behind it may stand between it and what is below it.
        let first = path.join(b"\x01").ok();
        let range = first.map(|first| self.entries.range(first..)).into_iter().flatten();
        range.take_while(|(below, _)| below.is_within(path)).map(|(below, entry)| (below, entry.as_ref()))
    }

    /// The entries right in a directory, in byte order; what lies deeper is passed over, and not gone through.
    pub fn inside(&self, directory: &TargetPath) -> impl Iterator<Item = (&TargetPath, &Entry<F>)> {
        let depth = directory.as_relative().len() + usize::from(!directory.is_root());
        let mut from = directory.join(b"\x01").ok();
        let directory = directory.clone();
        std::iter::from_fn(move || {
            loop {
                let (path, entry) = self.entries.range(from.take()?..).next()?;
                if !path.is_within(&directory) {
                    return None;
                }
                let name = path.as_relative().get(depth..)?;
                // `0` comes right after the slash.
                match name.iter().position(|byte| *byte == b'/') {
                    Some(end) => from = directory.join(&[name.get(..end)?, b"0"].concat()).ok(),
                    None => {
                        from = TargetPath::from_relative(&[path.as_relative(), b"\x01"].concat()).ok();
                        return Some((path, entry.as_ref()));
                    }
                }
            }
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Follows symbolic links the way a process whose root is this tree would, the last component's included.
    /// A hard link resolves to the file that it names.
    pub fn resolve(&self, path: &TargetPath) -> Resolved<'_, F> {
        self.follow(TargetPath::root(), components(path.as_relative()))
    }

    /// Where a symbolic link of this target would lead if it stood at `path`, in a directory that no link leads to.
    pub fn resolve_link(&self, path: &TargetPath, target: &[u8]) -> Resolved<'_, F> {
        let from = path.parent().filter(|_| target.first() != Some(&b'/'));
        self.follow(from.unwrap_or_else(TargetPath::root), components(target))
    }

    /// Goes on from a directory by components, the last of which comes first.
    fn follow(&self, mut here: TargetPath, mut ahead: Vec<Vec<u8>>) -> Resolved<'_, F> {
        /// What Linux allows, `MAXSYMLINKS` in its `fs/namei.c`.
        const MOST_LINKS: usize = 40;

        let mut links = 0;
        while let Some(name) = ahead.pop() {
            if name == b".." {
                here = here.parent().unwrap_or(here);
                continue;
            }
            let Ok(next) = here.join(&name) else { return Resolved::Broken(here) };
            match self.entries.get(&next).map(|entry| &entry.kind) {
                None => return Resolved::Missing(next),
                Some(Kind::Symlink(target)) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Resolved::Broken(next);
                    }
                    if target.first() == Some(&b'/') {
                        here = TargetPath::root();
                    }
                    ahead.extend(components(target));
                }
                Some(Kind::HardLink(target)) if ahead.is_empty() => here = target.clone(),
                Some(Kind::Directory) => here = next,
                Some(_) if ahead.is_empty() => here = next,
                Some(_) => return Resolved::Broken(next),
            }
        }
        match self.entries.get(&here) {
            Some(entry) => Resolved::Entry(here, entry),
            None => Resolved::Missing(here),
        }
    }
}

/// The components of a path or a link's target, last first, without empty and `.` ones.
fn components(bytes: &[u8]) -> Vec<Vec<u8>> {
    let named = |part: &&[u8]| !part.is_empty() && *part != b".";
    bytes.split(|byte| *byte == b'/').filter(named).rev().map(<[u8]>::to_vec).collect()
}

impl<F> FromIterator<(TargetPath, Entry<F>)> for Tree<F> {
    fn from_iter<I: IntoIterator<Item = (TargetPath, Entry<F>)>>(entries: I) -> Self {
        let mut tree = Self::new();
        tree.extend(entries);
        tree
    }
}

/// Later entries take the place of earlier ones.
impl<F> Extend<(TargetPath, Entry<F>)> for Tree<F> {
    fn extend<I: IntoIterator<Item = (TargetPath, Entry<F>)>>(&mut self, entries: I) {
        self.entries.extend(entries.into_iter().map(|(path, entry)| (path, Box::new(entry))));
    }
}

impl<F> IntoIterator for Tree<F> {
    type Item = (TargetPath, Entry<F>);
    type IntoIter = std::iter::Map<btree_map::IntoIter<TargetPath, Box<Entry<F>>>, fn(Boxed<F>) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().map(|(path, entry)| (path, *entry))
    }
}
