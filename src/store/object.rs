//! Content by its own sha256.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Store, under_way};
use crate::Result;
use crate::archive::Hashed;
use crate::rootfs::Digest;
use crate::staged::Staged;

/// Content that is being written, and has no name yet.
pub struct StagedObject(Hashed<Staged>);

impl Write for StagedObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Store {
    /// The object of this sha256 and size, whole and verified, at its start; from now on it counts as used. One that is
    /// truncated or corrupt is removed and counts as absent; one that is whole and of another size counts as absent.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn object(&self, sha256: Digest, size: u64) -> Result<Option<File>> {
        let path = self.object_path(sha256);
        let found = (|| {
            let Some(mut file) = open_regular(&path)? else { return Ok(None) };
            let found = Digest::of(&mut file)?;
            let length = file.stream_position()?;
            file.rewind()?;
            Ok(Some((file, found, length)))
        })();
        let Some((file, found, length)) = found.map_err(|cause| self.unread(&cause))? else { return Ok(None) };
        if found != sha256 {
            // Where it cannot be removed, it still counts as absent.
            let _ = remove_same(&path, &file);
            return Ok(None);
        }
        if length != size {
            return Ok(None);
        }
        mark_used(&file);
        Ok(Some(file))
    }

    /// A place for new content.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn stage(&self) -> Result<StagedObject> {
        let staged = under_way(&self.directory).and_then(|directory| Staged::new_in(&directory, 0o444));
        Ok(StagedObject(Hashed::new(staged.map_err(|cause| self.unwritten(&cause))?)))
    }

    /// Keeps what was staged, under its sha256. Two that keep the same content at once are no trouble.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn keep(&self, staged: StagedObject) -> Result<(Digest, u64)> {
        /// Whoever else names or removes the same object would have to win as often.
        const ATTEMPTS: usize = 8;
        let (staged, summary) = staged.0.finish();
        let directory = self.shelf(summary.sha256).map_err(|cause| self.unwritten(&cause))?;
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            outcome = staged.link(&directory, &summary.sha256.to_string());
            match &outcome {
                // What is there is either the same, or damaged and gone once it was looked at.
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                    if self.object(summary.sha256, summary.size)?.is_some() {
                        return Ok((summary.sha256, summary.size));
                    }
                }
                _ => break,
            }
        }
        outcome.map(|()| (summary.sha256, summary.size)).map_err(|cause| self.unwritten(&cause))
    }

    /// Where an object is, if it is.
    pub(super) fn object_path(&self, sha256: Digest) -> PathBuf {
        let name = sha256.to_string();
        self.directory.join("objects").join(&name[..2]).join(name)
    }

    /// The directory of objects with the same first byte, which is made when it is not there.
    pub(super) fn shelf(&self, sha256: Digest) -> io::Result<File> {
        let path = self.directory.join("objects").join(&sha256.to_string()[..2]);
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        File::open(path)
    }
}

/// The regular file of this name; none where there is none, and nothing else is ever opened, a fifo in particular.
pub(super) fn open_regular(path: &Path) -> io::Result<Option<File>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A symbolic link: not ours.
        Err(cause) if cause.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => return Ok(None),
        Err(cause) => return Err(cause),
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Removes a file, unless somebody has put another in its place meanwhile.
fn remove_same(path: &Path, file: &File) -> io::Result<()> {
    let (there, opened) = (fs::symlink_metadata(path)?, file.metadata()?);
    if (there.dev(), there.ino()) == (opened.dev(), opened.ino()) { fs::remove_file(path) } else { Ok(()) }
}

/// Says that a file was used. It matters to pruning alone, so that a read-only store is no error.
pub(super) fn mark_used(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}
