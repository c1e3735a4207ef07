//! Entries as compressed tar records, a part of an archive that can be made, kept and joined on its own.

use std::io::{self, Read, Write};
use std::{fmt, mem};

use sha2::{Digest as _, Sha256};

use super::codec::Compression;
use super::frames::Frames;
use super::record;
use crate::rootfs::{Body, Digest, Entry, Summary, TargetPath};

#[cfg(test)]
mod tests;

/// The most that is read at once: small enough to be still in the cache when it is hashed.
const CHUNK: usize = 256 << 10;

/// Writes entries as a segment: whole tar records in compressed frames, without the end-of-archive marker.
///
/// Segments joined byte for byte are one archive; [`end`] closes it. Dropped without [`finish`](Self::finish), it
/// writes nothing more.
pub struct Segment<'p, W: Write> {
    frames: Frames<W>,
    prefix: &'p str,
    /// An entry was begun and not ended: what was written is no archive.
    broken: bool,
}

/// Why an entry could not be appended, told apart by whose fault it is. The segment is lost with any of them.
#[derive(Debug)]
pub enum AppendError {
    /// The content could not be read.
    Read(io::Error),
    /// The archive could not be written.
    Write(io::Error),
    /// The content was not as long as its size said.
    Size {
        /// The size that the entry declared, in bytes.
        expected: u64,
        /// The bytes that came, or one more than expected for content that goes on.
        read: u64,
    },
}

impl<'p, W: Write> Segment<'p, W> {
    /// A segment whose names all begin with `prefix`: `rootfs/` in a unified image, nothing in a rootfs archive or
    /// for the metadata. The prefix is empty or ends in a slash.
    pub fn new(sink: W, compression: &Compression, prefix: &'p str) -> Self {
        Self { frames: Frames::new(sink, compression), prefix, broken: false }
    }

    /// Writes one entry. The content of a regular file is read once, from front to end, and comes back as its size
    /// and sha256.
    ///
    /// # Errors
    /// [`AppendError`]; after one, every further call fails.
    pub fn append(&mut self, path: &TargetPath, entry: Entry<Body<'_>>) -> Result<Entry<Summary>, AppendError> {
        if mem::replace(&mut self.broken, true) {
            return Err(AppendError::Write(broken_off()));
        }
        self.frames.write_all(&record::head(self.prefix, path, &entry)).map_err(AppendError::Write)?;
        let kind = entry.kind.try_map(|body| self.append_content(body))?;
        self.broken = false;
        Ok(Entry { metadata: entry.metadata, kind })
    }

    /// Writes what is left and gives the sink back, not flushed. A segment without entries has no bytes.
    ///
    /// # Errors
    /// The sink's, a thread that cannot be started, or an entry before that could not be appended.
    pub fn finish(self) -> io::Result<W> {
        if self.broken { Err(broken_off()) } else { self.frames.finish() }
    }

    fn append_content(&mut self, body: Body<'_>) -> Result<Summary, AppendError> {
        let Body { size, reader } = body;
        let mut sha256 = Sha256::new();
        let mut read = 0;
        while read < size {
            let space = self.frames.space();
            let most = space.len().min(CHUNK).min(usize::try_from(size - read).unwrap_or(CHUNK));
            let chunk = &mut space[..most];
            let length = read_some(reader, chunk)?;
            if length == 0 {
                return Err(AppendError::Size { expected: size, read });
            }
            sha256.update(&chunk[..length]);
            self.frames.advance(length).map_err(AppendError::Write)?;
            read += length as u64;
        }
        if read_some(reader, &mut [0])? > 0 {
            return Err(AppendError::Size { expected: size, read: size.saturating_add(1) });
        }
        self.frames.write_all(record::padding(size)).map_err(AppendError::Write)?;
        Ok(Summary { size, sha256: Digest(sha256.finalize().into()) })
    }
}

/// Writes the end-of-archive marker, two records of zeros, as a segment of its own, and gives the sink back.
///
/// # Errors
/// As [`Segment::finish`].
pub fn end<W: Write>(sink: W, compression: &Compression) -> io::Result<W> {
    let mut frames = Frames::new(sink, compression);
    frames.write_all(&[0; 2 * record::SIZE])?;
    frames.finish()
}

/// Reads what there is at once; nothing at the end.
fn read_some(reader: &mut dyn Read, into: &mut [u8]) -> Result<usize, AppendError> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read.map_err(AppendError::Read),
        }
    }
}

fn broken_off() -> io::Error {
    io::Error::other("the archive broke off at an earlier entry")
}

/// The reason alone: the caller knows the path.
impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) | Self::Write(error) => error.fmt(f),
            Self::Size { expected, read } if read < expected => {
                write!(f, "the content ends after {read} of {expected} bytes")
            }
            Self::Size { expected, .. } => write!(f, "the content goes on after {expected} bytes"),
        }
    }
}

impl std::error::Error for AppendError {}
