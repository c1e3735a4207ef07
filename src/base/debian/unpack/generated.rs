//! What goes into the image apart from packages' own entries: directories above those, the links into `/usr`, and what
//! steps and dpkg's database add.

use std::collections::BTreeMap;

use super::Unpacker;
use crate::base::Dropped;
use crate::base::debian::place::below_usr;
use crate::base::debian::unpacked::System;
use crate::error::{Error, Result};
use crate::rootfs::{Body, Entry, Kind, Metadata, Mode, TargetPath, Xattrs};

impl Unpacker<'_> {
    /// Ends the packages' part: the links into `/usr` are made and the whole is known. `name` is what messages call the
    /// packages' lock.
    ///
    /// # Errors
    /// Packages share paths, or the sink says so.
    pub(in crate::base::debian) fn finish(&mut self, name: &str) -> Result<&System> {
        if let Some(error) = std::mem::take(&mut self.conflicts).into_error(name) {
            return Err(error);
        }
        for top in std::mem::take(&mut self.merged) {
            let link = TargetPath::known(top);
            let directory = below_usr(link.clone());
            self.directory(&directory, name)?;
            let kind = Kind::Symlink(directory.as_relative().to_vec());
            self.add(link, Entry { metadata: self.metadata(0o777), kind })?;
        }
        for (path, (metadata, target)) in std::mem::take(&mut self.left_out) {
            if self.standing(&path).is_none() && self.leads_to_what_was_taken_back(&path, &target) {
                self.parents(&path, name)?;
                self.emit(path, metadata, Kind::Symlink(target))?;
            }
        }
        let packages = std::mem::take(&mut self.packages);
        self.system.packages =
            packages.into_iter().map(|package| (package.name.clone(), package)).collect::<BTreeMap<_, _>>();
        Ok(&self.system)
    }

    /// Adds an entry that no package has, or that was withheld for it; a directory that is there already stands.
    ///
    /// # Errors
    /// Something else stands there, or the sink says so.
    pub(in crate::base::debian) fn add(&mut self, path: TargetPath, entry: Entry<Vec<u8>>) -> Result<()> {
        let Entry { metadata, kind } = entry;
        match (self.system.tree.get(&path).map(|standing| &standing.kind), &kind) {
            (None, _) => {}
            (Some(Kind::Directory), Kind::Directory) => return Ok(()),
            (Some(standing), _) => {
                let (kind, noun) = (kind.noun(), standing.noun());
                return Err(Error::failed(format!(
                    "cannot make the {kind} `{path}`: a {noun} of a package stands there"
                ))
                .hint("leave that package out, or its path with `exclude-paths`"));
            }
        }
        self.parents(&path, "what vezaimg adds")?;
        self.emit(path, metadata, kind)
    }

    /// The whole once everything has been added.
    ///
    /// # Errors
    /// A step withheld an entry and did not make it.
    pub(in crate::base::debian) fn end(self) -> Result<Dropped> {
        let missing = self.system.withheld.iter().find(|(path, _)| self.system.tree.get(path).is_none());
        match missing {
            None => Ok(self.dropped),
            Some((path, _)) => Err(Error::failed(format!("`{path}` was taken from its package and not put back"))
                .hint("this is a bug in vezaimg; leave the path out with `exclude-paths` until it is mended")),
        }
    }

    /// Makes the directories above a path, each as the package has it that had it excluded, else root's and 0755.
    /// Messages say that `name` has the path.
    pub(super) fn parents(&mut self, path: &TargetPath, name: &str) -> Result<()> {
        path.parent().map_or(Ok(()), |parent| self.directory(&parent, name))
    }

    fn directory(&mut self, path: &TargetPath, name: &str) -> Result<()> {
        let mut missing = Vec::new();
        for above in std::iter::once(path.clone()).chain(path.ancestors()) {
            match self.standing(&above).map(|entry| &entry.kind) {
                None => missing.push(above),
                Some(Kind::Directory) => break,
                Some(kind) => {
                    let what = format!("`{name}` has entries below `{above}`, which is a {}", kind.noun());
                    return Err(Error::invalid(what).hint("leave one of the two out, with `exclude-paths`"));
                }
            }
        }
        for path in missing.into_iter().rev() {
            let metadata = self.pending.remove(&path).unwrap_or_else(|| self.metadata(0o755));
            if let Some(present) = self.packages.len().checked_sub(1) {
                self.owners.insert(path.clone(), present);
            }
            self.emit(path, metadata, Kind::Directory)?;
        }
        Ok(())
    }

    fn emit(&mut self, path: TargetPath, metadata: Metadata, kind: Kind<Vec<u8>>) -> Result<()> {
        let known = kind.as_ref().map(|content| content.len() as u64);
        let mut content: &[u8] = if let Kind::File(content) = &kind { content } else { &[] };
        let kind = known.clone().map(|size| Body { size, reader: &mut content });
        (self.sink)(path.clone(), Entry { metadata: metadata.clone(), kind })?;
        self.system.tree.insert(path, Entry { metadata, kind: known });
        Ok(())
    }

    /// Root's, of the epoch.
    fn metadata(&self, mode: u32) -> Metadata {
        Metadata { mode: Mode::from_bits(mode), uid: 0, gid: 0, mtime: self.epoch, xattrs: Xattrs::new() }
    }
}
