//! A base that is a file: found, of a known format, and readable from the front as often as needed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use super::fault::{self, Spot};
use super::format::{Foreign, Format, HEAD, identify};
use super::image::{self, Front};
use super::meter::{Meter, Metered};
use super::tarball::{BUFFER, Tarball};
use super::{squashfs, stat, unreadable};
use crate::decompress::{Compression, decoder};
use crate::error::{Error, Result};
use crate::rootfs::Digest;
use crate::ui::Silent;

/// A file of a format that is read.
#[derive(Debug)]
pub(super) struct BaseFile {
    /// None where it has no name.
    path: Option<PathBuf>,
    name: String,
    file: File,
    length: u64,
    compression: Option<Compression>,
}

impl BaseFile {
    /// Opens a file and tells its format.
    ///
    /// # Errors
    /// There is no such file, it is empty, of a format that is not read, or a squashfs that is not whole.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let stat = stat(path)?;
        if stat.is_dir() {
            return Err(
                Error::invalid(format!("`{name}` is a directory, which takes no second file")).hint("pass it alone")
            );
        }
        if !stat.is_file() {
            return Err(Error::invalid(format!("`{name}` is neither a regular file nor a directory"))
                .hint("write what it gives into a file first: it is read more than once"));
        }
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Self { path: Some(path.to_owned()), ..Self::of(name, file)? })
    }

    /// A regular file that was opened already, for messages of this name.
    ///
    /// # Errors
    /// It is empty, of a format that is not read, or a squashfs that is not whole.
    pub(super) fn of(name: String, mut file: File) -> Result<Self> {
        let stat = file.metadata().map_err(|error| Error::failed(format!("cannot read `{name}`")).cause(error))?;
        let mut head = Vec::with_capacity(HEAD);
        let read = file.rewind().and_then(|()| (&mut file).take(HEAD as u64).read_to_end(&mut head));
        read.map_err(|error| Error::failed(format!("cannot read `{name}`")).cause(error))?;
        let length = stat.len();
        let compression = recognized(&name, &head)?;
        if compression.is_none() {
            squashfs::check(&name, &head, length)?;
        }
        Ok(Self { path: None, name, file, length, compression })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The path as it was given, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The file's own length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn is_squashfs(&self) -> bool {
        self.compression.is_none()
    }

    /// The file from its front.
    pub(super) fn bytes(&self) -> Result<&File> {
        (&self.file).rewind().map_err(|error| self.stopped(error))?;
        Ok(&self.file)
    }

    /// The sha256 of the whole file.
    pub(super) fn digest(&self) -> Result<Digest> {
        Digest::of(&mut self.bytes()?).map_err(|error| self.stopped(error))
    }

    fn stopped(&self, error: io::Error) -> Error {
        Error::failed(format!("cannot read `{}`", self.name)).cause(error)
    }

    /// What the front of a tar tells; none for a squashfs.
    pub(super) fn front(&self) -> Result<Option<Front>> {
        if self.is_squashfs() {
            return Ok(None);
        }
        let meter = Meter::new(&Silent, None);
        image::front(&mut self.tarball(&meter)?).map(Some)
    }

    /// The tar from its front; what is read of the file is counted.
    pub(super) fn tarball<'a>(&'a self, meter: &'a Meter<'a>) -> Result<Tarball<'a>> {
        let stopped = |error| fault::stopped(&self.name, &Spot::Start, &error);
        (&self.file).rewind().map_err(stopped)?;
        let counted = Metered::new(&self.file, meter);
        let input = BufReader::with_capacity(BUFFER, counted);
        let content = decoder(self.compression.unwrap_or(Compression::None), input).map_err(stopped)?;
        Ok(Tarball::new(&self.name, content))
    }
}

/// How the tar that begins with `head` is compressed; none for a squashfs.
///
/// # Errors
/// It is of no format that is read.
pub(super) fn recognized(name: &str, head: &[u8]) -> Result<Option<Compression>> {
    match identify(head) {
        Some(Format::Tar(compression)) => Ok(Some(compression)),
        Some(Format::Squashfs) => Ok(None),
        Some(Format::Foreign(foreign)) => Err(refuse(name, foreign)),
        None if head.is_empty() => Err(Error::invalid(format!("`{name}` is empty")).hint(fault::FETCH_AGAIN)),
        None => Err(Error::invalid(format!("`{name}` is neither a tar nor a squashfs"))
            .cause(format!("it begins with `{}`", head[..head.len().min(8)].escape_ascii()))
            .hint("an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too")),
    }
}

/// What to say of a format that is known and not read.
fn refuse(name: &str, foreign: Foreign) -> Error {
    let error = Error::invalid(format!("`{name}` is {}, which is not read", foreign.noun));
    match foreign.convert {
        Some(command) => error.hint(format!("run `{command} '{name}' > base.tar` and pass `base.tar`")),
        None => error
            .hint("an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too"),
    }
}
