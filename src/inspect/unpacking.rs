//! What entries come to one after the other, as GNU tar unpacks them, by which Incus makes a root file system of an
//! archive: a path that comes again names another file from then on, and other names of the first keep the first.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::budget::Budget;
use crate::Result;
use crate::rootfs::{Entry, Kind, Metadata, Mode, Summary, TargetPath, Tree, Xattrs};

/// Paths that come twice are told by name up to so many, and so are those of which readers may make different things.
pub(super) const MOST_TOLD: usize = 20;

/// An entry of which readers of the archive may make different things, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ambiguous {
    /// Where it is.
    pub path: String,
    /// The end of a sentence that begins with the path.
    pub why: String,
}

/// What was read of a file.
pub(super) struct Content {
    pub(super) summary: Summary,
    /// All of it, where it is kept.
    pub(super) text: Option<Vec<u8>>,
}

/// What all entries came to.
#[derive(Default)]
pub(super) struct Unpacked {
    /// Entries by path, and the directories that they imply. Of a file's names the one that came first has its summary, and
    /// all others lead to that.
    pub(super) tree: Tree<Summary>,
    pub(super) texts: BTreeMap<TargetPath, Vec<u8>>,
    /// Files whose body is not that of the one entry of their path: which entry's it is.
    pub(super) bodies: BTreeMap<TargetPath, u64>,
    pub(super) twice: Vec<String>,
    pub(super) ambiguous: Vec<Ambiguous>,
}

/// Entries that go on coming.
#[derive(Default)]
pub(super) struct Unpacking {
    tree: Tree<Name>,
    files: Vec<File>,
    /// Directories that no entry has named so far, and some need.
    implied: BTreeSet<TargetPath>,
    /// Paths that came more than once.
    repeated: BTreeSet<TargetPath>,
    twice: Vec<String>,
    ambiguous: Vec<Ambiguous>,
    /// How many entries came.
    order: u64,
    /// Bytes of the texts.
    kept: u64,
}

/// A name of a file: which file of those that came, and as which entry the name came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    file: usize,
    order: u64,
}

/// A file apart from its names.
struct File {
    content: Content,
    /// As which entry its body came.
    order: u64,
    names: usize,
    /// What stood beside its first name, once that is another file's: the entries of other names say nothing of it.
    metadata: Option<Metadata>,
}

impl Unpacking {
    /// Bytes of the texts that are kept.
    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// It needs more than is looked at.
    pub(super) fn put(&mut self, path: TargetPath, entry: Entry<Content>, budget: &mut Budget<'_>) -> Result<()> {
        let order = self.order;
        self.order += 1;
        let Entry { mut metadata, kind } = entry;
        let kind = match kind {
            Kind::HardLink(target) => {
                let is_itself = target == path && self.tree.get(&path).is_some();
                if is_itself || self.is_same_file(&path, &target) {
                    return Ok(());
                }
                match self.link(&path, target, order) {
                    // What is linked is the thing itself, with all that belongs to it.
                    (kind @ (Kind::Symlink(_) | Kind::Fifo), Some(of_target)) => {
                        budget.names(size(&kind) + xattrs_size(&of_target))?;
                        metadata = of_target;
                        kind
                    }
                    (kind, _) => kind,
                }
            }
            kind => kind.map(|content| self.file(content, order)),
        };
        self.imply(&path, budget)?;
        let is_directory = kind == Kind::Directory;
        let before = self.tree.insert(path.clone(), Entry { metadata, kind });
        let was_directory = match &before {
            Some(before) => before.kind == Kind::Directory,
            None => self.implied.contains(&path),
        };
        self.implied.remove(&path);
        // Archives name a directory again before what is in it.
        if is_directory && was_directory {
            return Ok(());
        }
        if was_directory && self.tree.below(&path).next().is_some() {
            self.doubt(&path, "takes the place of a directory that holds something".to_owned());
        }
        let Some(before) = before else { return Ok(()) };
        if self.twice.len() < MOST_TOLD {
            self.twice.push(path.to_string());
        }
        if let Kind::File(name) = before.kind {
            self.unname(name, before.metadata);
        }
        budget.names(path.as_relative().len())?;
        self.repeated.insert(path);
        Ok(())
    }

    /// Remembers a file whose first name comes now.
    fn file(&mut self, content: Content, order: u64) -> Name {
        self.kept += content.text.as_ref().map_or(0, |text| text.len() as u64);
        self.files.push(File { content, order, names: 1, metadata: None });
        Name { file: self.files.len() - 1, order }
    }

    fn is_same_file(&self, path: &TargetPath, target: &TargetPath) -> bool {
        let file = |path| match self.tree.get(path)?.kind {
            Kind::File(name) => Some(name.file),
            _ => None,
        };
        file(path).is_some_and(|it| file(target) == Some(it))
    }

    /// What a hard link is by what its target is now, with the target's metadata.
    fn link(&mut self, path: &TargetPath, target: TargetPath, order: u64) -> (Kind<Name>, Option<Metadata>) {
        let why = match self.tree.get(&target) {
            Some(Entry { kind: Kind::File(name), .. }) => {
                let file = name.file;
                self.files[file].names += 1;
                return (Kind::File(Name { file, order }), None);
            }
            Some(entry @ Entry { kind: Kind::Symlink(_) | Kind::Fifo, .. }) => {
                return (entry.kind.clone(), Some(entry.metadata.clone()));
            }
            Some(Entry { kind: Kind::Directory, .. }) => format!("is a hard link to `{target}`, which is a directory"),
            _ => format!("is a hard link to `{target}`, which is not there when it comes"),
        };
        self.doubt(path, why);
        (Kind::HardLink(target), None)
    }

    /// Takes a name from a file.
    fn unname(&mut self, name: Name, metadata: Metadata) {
        let file = &mut self.files[name.file];
        file.names -= 1;
        if name.order == file.order {
            file.metadata = Some(metadata);
        }
        if file.names == 0
            && let Some(text) = file.content.text.take()
        {
            self.kept -= text.len() as u64;
        }
    }

    /// Remembers the directories that an entry needs and none has named, as tar makes them. What is above one that is known
    /// has been looked at before.
    fn imply(&mut self, path: &TargetPath, budget: &mut Budget<'_>) -> Result<()> {
        for above in path.ancestors().take_while(|above| !above.is_root()) {
            match self.tree.get(&above).map(|entry| entry.kind.noun()) {
                Some("directory") => break,
                Some(noun) => {
                    self.doubt(path, format!("comes below `{above}`, which is a {noun} when it comes"));
                    break;
                }
                None if self.implied.contains(&above) => break,
                None => {
                    budget.entry(above.as_relative().len())?;
                    self.implied.insert(above);
                }
            }
        }
        Ok(())
    }

    fn doubt(&mut self, path: &TargetPath, why: String) {
        if self.ambiguous.len() < MOST_TOLD {
            self.ambiguous.push(Ambiguous { path: path.to_string(), why });
        }
    }

    /// What it all came to.
    ///
    /// # Errors
    /// It needs more than is looked at.
    pub(super) fn finish(mut self, budget: &mut Budget<'_>) -> Result<Unpacked> {
        let firsts = self.firsts();
        let mut unpacked = Unpacked::default();
        for (path, Entry { mut metadata, kind }) in std::mem::take(&mut self.tree) {
            let settled = kind.try_map(|name| match firsts.get(&name.file) {
                Some((order, first)) if *order != name.order => Err(first.clone()),
                _ => Ok(self.settle(&path, name, &mut metadata, &mut unpacked)),
            });
            let kind = match settled {
                Ok(kind) => kind,
                Err(first) => {
                    budget.names(first.as_relative().len())?;
                    Kind::HardLink(first)
                }
            };
            unpacked.tree.insert(path, Entry { metadata, kind });
        }
        let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
        let directory = Entry { metadata, kind: Kind::Directory };
        unpacked.tree.extend(self.implied.into_iter().map(|path| (path, directory.clone())));
        (unpacked.twice, unpacked.ambiguous) = (self.twice, self.ambiguous);
        Ok(unpacked)
    }

    /// Gives a file to the first of its names.
    fn settle(&mut self, path: &TargetPath, name: Name, metadata: &mut Metadata, unpacked: &mut Unpacked) -> Summary {
        let file = &mut self.files[name.file];
        let (order, summary) = (file.order, file.content.summary);
        if order != name.order || self.repeated.contains(path) {
            unpacked.bodies.insert(path.clone(), order);
        }
        unpacked.texts.extend(file.content.text.take().map(|text| (path.clone(), text)));
        if let Some(of_file) = file.metadata.take() {
            *metadata = of_file;
            self.doubt(path, "keeps the file of a path that comes again".to_owned());
        }
        summary
    }

    /// Of the files with several names the one that came first.
    fn firsts(&self) -> BTreeMap<usize, (u64, TargetPath)> {
        let mut firsts: BTreeMap<usize, (u64, TargetPath)> = BTreeMap::new();
        for (path, entry) in self.tree.iter() {
            let Kind::File(name) = entry.kind else { continue };
            if self.files[name.file].names > 1 && firsts.get(&name.file).is_none_or(|(order, _)| name.order < *order) {
                firsts.insert(name.file, (name.order, path.clone()));
            }
        }
        firsts
    }
}

/// Bytes that an entry takes beside its path.
pub(super) fn size<F>(kind: &Kind<F>) -> usize {
    match kind {
        Kind::Symlink(target) => target.len(),
        Kind::HardLink(target) => target.as_relative().len(),
        Kind::Directory | Kind::File(_) | Kind::Fifo => 0,
    }
}

/// Bytes of extended attributes.
pub(super) fn xattrs_size(metadata: &Metadata) -> usize {
    metadata.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum()
}
