//! The store: what was fetched or made before, by content, shared by every vezaimg of a user.
//!
//! ```text
//! ~/.cache/vezaimg/
//!   objects/ab/abcd…    content by its own sha256, read-only
//!   records/abcd…       what a key led to, by the key's sha256
//!   partial/abcd…       a download under way, locked by whoever makes it
//!   lock                shared by whoever uses the store, held alone by `vezaimg cache prune`
//! ```
//!
//! Nothing in it is irreplaceable: an object is hashed whenever it is opened, a record carries its own sha256, and a
//! damaged one counts as absent. A record is what its owner says, though, so that a store which another user can write
//! to is not used. Files appear under their names only when they are whole. A modification time is
//! when a file was last used. Nothing is synced: what a power cut leaves damaged is fetched or made again.

mod entries;
mod object;
mod partial;
mod prune;
mod record;
#[cfg(test)]
mod tests;
mod usage;

pub use object::StagedObject;
pub use partial::Partial;
pub use prune::{Pruned, Pruning};
pub use usage::{Amount, Usage};

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::{Error, Result};

/// A store that is in use: while this lives, nothing is pruned.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    /// None in a read-only store that has no lock: nobody prunes there.
    lock: Option<File>,
}

impl Store {
    /// Opens the user's store: `VEZAIMG_CACHE`, else `vezaimg` in `XDG_CACHE_HOME`, else `.cache/vezaimg` in `HOME`.
    ///
    /// # Errors
    /// None of them is set, or the directory cannot be made or read.
    pub fn open() -> Result<Self> {
        let directory = directory(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from));
        let homeless = || {
            Error::invalid("there is no place for the store: neither VEZAIMG_CACHE, XDG_CACHE_HOME nor HOME is set")
                .hint("name a directory that outlives this run: `VEZAIMG_CACHE=DIR`")
        };
        Self::at(&directory.ok_or_else(homeless)?)
    }

    /// Opens the store in this directory, which is made when it is not there. It may be read-only: then what it holds
    /// can be used, and nothing added.
    ///
    /// # Errors
    /// The directory cannot be made or read, or is being pruned.
    pub fn at(directory: &Path) -> Result<Self> {
        let wrong = |cause: io::Error| {
            Error::failed(format!("cannot use the store `{}`", directory.display()))
                .cause(cause)
                .hint("name a directory that you can write to: `VEZAIMG_CACHE=DIR`")
        };
        let made = make_directories(directory);
        match (made, fs::read_dir(directory)) {
            (Ok(()), Ok(_)) => {}
            (Err(cause), Ok(_)) if is_read_only(&cause) => {}
            (Err(cause), _) | (Ok(()), Err(cause)) => return Err(wrong(cause)),
        }
        refuse_foreign(directory)?;
        let store = Self { directory: directory.to_owned(), lock: open_lock(&directory.join("lock")).map_err(wrong)? };
        store.share().map_err(wrong)?;
        Ok(store)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The error for something that could not be written into the store.
    pub fn unwritten(&self, cause: &io::Error) -> Error {
        let error = Error::failed(format!("cannot write into the store `{}`", self.directory.display())).cause(cause);
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                error.hint("make room: `vezaimg cache prune --all`, or name another directory: `VEZAIMG_CACHE=DIR`")
            }
            _ => error.hint("name a directory that you can write to: `VEZAIMG_CACHE=DIR`"),
        }
    }

    /// The error for something in the store that could not be read.
    fn unread(&self, cause: &io::Error) -> Error {
        Error::failed(format!("cannot read the store `{}`", self.directory.display()))
            .cause(cause)
            .hint("name a directory that you can read and write: `VEZAIMG_CACHE=DIR`")
    }

    /// Takes the store together with others. Whoever prunes is waited for: that takes no longer than to remove files.
    fn share(&self) -> io::Result<()> {
        match &self.lock {
            Some(lock) => Ok(flock(lock, FlockOperation::LockShared)?),
            None => Ok(()),
        }
    }

    /// Takes the store for itself alone; false when somebody else uses it. Either way it is no longer shared.
    fn try_alone(&self) -> io::Result<bool> {
        match &self.lock {
            Some(lock) => try_lock(lock),
            None => Err(Errno::ROFS.into()),
        }
    }
}

/// Takes a lock for oneself alone; false when somebody else holds it.
fn try_lock(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The store's place in an environment.
fn directory(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // "All paths set in these environment variables must be absolute": XDG Base Directory Specification.
    let base = || variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let home = || variable("HOME").map(|home| home.join(".cache"));
    variable("VEZAIMG_CACHE").or_else(|| Some(base().or_else(home)?.join("vezaimg")))
}

/// The directories of a store.
const DIRECTORIES: [&str; 3] = ["objects", "records", "partial"];

fn make_directories(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    DIRECTORIES.iter().try_for_each(|name| builder.create(directory.join(name)))
}

/// Whoever writes to a store decides what is built from it: it must be the user's own, or root's.
fn refuse_foreign(directory: &Path) -> Result<()> {
    let own = rustix::process::geteuid().as_raw();
    let paths = std::iter::once(directory.to_owned()).chain(DIRECTORIES.map(|name| directory.join(name)));
    for path in paths {
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let path = path.display();
        if metadata.uid() != own && metadata.uid() != 0 {
            let message = format!("the store's `{path}` belongs to another user, uid {}", metadata.uid());
            return Err(Error::refused(message).hint("name a directory of your own: `VEZAIMG_CACHE=DIR`"));
        }
        if metadata.mode() & 0o002 != 0 {
            return Err(Error::refused(format!("every user can write to the store's `{path}`"))
                .hint(format!("run `chmod o-w {path}` if nobody else has written there, or remove it"))
                .hint("or name a directory of your own: `VEZAIMG_CACHE=DIR`"));
        }
    }
    Ok(())
}

/// The lock; read-only where it cannot be written, for that is enough to hold it.
fn open_lock(path: &Path) -> io::Result<Option<File>> {
    match fs::OpenOptions::new().write(true).create(true).truncate(false).open(path) {
        Ok(lock) => Ok(Some(lock)),
        Err(cause) if is_read_only(&cause) => match File::open(path) {
            Ok(lock) => Ok(Some(lock)),
            Err(_) => Ok(None),
        },
        Err(cause) => Err(cause),
    }
}

fn is_read_only(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}
