//! Downloads under way.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::{Store, try_lock, under_way};
use crate::Result;
use crate::rootfs::Digest;

/// The beginning of an object, which nobody else writes to meanwhile. What it holds stays for the next attempt when it
/// is dropped, be it in another run.
pub struct Partial {
    path: PathBuf,
    file: File,
    sha256: Sha256,
    length: u64,
}

impl Store {
    /// The download of this object of `size` bytes, as far as it came; none while another vezaimg makes it.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn partial(&self, sha256: Digest, size: u64) -> Result<Option<Partial>> {
        self.open_partial(sha256, size).map_err(|cause| self.unwritten(&cause))
    }

    fn open_partial(&self, sha256: Digest, size: u64) -> io::Result<Option<Partial>> {
        let path = under_way(&self.directory)?.join(sha256.to_string());
        loop {
            let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
            let mut options = OpenOptions::new();
            let file = options.read(true).append(true).create(true).mode(0o600).custom_flags(flags).open(&path)?;
            if !file.metadata()?.is_file() {
                let what = format!("`{}` is not a regular file", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            if !try_lock(&file)? {
                return Ok(None);
            }
            // Whoever held it before may have finished it, and moved it away.
            let is_current = match fs::symlink_metadata(&path) {
                Ok(there) => there.ino() == file.metadata()?.ino(),
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => false,
                Err(cause) => return Err(cause),
            };
            if is_current {
                let mut partial = Partial { path, file, sha256: Sha256::new(), length: 0 };
                partial.take_up(size)?;
                return Ok(Some(partial));
            }
        }
    }

    /// Makes a finished download an object, if it is the one of this sha256 and size; otherwise it is deleted.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn promote(&self, partial: Partial, sha256: Digest, size: u64) -> Result<bool> {
        let found = (Digest(partial.sha256.clone().finalize().into()), partial.length);
        let outcome = if found == (sha256, size) {
            self.move_in(&partial, sha256).map(|()| true)
        } else {
            fs::remove_file(&partial.path).map(|()| false)
        };
        outcome.map_err(|cause| self.unwritten(&cause))
    }

    fn move_in(&self, partial: &Partial, sha256: Digest) -> io::Result<()> {
        self.shelf(sha256)?;
        partial.file.set_permissions(Permissions::from_mode(0o444))?;
        fs::rename(&partial.path, self.object_path(sha256))
    }
}

impl Partial {
    /// Reads what is there already. What is longer than the object can be is no beginning of it.
    fn take_up(&mut self, size: u64) -> io::Result<()> {
        if self.file.metadata()?.len() > size {
            return self.restart();
        }
        self.length = hash(&mut self.file, &mut self.sha256)?;
        Ok(())
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Starts over.
    ///
    /// # Errors
    /// The file system's.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.sha256 = Sha256::new();
        self.length = 0;
        Ok(())
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.sha256.update(&bytes[..length]);
        self.length += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Nothing to go on from. The lock is still held, so that the name is this file's own, if it is there.
        if self.length == 0 {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Adds the bytes that are still to be read to a sha256, and counts them.
fn hash(reader: &mut dyn Read, sha256: &mut Sha256) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Ok(size);
        }
        sha256.update(&buffer[..read]);
        size += read as u64;
    }
}
