//! Bounds on what a hostile image can make a look at it cost.

use crate::{Error, Result};

/// The most entries that are looked at; Debian's full desktop has some 300,000.
const MOST_ENTRIES: usize = 500_000;
/// The most content that is looked at, in bytes; a few hundred bytes of an archive can declare more.
pub(super) const MOST_CONTENT: u64 = 8 << 30;
/// The most that paths, targets of links and extended attributes may have together, in bytes, implied directories included.
const MOST_NAMES: usize = 256 << 20;

/// What an image has used up so far.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    /// What messages call the image.
    name: &'a str,
    entries: usize,
    names: usize,
    content: u64,
}

impl<'a> Budget<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, entries: 0, names: 0, content: 0 }
    }

    /// Counts one entry or implied directory, with so many bytes of names.
    pub(super) fn entry(&mut self, names: usize) -> Result<()> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            return Err(self.too_many());
        }
        self.names(names)
    }

    /// Counts so many bytes of names.
    pub(super) fn names(&mut self, names: usize) -> Result<()> {
        self.names = self.names.saturating_add(names);
        if self.names > MOST_NAMES {
            return Err(self.too_much("names, links and attributes of more than 256 MiB"));
        }
        Ok(())
    }

    /// Counts the content of a file, holes included.
    pub(super) fn content(&mut self, size: u64) -> Result<()> {
        self.content = self.content.saturating_add(size);
        if self.content > MOST_CONTENT {
            return Err(self.too_much("files of more than 8 GiB"));
        }
        Ok(())
    }

    fn too_many(&self) -> Error {
        self.too_much("more than 500,000 entries")
    }

    fn too_much(&self, what: &str) -> Error {
        Error::refused(format!("`{}` holds {what}, more than is looked at", self.name))
    }
}
