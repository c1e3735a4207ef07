//! A file that gets its name only when it is whole.
//!
//! It is written without a name (`O_TMPFILE`): whatever ends the process before it is named, `kill -9` and a power cut
//! included, leaves nothing behind. File systems without `O_TMPFILE` get a temporary name instead, which goes when the
//! file is dropped.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use tempfile::Builder;

/// What the temporary names begin with, where there must be one.
pub(crate) const TEMPORARY: &str = ".vezaimg-";

/// A file that has no name yet, readable and writable.
#[derive(Debug)]
pub struct Staged {
    file: File,
    /// Where the file system has no files without a name.
    temporary: Option<PathBuf>,
}

impl Staged {
    /// A new empty file on the file system of `directory`. The umask applies to its mode.
    pub(crate) fn new_in(directory: &Path, mode: u32) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match open(directory, flags, Mode::from_raw_mode(mode)) {
            Ok(handle) => Ok(Self { file: handle.into(), temporary: None }),
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::NOENT) => {
                Self::named_in(directory, mode)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn named_in(directory: &Path, mode: u32) -> io::Result<Self> {
        let mut builder = Builder::new();
        let file = builder.prefix(TEMPORARY).permissions(Permissions::from_mode(mode)).tempfile_in(directory)?;
        let (file, path) = file.keep().map_err(|error| error.error)?;
        Ok(Self { file, temporary: Some(path) })
    }

    /// The file itself.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it its name; [`AlreadyExists`](io::ErrorKind::AlreadyExists) when something bears it.
    pub(crate) fn link(&self, directory: impl AsFd, name: &str) -> io::Result<()> {
        let proc = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let from = self.temporary.clone().unwrap_or_else(|| proc.into());
        Ok(linkat(CWD, &from, directory, name, AtFlags::SYMLINK_FOLLOW)?)
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(path) = &self.temporary {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Puts a text in place of a file, or of none, whole or not at all; everybody may read it.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = Builder::new().permissions(Permissions::from_mode(0o644)).tempfile_in(directory).map_err(bare)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// What the system said, without the path of the temporary file that `tempfile` adds.
fn bare(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((said, _)) => io::Error::new(error.kind(), said.to_owned()),
        None => error,
    }
}
