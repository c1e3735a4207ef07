//! Files and small trees, carried from a stopped container into another that never ran, through the file API.
//!
//! Contents stream through memory and are nowhere else. Special bits and extended attributes, which the file API cannot
//! set, are noted for [`complete`](super::complete()). Times, owners of symbolic links, and that two names are one file are
//! not carried. A sparse file comes out dense.

use super::extended::{self, ByPath};
use super::unseen::Unseen;
use crate::Error;
use crate::incus::{Attributes, Client, InstanceName, Kind, Node};
use crate::interrupt::Interrupt;
use crate::rootfs::{Digesting, TargetPath, escaped};

/// How far below the kept path an entry may be.
const DEEPEST: usize = 64;

/// How many entries a kept tree may have.
const MOST: u64 = 1_000_000;

/// What was carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Whether there is anything at the path in the leaving container; otherwise the entering one was left as it is.
    pub is_there: bool,
    /// Files, directories and symbolic links.
    pub entries: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// Sockets, named pipes and devices, which were not carried.
    pub skipped: Vec<TargetPath>,
}

/// Carries what is at `path` of the stopped container `from` into `to`, which is stopped too, in the place of what is
/// there, and compares. Parents that `to` has not are made as `from` has them. Done twice, it comes to the same.
///
/// # Errors
/// What is read back differs, a bound is exceeded, a name is not UTF-8, Incus refuses, or `interrupt`: then `to` holds a
/// part of it, until it is carried again.
pub fn carry(
    client: &Client,
    from: &InstanceName,
    to: &InstanceName,
    path: &TargetPath,
    interrupt: &Interrupt,
) -> crate::Result<Carried> {
    let unseen = Unseen::of(client, from)?;
    let (carried, extended) = Default::default();
    let mut carrier = Carrier { client, from, to, interrupt, unseen, extended, carried };
    if carrier.unseen.is_special(path) {
        carrier.carried.skipped.push(path.clone());
    } else if let Some(node) = client.read(from, path)? {
        carrier.carried.is_there = true;
        carrier.make_parents(path)?;
        carrier.clear(path, 0)?;
        carrier.place(path, node, 0)?;
    }
    extended::expect(client, to, path, &carrier.extended)?;
    Ok(carrier.carried)
}

struct Carrier<'a> {
    client: &'a Client,
    from: &'a InstanceName,
    to: &'a InstanceName,
    interrupt: &'a Interrupt,
    unseen: Unseen,
    /// What is to be set on what was carried.
    extended: ByPath,
    carried: Carried,
}

impl Carrier<'_> {
    fn make_parents(&self, path: &TargetPath) -> crate::Result<()> {
        let mut parents: Vec<_> = path.ancestors().filter(|parent| !parent.is_root()).collect();
        parents.reverse();
        for parent in parents {
            match self.client.read(self.to, &parent)? {
                Some(Node::Directory { .. } | Node::Symlink { .. }) => continue,
                Some(Node::File { .. }) => {
                    return Err(self.refused(path, &format!("`{parent}` of `{}` is a file", self.to)));
                }
                None => {}
            }
            match self.client.read(self.from, &parent)? {
                Some(Node::Directory { attributes, .. }) => {
                    self.client.make_directory(self.to, &parent, attributes)?;
                }
                _ => return Err(self.refused(path, &format!("`{parent}` of `{}` is no directory", self.from))),
            }
        }
        Ok(())
    }

    /// Removes what is there. Only directories are read: Incus would wait for whoever writes to a named pipe.
    fn clear(&self, path: &TargetPath, depth: usize) -> crate::Result<()> {
        self.interrupt.check()?;
        match self.client.remove(self.to, path) {
            Err(failure) if failure.kind() == Kind::Refused && depth < DEEPEST => {
                let Some(Node::Directory { names, .. }) = self.client.read(self.to, path)? else {
                    return Err(failure.into());
                };
                for name in names {
                    self.clear(&self.entry(path, &name)?, depth + 1)?;
                }
                Ok(self.client.remove(self.to, path)?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Puts what was read where nothing is, and compares.
    fn place(&mut self, path: &TargetPath, node: Node, depth: usize) -> crate::Result<()> {
        self.interrupt.check()?;
        self.carried.entries += 1;
        if self.carried.entries > MOST {
            return Err(self.refused(path, &format!("there are more than {MOST} entries")));
        }
        let shown = match &node {
            Node::File { attributes, .. } => Some((false, attributes.mode)),
            Node::Directory { attributes, .. } => Some((true, attributes.mode)),
            Node::Symlink { .. } => None,
        };
        // It may have changed since it was noted.
        if let Some((is_directory, mode)) = shown
            && let Some((path, extended)) = self.unseen.extended(path)
            && extended.is_shown_as(is_directory, mode)
        {
            self.extended.insert(path.clone(), extended.clone());
        }
        match node {
            Node::File { attributes, body, size } => {
                let size = size.ok_or_else(|| self.refused(path, "Incus does not tell its size"))?;
                let mut body = Digesting::new(self.interrupt.reader(body));
                let written = self.client.write_file(self.to, path, attributes, size, &mut body);
                // An interrupted reader looks like a lost connection.
                self.interrupt.check()?;
                written?;
                self.carried.bytes += size;
                let Some(Node::File { attributes: found, body: copy, .. }) = self.client.read(self.to, path)? else {
                    return Err(self.differs(path, "type"));
                };
                self.compare(path, attributes, found)?;
                let copy = Digesting::new(copy).drain(size.saturating_add(1)).map_err(|cause| {
                    Error::failed(format!("cannot read `{path}` back from `{}`", self.to)).cause(cause)
                })?;
                if copy != body.summary() {
                    return Err(self.differs(path, "content"));
                }
                Ok(())
            }
            Node::Symlink { target, .. } => {
                let target = self.unseen.target(path, &target).to_vec();
                self.client.make_symlink(self.to, path, &target)?;
                match self.client.read(self.to, path)? {
                    Some(Node::Symlink { target: found, .. }) if super::unseen::is_shown_as(path, &target, &found) => {
                        Ok(())
                    }
                    _ => Err(self.differs(path, "target")),
                }
            }
            Node::Directory { attributes, names } => self.place_directory(path, attributes, &names, depth),
        }
    }

    fn place_directory(
        &mut self,
        path: &TargetPath,
        attributes: Attributes,
        names: &[String],
        depth: usize,
    ) -> crate::Result<()> {
        if depth >= DEEPEST {
            return Err(self.refused(path, &format!("it is more than {DEEPEST} directories deep")));
        }
        self.client.make_directory(self.to, path, attributes)?;
        let mut placed = Vec::new();
        for name in names {
            let entry = self.entry(path, name)?;
            if self.unseen.is_special(&entry) {
                self.carried.skipped.push(entry);
                continue;
            }
            let Some(node) = self.client.read(self.from, &entry)? else {
                // Incus lists U+FFFD for what is not UTF-8.
                return Err(self.refused(&entry, "its name is not UTF-8, or it is gone"));
            };
            self.place(&entry, node, depth + 1)?;
            placed.push(name);
        }
        let Some(Node::Directory { attributes: found, names }) = self.client.read(self.to, path)? else {
            return Err(self.differs(path, "type"));
        };
        self.compare(path, attributes, found)?;
        if !names.iter().eq(placed) {
            return Err(self.differs(path, "list of names"));
        }
        Ok(())
    }

    fn entry(&self, directory: &TargetPath, name: &str) -> crate::Result<TargetPath> {
        directory.join(name.as_bytes()).map_err(|error| {
            self.refused(directory, &format!("the path of `{}` in it {}", escaped(name.as_bytes()), error.reason()))
        })
    }

    fn compare(&self, path: &TargetPath, wanted: Attributes, found: Attributes) -> crate::Result<()> {
        match () {
            () if found.uid != wanted.uid => Err(self.differs(path, "owner")),
            () if found.gid != wanted.gid => Err(self.differs(path, "group")),
            () if found.mode != wanted.mode => Err(self.differs(path, "mode")),
            () => Ok(()),
        }
    }

    fn refused(&self, path: &TargetPath, why: &str) -> Error {
        Error::refused(format!("`{path}` cannot be carried from `{}` to `{}`: {why}", self.from, self.to))
    }

    fn differs(&self, path: &TargetPath, what: &str) -> Error {
        Error::failed(format!("`{path}` was carried from `{}` to `{}`, and its {what} differs", self.from, self.to))
    }
}
