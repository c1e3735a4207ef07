//! Sparse files: which bytes of a file an archive holds, the others being zero.
//!
//! Four forms are in use, all from GNU tar: the old one (type `S`, a map in the header and in blocks after it) and
//! three in pax headers, 0.0 (`GNU.sparse.offset` and `numbytes` in turn), 0.1 (`GNU.sparse.map`) and 1.0 (a map at the
//! front of the content). See "Storing Sparse Files" in GNU tar's manual.

#[cfg(test)]
mod tests;

use std::io::Read;

use tar::{GnuExtSparseHeader, GnuHeader, GnuSparseHeader};

use super::header::{BLOCK, number};
use super::{Tarball, pax};
use crate::error::Result;

/// The most extents of one file: what a map may take of memory, 16 bytes each.
const MOST_EXTENTS: usize = 1 << 20;
/// The longest number in a map of the form 1.0, in digits.
const LONGEST_NUMBER: usize = 20;

/// Consecutive bytes of a file that the archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// A file's extents, in order and apart from each other, and its whole size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map {
    pub(super) extents: Vec<Extent>,
    pub(super) size: u64,
}

impl Map {
    /// A map whose extents take up exactly the `stored` bytes of the archive.
    ///
    /// # Errors
    /// The end of a sentence that begins with the entry. An extent that ends within a block may only be the last:
    /// GNU tar begins the next one at a new block and other readers do not.
    pub(super) fn new(mut extents: Vec<Extent>, size: u64, stored: u64) -> Result<Self, &'static str> {
        const UNSOUND: &str = "has a sparse map that contradicts itself";

        extents.retain(|extent| extent.length > 0);
        let (mut end, mut held) = (0_u64, 0_u64);
        for extent in &extents {
            if extent.offset < end || held % BLOCK as u64 != 0 {
                return Err(UNSOUND);
            }
            end = extent.offset.checked_add(extent.length).ok_or(UNSOUND)?;
            // No overflow: lengths of extents that do not overlap add up to at most `end`.
            held += extent.length;
        }
        if end > size || held != stored {
            return Err(UNSOUND);
        }
        Ok(Self { extents, size })
    }
}

/// The `GNU.sparse.*` records of a pax header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    major: u64,
    minor: u64,
    size: Option<u64>,
    pub(super) name: Option<Vec<u8>>,
    count: Option<u64>,
    /// Offset and length in turn.
    numbers: Vec<u64>,
    present: bool,
}

impl Records {
    /// Takes one record; `key` comes without `GNU.sparse.`.
    ///
    /// # Errors
    /// The end of a sentence that begins with the entry.
    pub(super) fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        self.present = true;
        let number = || pax::decimal(value).ok_or("has a sparse map with something that is not a number");
        match key {
            b"major" => self.major = number()?,
            b"minor" => self.minor = number()?,
            b"size" | b"realsize" => self.size = Some(number()?),
            b"name" => self.name = Some(value.to_vec()),
            b"numblocks" => self.count = Some(number()?),
            b"offset" if self.numbers.len().is_multiple_of(2) => self.numbers.push(number()?),
            b"numbytes" if !self.numbers.len().is_multiple_of(2) => self.numbers.push(number()?),
            b"map" => {
                let numbers = value.split(|byte| *byte == b',').filter(|part| !part.is_empty()).map(pax::decimal);
                self.numbers =
                    numbers.collect::<Option<_>>().ok_or("has a sparse map that is not a list of numbers")?;
            }
            other => return Err(format!("has an unknown pax record `GNU.sparse.{}`", other.escape_ascii())),
        }
        Ok(())
    }

    /// Whether there is any.
    pub(super) fn present(&self) -> bool {
        self.present
    }
}

impl Tarball<'_> {
    /// The map of a file of the old form, whose header was read last; the blocks that go on with the map are read here
    /// and are no part of the entry's size.
    pub(super) fn old_gnu_map(&mut self, name: &[u8], header: &GnuHeader, stored: u64) -> Result<Map> {
        let mut extents = Vec::new();
        let mut more = header.is_extended();
        self.old_gnu_extents(name, &header.sparse, &mut extents)?;
        while more {
            let mut block = GnuExtSparseHeader::new();
            block.as_mut_bytes().copy_from_slice(&self.block()?);
            // A block may hold no extent and still say that another follows.
            self.budget.entry().map_err(|what| self.archive_error(what))?;
            self.old_gnu_extents(name, block.sparse(), &mut extents)?;
            more = block.is_extended();
        }
        let size = number(&header.realsize).and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| self.entry_error(name, "has an unreadable size"))?;
        Map::new(extents, size, stored).map_err(|what| self.entry_error(name, what))
    }

    fn old_gnu_extents(&self, name: &[u8], fields: &[GnuSparseHeader], extents: &mut Vec<Extent>) -> Result<()> {
        for field in fields.iter().filter(|field| field.offset[0] != 0) {
            let read = |field| number(field).and_then(|value| u64::try_from(value).ok());
            let Some((offset, length)) = read(&field.offset).zip(read(&field.numbytes)) else {
                return Err(self.entry_error(name, "has a sparse map with something that is not a number"));
            };
            self.push_extent(name, extents, Extent { offset, length })?;
        }
        Ok(())
    }

    fn push_extent(&self, name: &[u8], extents: &mut Vec<Extent>, extent: Extent) -> Result<()> {
        if extents.len() >= MOST_EXTENTS {
            return Err(self.entry_error(name, format!("has a sparse map of more than {MOST_EXTENTS} extents")));
        }
        extents.push(extent);
        Ok(())
    }

    /// The map that pax records give. The form 1.0 keeps it at the front of the content, from where it is read.
    pub(super) fn pax_map(&mut self, name: &[u8], records: &Records) -> Result<Map> {
        let extents = match (records.major, records.minor) {
            (0, 0 | 1) => {
                let pairs = records.numbers.chunks_exact(2);
                let whole =
                    pairs.remainder().is_empty() && records.count.is_none_or(|count| count == pairs.len() as u64);
                if !whole {
                    return Err(self.entry_error(name, "has a sparse map that is not as long as it says"));
                }
                pairs.map(|pair| Extent { offset: pair[0], length: pair[1] }).collect()
            }
            (1, 0) => self.leading_map(name)?,
            (major, minor) => {
                return Err(self.entry_error(name, format!("has a sparse map of the unknown form {major}.{minor}")));
            }
        };
        let size = records.size.ok_or_else(|| self.entry_error(name, "has a sparse map and no size"))?;
        Map::new(extents, size, self.remaining).map_err(|what| self.entry_error(name, what))
    }

    /// Reads a map of the form 1.0: decimal numbers, a newline after each, filled up to a whole block.
    fn leading_map(&mut self, name: &[u8]) -> Result<Vec<Extent>> {
        let stored = self.remaining;
        let count = self.map_number(name)?;
        let mut extents = Vec::new();
        for _ in 0..count {
            let extent = Extent { offset: self.map_number(name)?, length: self.map_number(name)? };
            self.push_extent(name, &mut extents, extent)?;
        }
        let taken = stored - self.remaining;
        let filling = taken.next_multiple_of(BLOCK as u64) - taken;
        if filling > self.remaining {
            return Err(self.entry_error(name, "has a sparse map that is not filled up to a whole block"));
        }
        self.skip_stored(filling)?;
        Ok(extents)
    }

    fn map_number(&mut self, name: &[u8]) -> Result<u64> {
        let mut digits = Vec::with_capacity(LONGEST_NUMBER);
        let mut byte = [0];
        while digits.len() <= LONGEST_NUMBER && self.remaining > 0 {
            match self.read_stored(&mut byte) {
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) => digits.push(byte[0]),
                Err(error) => return Err(self.take_failure().unwrap_or_else(|| self.stopped(&error))),
            }
        }
        pax::decimal(&digits)
            .ok_or_else(|| self.entry_error(name, "has a sparse map with something that is not a number"))
    }
}

/// The content of the entry that a [`Tarball`] stands at, holes filled with zeros.
pub(in crate::base) struct Content<'t, 'a> {
    tarball: &'t mut Tarball<'a>,
    map: Option<Map>,
    /// Bytes given so far.
    position: u64,
    /// Index of the extent that `position` is in or before.
    next: usize,
}

impl<'t, 'a> Content<'t, 'a> {
    pub(super) fn new(tarball: &'t mut Tarball<'a>, map: Option<Map>) -> Self {
        Self { tarball, map, position: 0, next: 0 }
    }
}

impl Read for Content<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(map) = &self.map else { return self.tarball.read_stored(buffer) };
        let extent = map.extents.get(self.next);
        let hole_ends = extent.map_or(map.size, |extent| extent.offset);
        let given = if self.position < hole_ends {
            let zeros = capped(hole_ends - self.position, buffer.len());
            buffer[..zeros].fill(0);
            zeros
        } else if let Some(Extent { offset, length }) = extent {
            let left = offset + length - self.position;
            let most = capped(left, buffer.len());
            let read = self.tarball.read_stored(&mut buffer[..most])?;
            if read as u64 == left {
                self.next += 1;
            }
            read
        } else {
            0
        };
        self.position += given as u64;
        Ok(given)
    }
}

/// The lesser of a count of bytes and a buffer's length.
pub(super) fn capped(bytes: u64, length: usize) -> usize {
    usize::try_from(bytes).map_or(length, |bytes| bytes.min(length))
}
