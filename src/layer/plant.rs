//! Putting entries where the base lets them stand.

use std::collections::BTreeMap;

use super::Content;
use crate::binary::Binary;
use crate::layout::{Access, Layout};
use crate::rootfs::{Entry, Kind, Metadata, Mode, Survey, TargetPath, Tree, Xattrs};
use crate::{Error, Result};

/// Root's own, as most files of a system are.
pub(super) const ROOT_FILE: Access = Access { uid: 0, gid: 0, mode: Mode::from_bits(0o644) };
/// Root's own, as most directories of a system are.
pub(super) const ROOT_DIRECTORY: Access = Access { uid: 0, gid: 0, mode: Mode::from_bits(0o755) };
/// A symbolic link's mode says nothing.
const LINK: Access = Access { uid: 0, gid: 0, mode: Mode::from_bits(0o777) };

/// The layer as it grows. Times are the writer's to set: every entry of a layer bears the epoch.
pub(super) struct Planter<'a> {
    survey: &'a Survey,
    tree: Tree<Content>,
    faults: Vec<String>,
    passages: BTreeMap<TargetPath, TargetPath>,
}

impl<'a> Planter<'a> {
    pub(super) fn new(survey: &'a Survey) -> Self {
        Self { survey, tree: Tree::new(), faults: Vec::new(), passages: BTreeMap::new() }
    }

    pub(super) fn directory(&mut self, path: TargetPath, access: Access) {
        self.entry(path, access, Xattrs::new(), Kind::Directory);
    }

    pub(super) fn file(&mut self, path: TargetPath, access: Access, content: Content) {
        self.entry(path, access, Xattrs::new(), Kind::File(content));
    }

    pub(super) fn link(&mut self, path: TargetPath, target: impl Into<Vec<u8>>) {
        self.entry(path, LINK, Xattrs::new(), Kind::Symlink(target.into()));
    }

    /// Another content for a file of the base, whose mode, owner and extended attributes stay.
    pub(super) fn rewritten(&mut self, path: TargetPath, default: Access, content: Vec<u8>) {
        let there = self.survey.tree().get(&path).map(|entry| &entry.metadata);
        let access = there.map_or(default, |meta| Access { uid: meta.uid, gid: meta.gid, mode: meta.mode });
        let xattrs = there.map(|meta| meta.xattrs.clone()).unwrap_or_default();
        self.entry(path, access, xattrs, Kind::File(Content::Bytes(content)));
    }

    fn entry(&mut self, path: TargetPath, access: Access, xattrs: Xattrs, kind: Kind<Content>) {
        self.parents(&path);
        if let Some(there) = self.survey.tree().get(&path).map(|entry| &entry.kind) {
            let fits = matches!(there, Kind::Directory) == matches!(kind, Kind::Directory);
            if !fits {
                self.faults.push(format!(
                    "`{path}` is a {} in the layout and a {} in the base",
                    kind.noun(),
                    there.noun()
                ));
            }
        }
        self.insert(path, access, xattrs, kind);
    }

    fn insert(&mut self, path: TargetPath, access: Access, xattrs: Xattrs, kind: Kind<Content>) {
        let metadata = Metadata { mode: access.mode, uid: access.uid, gid: access.gid, mtime: 0, xattrs };
        self.tree.insert(path, Entry { metadata, kind });
    }

    /// Sees to it that every directory above a path is there, in the base or in the layer.
    fn parents(&mut self, path: &TargetPath) {
        for above in path.ancestors() {
            if self.tree.get(&above).is_some() {
                continue;
            }
            match self.survey.tree().get(&above).map(|entry| &entry.kind) {
                Some(Kind::Directory) => {}
                Some(Kind::Symlink(_)) => {
                    if let Some((target, _)) = self.survey.resolve(&above) {
                        self.passages.insert(above, target);
                    } else {
                        self.faults
                            .push(format!("`{path}` goes through `{above}`, a broken symbolic link of the base"));
                    }
                }
                Some(other) => {
                    self.faults.push(format!("`{path}` lies below `{above}`, which is a {} in the base", other.noun()));
                }
                None => self.insert(above, ROOT_DIRECTORY, Xattrs::new(), Kind::Directory),
            }
        }
    }

    /// The finished layer.
    ///
    /// # Errors
    /// Some path does not fit the base; all of them are told.
    pub(super) fn finish(mut self) -> Result<Tree<Content>> {
        let mut hints = Vec::new();
        for (link, target) in &self.passages {
            self.faults.push(format!("a path of the layout goes through `{link}`, a symbolic link of the base"));
            hints.push(format!("write `{target}` instead of `{link}`"));
        }
        if self.faults.is_empty() {
            return Ok(self.tree);
        }
        self.faults.dedup();
        let error = Error::invalid(format!("the layout does not fit the base `{}`", self.survey.base()));
        let error = self.faults.into_iter().fold(error, Error::cause);
        Err(hints.into_iter().fold(error, Error::hint))
    }
}

/// What the layout lists: directories, files, links and the binary.
pub(super) fn entries(planter: &mut Planter<'_>, layout: &Layout, binary: Option<&Binary>) {
    for directory in &layout.directories {
        planter.directory(directory.path.value.clone(), directory.access);
    }
    for file in &layout.files {
        planter.file(file.path.value.clone(), file.access, Content::Bytes(file.content.clone()));
    }
    for link in &layout.links {
        planter.link(link.path.value.clone(), link.target.as_bytes());
    }
    if let Some((program, binary)) = layout.binary.as_ref().zip(binary) {
        let content = Content::Host { path: binary.path.clone(), size: binary.size, sha256: binary.sha256 };
        planter.file(program.path.value.clone(), program.access, content);
    }
}
