//! The entries that the steps make.

use std::collections::BTreeMap;

use super::accounts::Accounts;
use crate::base::debian::unpacked::System;
use crate::error::{Error, Result};
use crate::rootfs::{Entry, Kind, Metadata, Mode, Resolved, TargetPath, Xattrs};

/// Owner, group and mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) mode: u32,
    pub(super) owner: &'static str,
    pub(super) group: &'static str,
}

impl Rights {
    /// Of root, in root's group.
    pub(super) const fn root(mode: u32) -> Self {
        Self { mode, owner: "root", group: "root" }
    }
}

/// What the steps make of a system. What is there already, from a package or an earlier step, stays as it is.
pub(super) struct Plan<'s> {
    pub(super) system: &'s System,
    accounts: &'s Accounts,
    epoch: u64,
    entries: BTreeMap<TargetPath, Entry<Vec<u8>>>,
}

impl<'s> Plan<'s> {
    pub(super) fn new(system: &'s System, accounts: &'s Accounts, epoch: u64) -> Self {
        Self { system, accounts, epoch, entries: BTreeMap::new() }
    }

    /// Whether this package was unpacked.
    pub(super) fn has(&self, package: &str) -> bool {
        self.system.packages.contains_key(package)
    }

    /// Whether a package brought this path, links followed.
    pub(super) fn exists(&self, path: &TargetPath) -> bool {
        matches!(self.system.tree.resolve(path), Resolved::Entry(..))
    }

    /// The content of a file of a package, if it was captured.
    pub(super) fn content(&self, path: &TargetPath) -> Option<&'s [u8]> {
        self.system.contents.get(path).map(Vec::as_slice)
    }

    /// The captured files that stand anywhere below a directory, in byte order of their paths.
    pub(super) fn contents_below(&self, directory: &TargetPath) -> impl Iterator<Item = (&'s TargetPath, &'s [u8])> {
        let from = self.system.contents.range(directory.clone()..);
        let directory = directory.clone();
        // Paths with the directory's name as their prefix stand together, `a-b` before `a/b` and both before `ab`.
        let prefix = directory.as_relative().to_vec();
        from.take_while(move |(path, _)| path.as_relative().starts_with(&prefix))
            .filter(move |(path, _)| path.is_within(&directory))
            .map(|(path, content)| (path, content.as_slice()))
    }

    pub(super) fn directory(&mut self, path: TargetPath, rights: Rights) -> Result<()> {
        self.put(path, rights, Kind::Directory)
    }

    pub(super) fn file(&mut self, path: TargetPath, rights: Rights, content: impl Into<Vec<u8>>) -> Result<()> {
        self.put(path, rights, Kind::File(content.into()))
    }

    pub(super) fn link(&mut self, path: TargetPath, target: impl Into<Vec<u8>>) -> Result<()> {
        self.put(path, Rights::root(0o777), Kind::Symlink(target.into()))
    }

    /// A package's own entry with other rights.
    pub(super) fn withheld(&mut self, path: TargetPath, rights: Rights) -> Result<()> {
        let Some(entry) = self.system.withheld.get(&path) else { return Ok(()) };
        let content = self.content(&path).unwrap_or_default();
        let kind = entry.kind.as_ref().map(|_| content.to_vec());
        let (mtime, xattrs) = (entry.metadata.mtime, entry.metadata.xattrs.clone());
        let metadata = Metadata { mtime, xattrs, ..self.metadata(&path, rights)? };
        self.entries.insert(path, Entry { metadata, kind });
        Ok(())
    }

    fn put(&mut self, path: TargetPath, rights: Rights, kind: Kind<Vec<u8>>) -> Result<()> {
        if self.system.tree.get(&path).is_none() && !self.entries.contains_key(&path) {
            let metadata = self.metadata(&path, rights)?;
            self.entries.insert(path, Entry { metadata, kind });
        }
        Ok(())
    }

    fn metadata(&self, path: &TargetPath, rights: Rights) -> Result<Metadata> {
        let Rights { mode, owner, group } = rights;
        let nobody = |what: &str, name: &str| {
            Error::invalid(format!("`{path}` belongs to the {what} `{name}`, which none of the packages makes"))
                .hint("add `base-passwd`, or the package that makes it, to `packages` of [base]")
        };
        let uid = self.accounts.uid(owner).ok_or_else(|| nobody("user", owner))?;
        let gid = self.accounts.gid(group).ok_or_else(|| nobody("group", group))?;
        Ok(Metadata { mode: Mode::from_bits(mode), uid, gid, mtime: self.epoch, xattrs: Xattrs::new() })
    }

    /// All entries sorted by path, with the directories above them that nobody has made.
    pub(super) fn finish(mut self) -> Vec<(TargetPath, Entry<Vec<u8>>)> {
        let above: Vec<_> = self.entries.keys().flat_map(TargetPath::ancestors).collect();
        let mode = Mode::from_bits(0o755);
        let metadata = Metadata { mode, uid: 0, gid: 0, mtime: self.epoch, xattrs: Xattrs::new() };
        for path in above.into_iter().filter(|path| self.system.tree.get(path).is_none()) {
            let directory = || Entry { metadata: metadata.clone(), kind: Kind::Directory };
            self.entries.entry(path).or_insert_with(directory);
        }
        self.entries.into_iter().collect()
    }
}
