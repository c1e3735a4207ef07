//! The compressors, one frame at a time.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use crate::{Error, Result};

#[cfg(test)]
mod tests;

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Zstandard frames, RFC 8878.
    Zstd,
    /// Gzip members, RFC 1952.
    Gzip,
}

impl Codec {
    /// The name that `--compression` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The last part of an archive's file name, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Zstd => "zst",
            Self::Gzip => "gz",
        }
    }

    /// The levels that [`Compression::new`] takes.
    pub const fn levels(self) -> RangeInclusive<i32> {
        match self {
            Self::Zstd => 1..=22,
            Self::Gzip => 1..=9,
        }
    }

    /// The level when none is given.
    pub const fn default_level(self) -> i32 {
        match self {
            Self::Zstd | Self::Gzip => 9,
        }
    }
}

/// How an archive is compressed, how hard, and by how many threads.
///
/// The codec and the level decide the bytes; the number of threads does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    codec: Codec,
    level: i32,
    jobs: NonZeroUsize,
}

impl Compression {
    /// A codec at a level, or at its default level, on `jobs` threads.
    ///
    /// # Errors
    /// A level that the codec does not have.
    pub fn new(codec: Codec, level: Option<i32>, jobs: NonZeroUsize) -> Result<Self> {
        let level = level.unwrap_or(codec.default_level());
        let levels = codec.levels();
        if levels.contains(&level) {
            return Ok(Self { codec, level, jobs });
        }
        let (name, first, last) = (codec.name(), levels.start(), levels.end());
        let hint = format!("give a level from {first} to {last}; {} is the default", codec.default_level());
        Err(Error::invalid(format!("{name} has no level `{level}`")).hint(hint))
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The level.
    pub fn level(&self) -> i32 {
        self.level
    }

    /// The number of threads that compress.
    pub fn jobs(&self) -> NonZeroUsize {
        self.jobs
    }

    /// Replaces `output` by one frame that holds `input`.
    ///
    /// # Errors
    /// The compressor has no memory.
    pub(super) fn frame(&self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        match self.codec {
            Codec::Zstd => zstd_frame(self.level, input, output),
            Codec::Gzip => gzip_member(self.level.unsigned_abs(), input, output),
        }
    }
}

/// A frame with its content's size and checksum (xxh64). It is never longer than [`super::frames::SIZE`], which bounds
/// the window as well: below the 8 MiB that RFC 8878, 3.1.1.1.2, asks of every decoder.
///
/// A context of its own, though one could be used again: from then on zstd 1.5.7 salts its hashes and works among what
/// the frame before left in its tables. That makes no difference to the bytes as far as we measured, but this way none
/// is possible, at a cost within the noise.
fn zstd_frame(level: i32, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    output.clear();
    output.reserve(zstd::zstd_safe::compress_bound(input.len()));
    let mut compressor = zstd::bulk::Compressor::new(level)?;
    compressor.include_contentsize(true)?;
    compressor.include_checksum(true)?;
    compressor.compress_to_buffer(input, output)?;
    Ok(())
}

/// A member without time and name, from an unknown operating system.
fn gzip_member(level: u32, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    output.clear();
    let builder = flate2::GzBuilder::new().mtime(0).operating_system(255);
    let mut member = builder.write(output, flate2::Compression::new(level));
    member.write_all(input)?;
    member.finish()?;
    Ok(())
}
