//! The one place that writes into `out/`.
//!
//! A file is [`Staged`], synced, and given its name only when it is whole.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, open};

use super::{ArtifactName, SIGNATURE};
use crate::staged::Staged;
use crate::{Error, Result};

/// The directory that artifacts land in.
#[derive(Debug)]
pub struct Outbox {
    directory: PathBuf,
    handle: OwnedFd,
}

impl Outbox {
    /// Opens the directory, which is made when it is not there, and checks that it can be written to.
    ///
    /// # Errors
    /// It cannot be made, opened or written to.
    pub fn open(directory: &Path) -> Result<Self> {
        let wrong = |cause: io::Error| unwritable(directory, &cause);
        if directory.exists() && !directory.is_dir() {
            return Err(wrong(io::ErrorKind::NotADirectory.into()));
        }
        std::fs::create_dir_all(directory).map_err(wrong)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = open(directory, flags, Mode::empty()).map_err(|error| wrong(error.into()))?;
        let outbox = Self { directory: directory.to_owned(), handle };
        outbox.stage()?;
        Ok(outbox)
    }

    /// The path of a file of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A new file without a name, readable and writable.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn stage(&self) -> Result<Staged> {
        // The umask applies, as to any file that a person makes.
        Staged::new_in(&self.directory, 0o666).map_err(|cause| unwritable(&self.directory, &cause))
    }

    /// Gives finished files their names: first what lies `beside` the image, then the image's own, of which the last
    /// makes the release complete.
    ///
    /// A file of the same name and bytes is left as it is. What a build that was killed in here left beside an image
    /// that never came is replaced. When anything fails, what this call named is removed again.
    ///
    /// # Errors
    /// A file of that name and other bytes is there: no release is ever overwritten. Or the disk is full.
    pub fn publish(
        &self,
        name: &ArtifactName,
        beside: Vec<(String, Staged)>,
        images: Vec<(String, Staged)>,
    ) -> Result<()> {
        // One at a time, so that what has no image is known to be a leftover. The lock goes with its holder.
        rustix::fs::flock(&self.handle, FlockOperation::LockExclusive)
            .map_err(|error| self.unwritten("the release", &error.into()))?;
        let outcome = self.publish_locked(name, beside, images);
        let _ = rustix::fs::flock(&self.handle, FlockOperation::Unlock);
        outcome
    }

    fn publish_locked(
        &self,
        name: &ArtifactName,
        mut beside: Vec<(String, Staged)>,
        mut images: Vec<(String, Staged)>,
    ) -> Result<()> {
        let has_image = self.has_image(name).map_err(|cause| self.unwritten("the release", &cause))?;
        for (file, staged) in images.iter_mut().chain(&mut beside) {
            match self.refuse_other_bytes(file, staged) {
                Err(_) if !has_image => {
                    std::fs::remove_file(self.path(file)).map_err(|cause| self.unwritten(file, &cause))?;
                }
                checked => checked?,
            }
        }
        let mut files: Vec<_> = beside.into_iter().chain(images).collect();
        let signature = name.with(SIGNATURE);
        if !has_image && files.iter().all(|(file, _)| *file != signature) {
            // Nobody signed what will be there.
            match std::fs::remove_file(self.path(&signature)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(self.unwritten(&signature, &cause)),
                _ => {}
            }
        }
        for (file, staged) in &mut files {
            staged.file().sync_all().map_err(|cause| self.unwritten(file, &cause))?;
        }
        let mut named = Vec::new();
        let outcome: Result<()> = files.into_iter().try_for_each(|(file, staged)| {
            if self.name(&file, staged)? {
                named.push(file);
            }
            Ok(())
        });
        if outcome.is_err() {
            for file in &named {
                let _ = std::fs::remove_file(self.path(file));
            }
        }
        outcome?;
        rustix::fs::fsync(&self.handle).map_err(|error| self.unwritten("the directory", &error.into()))
    }

    /// Whether an image of this release is there, in any format.
    fn has_image(&self, name: &ArtifactName) -> io::Result<bool> {
        for entry in std::fs::read_dir(&self.directory)? {
            if entry?.file_name().to_str().is_some_and(|file| name.is_image(file)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Names a file; false when the same bytes already bore the name.
    fn name(&self, name: &str, mut staged: Staged) -> Result<bool> {
        match staged.link(&self.handle, name) {
            Ok(()) => Ok(true),
            // Somebody else was faster.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                self.refuse_other_bytes(name, &mut staged).map(|()| false)
            }
            Err(cause) => Err(self.unwritten(name, &cause)),
        }
    }

    fn refuse_other_bytes(&self, name: &str, staged: &mut Staged) -> Result<()> {
        let path = self.path(name);
        match same_bytes(staged.file(), &path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::refused(format!("`{}` is there already, with other bytes", path.display()))
                .hint("name this build with `--release`, or move the old one away")),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err(Error::failed(format!("cannot read `{}`", path.display())).cause(cause)),
        }
    }

    /// The error for a file of the release that could not be written.
    pub fn unwritten(&self, what: &str, cause: &io::Error) -> Error {
        let error = Error::invalid(format!("cannot write {what} into `{}`", self.directory.display())).cause(cause);
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                error.hint("make room, or name another directory with `--out`; nothing was left behind")
            }
            _ => error.hint("name another directory with `--out`; nothing was left behind"),
        }
    }
}

fn unwritable(directory: &Path, cause: &io::Error) -> Error {
    Error::invalid(format!("cannot write into `{}`", directory.display()))
        .cause(cause)
        .hint("name a directory that you can write to with `--out`")
}

fn same_bytes(file: &mut File, path: &Path) -> io::Result<bool> {
    let mut other = File::open(path)?;
    if other.metadata()?.len() != file.metadata()?.len() {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}
