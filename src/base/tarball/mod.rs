//! A tar as a stream of members, whole or not at all.
//!
//! The crate `tar` gives the layout of a header and no more. Its own reader takes the end of the file for the end of
//! the archive, so that a base cut between two entries would pass for whole; it splits pax records at newlines, which
//! tears file capabilities apart; and it knows neither times nor sparse files of pax headers.
//!
//! Read are Unix v7, ustar, pax and GNU tar's own format. Where readers of these disagree about what an archive means,
//! it is refused: what is checked here must be what Incus unpacks.

pub(super) mod header;
mod pax;
mod sparse;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read};

use tar::Header;

use self::header::{BLOCK, has_magic, is_end, is_sound, number};
use self::pax::Extended;
pub(super) use self::sparse::Content;
use self::sparse::{Map, capped};
use super::budget::Budget;
use super::fault::{self, FETCH_AGAIN, Spot, shown};
use crate::error::{Error, Result};
use crate::rootfs::{Metadata, Mode};

/// How much is read at once, in bytes.
pub(super) const BUFFER: usize = 256 << 10;
/// The longest extended header in bytes, GNU tar's own names and pax records alike.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// The most zeros after the end of the archive in bytes: tars are filled up to a record of at most some MiB.
const MOST_FILLING: u64 = 64 << 20;
/// `PATH_MAX` of Linux without its NUL: the longest target of a link.
const LONGEST_TARGET: usize = 4095;

/// One entry of a tar, under the name that the archive gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// The name's bytes as they stand, such as `./usr/bin/`.
    pub(super) name: Vec<u8>,
    pub(super) metadata: Metadata,
    pub(super) kind: MemberKind,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    Directory,
    /// A regular file of so many bytes, which [`Tarball::content`] gives.
    File(u64),
    Symlink(Vec<u8>),
    /// A link to the member of this name.
    HardLink(Vec<u8>),
    Fifo,
    /// A character or a block device.
    Device,
}

/// A tar that is being read.
pub(super) struct Tarball<'a> {
    archive: &'a str,
    input: BufReader<Box<dyn Read + 'a>>,
    budget: Budget,
    global: Extended,
    spot: Spot,
    /// Bytes of the present member's content still to be read, and the zeros that fill its last block.
    remaining: u64,
    filling: u64,
    map: Option<Map>,
    /// Why [`Content`] gave an error, in full: whoever reads it sees an [`io::Error`] alone.
    failure: Option<Error>,
    /// Extended attributes that were left out so far.
    pub(super) dropped_xattrs: u64,
}

/// Headers that describe the entry after them.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Vec<u8>>,
}

impl<'a> Tarball<'a> {
    /// A tar whose uncompressed bytes come from `input`; messages call it `archive`.
    pub(super) fn new(archive: &'a str, input: Box<dyn Read + 'a>) -> Self {
        Self {
            archive,
            input: BufReader::with_capacity(BUFFER, input),
            budget: Budget::default(),
            global: Extended::default(),
            spot: Spot::Start,
            remaining: 0,
            filling: 0,
            map: None,
            failure: None,
            dropped_xattrs: 0,
        }
    }

    /// What messages call it.
    pub(super) fn archive(&self) -> &'a str {
        self.archive
    }

    /// The next member; none at the end of the archive, once all that follows has been read and found to be filling, so
    /// that a compressor's last checksum has been verified too.
    ///
    /// # Errors
    /// The archive is truncated, corrupt, or ambiguous.
    pub(super) fn next(&mut self) -> Result<Option<Member>> {
        self.skip_content()?;
        let mut extensions = Extensions::default();
        loop {
            let block = self.block()?;
            if is_end(&block) {
                if extensions.name.is_some() || extensions.link.is_some() || extensions.pax.is_some() {
                    return Err(self.corrupt("an extended header describes no entry"));
                }
                self.end()?;
                return Ok(None);
            }
            if !is_sound(&block) {
                return Err(self.unsound_header(&block));
            }
            self.budget.entry().map_err(|what| self.archive_error(what))?;
            let header = Header::from_byte_slice(&block);
            let once = |slot: &mut Option<Vec<u8>>, content| slot.replace(content).is_none();
            let first = match header.as_old().linkflag[0] {
                b'L' => once(&mut extensions.name, until_nul(self.extension(header)?)),
                b'K' => once(&mut extensions.link, until_nul(self.extension(header)?)),
                b'x' | b'X' => once(&mut extensions.pax, self.extension(header)?),
                b'g' => {
                    let global = self.extension(header)?;
                    self.global.apply_global(&global).map_err(|what| self.archive_error(what))?;
                    true
                }
                // The volume's label.
                b'V' => true,
                _ => return self.member(header, extensions).map(Some),
            };
            if !first {
                return Err(self.corrupt("two extended headers of one kind describe the same entry"));
            }
        }
    }

    /// The content of the regular file that [`next`](Self::next) gave last. What is not read of it is skipped.
    pub(super) fn content(&mut self) -> Content<'_, 'a> {
        let map = self.map.take();
        Content::new(self, map)
    }

    /// Why reading the content gave an error, if it did.
    pub(super) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn member(&mut self, header: &Header, extensions: Extensions) -> Result<Member> {
        let mut pax = self.global.clone();
        let header_name = header.path_bytes();
        if let Some(records) = &extensions.pax {
            let known = extensions.name.as_deref().unwrap_or(&header_name);
            pax.apply(records).map_err(|what| self.entry_error(known, what))?;
        }
        if (extensions.name.is_some() && pax.path.is_some()) || (extensions.link.is_some() && pax.link.is_some()) {
            return Err(self.entry_error(&header_name, "has two long names, one of GNU tar's and one of pax"));
        }
        let name = pax.sparse.name.take().or(pax.path.take()).or(extensions.name);
        let name = name.unwrap_or_else(|| header_name.into_owned());
        if name.is_empty() {
            return Err(self.corrupt("an entry has no name"));
        }
        let metadata = self.metadata(&name, header, &mut pax)?;
        let stored = self.stored_size(&name, header, &pax)?;
        self.remaining = stored;
        self.filling = stored.next_multiple_of(BLOCK as u64) - stored;
        self.spot = Spot::Within(shown(&name));

        let link = extensions.link.or(pax.link.take());
        let link = || link.unwrap_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned());
        let kind = match header.as_old().linkflag[0] {
            b'0' | 0 if name.ends_with(b"/") => MemberKind::Directory,
            b'0' | 0 | b'7' => {
                self.map = if pax.sparse.present() { Some(self.pax_map(&name, &pax.sparse)?) } else { None };
                MemberKind::File(self.map.as_ref().map_or(stored, |map| map.size))
            }
            b'S' => {
                let gnu =
                    header.as_gnu().ok_or_else(|| self.entry_error(&name, "is a sparse file of no known form"))?;
                let map = self.old_gnu_map(&name, gnu, stored)?;
                let size = map.size;
                self.map = Some(map);
                MemberKind::File(size)
            }
            b'1' => MemberKind::HardLink(self.target(&name, link())?),
            b'2' => MemberKind::Symlink(self.target(&name, link())?),
            b'3' | b'4' => MemberKind::Device,
            b'5' => MemberKind::Directory,
            b'6' => MemberKind::Fifo,
            other => return Err(self.unknown_type(&name, other)),
        };
        match kind {
            MemberKind::File(size) => self.budget.content(size).map_err(|what| self.archive_error(what))?,
            _ if stored > 0 => return Err(self.entry_error(&name, "has a content, which only a regular file can have")),
            _ => {}
        }
        Ok(Member { name, metadata, kind })
    }

    fn metadata(&mut self, name: &[u8], header: &Header, pax: &mut Extended) -> Result<Metadata> {
        let old = header.as_old();
        let unreadable = |what| self.entry_error(name, format!("has an unreadable {what}"));
        let owner = |said: Option<u64>, field: &[u8], what| {
            let id = said.map(i128::from).or_else(|| number(field)).ok_or_else(|| unreadable(what))?;
            // 2^32 - 1 stands for "no owner" in `chown`.
            let id = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
            id.ok_or_else(|| self.entry_error(name, format!("has a {what} that is no 32-bit number")))
        };
        let mode = number(&old.mode).ok_or_else(|| unreadable("mode"))?;
        let mode = u32::try_from(mode & 0o7777).map_err(|_| unreadable("mode"))?;
        let mtime = match pax.mtime {
            Some(seconds) => seconds,
            None => {
                let seconds = number(&old.mtime).ok_or_else(|| unreadable("time"))?;
                u64::try_from(seconds.max(0)).map_err(|_| unreadable("time"))?
            }
        };
        let (uid, gid) = (owner(pax.uid, &old.uid, "uid")?, owner(pax.gid, &old.gid, "gid")?);
        self.dropped_xattrs += pax.xattrs.dropped;
        let xattrs = std::mem::take(&mut pax.xattrs.kept);
        Ok(Metadata { mode: Mode::from_bits(mode), uid, gid, mtime, xattrs })
    }

    /// How many bytes of content stand in the archive.
    fn stored_size(&self, name: &[u8], header: &Header, pax: &Extended) -> Result<u64> {
        let declared = pax.size.map(i128::from).or_else(|| number(&header.as_old().size));
        // A file's size is an `off_t`, which also leaves room to round it up to a block.
        let size = declared.filter(|size| *size <= i128::from(i64::MAX)).and_then(|size| u64::try_from(size).ok());
        size.ok_or_else(|| self.entry_error(name, "has an unreadable size"))
    }

    fn target(&self, name: &[u8], target: Vec<u8>) -> Result<Vec<u8>> {
        let sound = !target.is_empty() && target.len() <= LONGEST_TARGET && !target.contains(&0);
        if sound { Ok(target) } else { Err(self.entry_error(name, "is a link whose target Linux could not hold")) }
    }

    fn unknown_type(&self, name: &[u8], flag: u8) -> Error {
        let what = match flag {
            b'D' => "is a directory of an incremental backup".to_owned(),
            b'M' => "goes on from another volume".to_owned(),
            other => format!("is of the unknown type `{}`", other.escape_ascii()),
        };
        self.entry_error(name, what).hint("make the tar again with `tar --create --numeric-owner --xattrs`")
    }

    /// Reads an extended header's content.
    fn extension(&mut self, header: &Header) -> Result<Vec<u8>> {
        let size = number(&header.as_old().size).and_then(|size| u64::try_from(size).ok());
        let Some(size) = size.filter(|size| *size <= LONGEST_EXTENSION) else {
            return Err(self.corrupt("an extended header is longer than 1 MiB"));
        };
        self.remaining = size;
        self.filling = size.next_multiple_of(BLOCK as u64) - size;
        let mut content = vec![0; capped(size, usize::MAX)];
        self.input.read_exact(&mut content).map_err(|error| self.stopped(&error))?;
        self.remaining = 0;
        self.skip_content()?;
        Ok(content)
    }

    /// Reads the next block.
    fn block(&mut self) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block).map_err(|error| self.stopped(&error))?;
        Ok(block)
    }

    /// Reads some of the present member's content as the archive stores it; 0 bytes at its end.
    fn read_stored(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = capped(self.remaining, buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let outcome = match self.input.read(&mut buffer[..most]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            other => other,
        };
        match &outcome {
            Ok(read) => self.remaining -= *read as u64,
            Err(error) => self.failure = Some(self.stopped(error)),
        }
        outcome
    }

    /// Skips that much of the present member's content.
    fn skip_stored(&mut self, bytes: u64) -> Result<()> {
        let skipped = io::copy(&mut (&mut self.input).take(bytes), &mut io::sink());
        let ended = || io::ErrorKind::UnexpectedEof.into();
        let outcome = skipped.and_then(|skipped| if skipped == bytes { Ok(()) } else { Err(ended()) });
        outcome.map_err(|error| self.stopped(&error))?;
        self.remaining = self.remaining.saturating_sub(bytes);
        Ok(())
    }

    /// Skips what is left of the present member, up to the next header.
    fn skip_content(&mut self) -> Result<()> {
        self.skip_stored(self.remaining + self.filling)?;
        (self.remaining, self.filling, self.map) = (0, 0, None);
        if let Spot::Within(name) = &mut self.spot {
            self.spot = Spot::After(std::mem::take(name));
        }
        Ok(())
    }

    /// Reads on from the first zero block to the end of the input.
    fn end(&mut self) -> Result<()> {
        if !is_end(&self.block()?) {
            return Err(self.corrupt("a lone zero block stands where two end an archive"));
        }
        let mut filling = 0_u64;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok([]) => break,
                Ok(buffer) => buffer,
                Err(error) => return Err(fault::stopped(self.archive, &self.spot, &error)),
            };
            let length = buffer.len();
            filling += length as u64;
            if filling > MOST_FILLING || buffer.iter().any(|byte| *byte != 0) {
                let error = self.archive_error("goes on after the two zero blocks that end an archive");
                return Err(error.hint("Incus would not read what follows; join tars with `tar --concatenate`"));
            }
            self.input.consume(length);
        }
        if !filling.is_multiple_of(BLOCK as u64) {
            return Err(self.archive_error("ends in the middle of a block: it is truncated").hint(FETCH_AGAIN));
        }
        Ok(())
    }

    fn unsound_header(&self, block: &[u8; BLOCK]) -> Error {
        if self.spot == Spot::Start && !has_magic(block) {
            let error = self.archive_error("does not hold a tar");
            return error.hint("a base is a directory, a root file system tar, an Incus image or a squashfs");
        }
        self.corrupt("the next header's checksum does not match")
    }

    fn stopped(&self, error: &io::Error) -> Error {
        fault::stopped(self.archive, &self.spot, error)
    }

    fn corrupt(&self, cause: &str) -> Error {
        fault::corrupt(self.archive, &self.spot, cause)
    }

    fn entry_error(&self, name: &[u8], what: impl std::fmt::Display) -> Error {
        fault::entry(self.archive, name, what)
    }

    fn archive_error(&self, what: impl std::fmt::Display) -> Error {
        Error::invalid(format!("`{}` {what}", self.archive))
    }
}

/// The bytes before the first NUL: GNU tar ends long names with one.
fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}
