//! The files of a store, by what they are.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use super::Store;
use crate::rootfs::Digest;
use crate::staged::TEMPORARY;

/// What a file in the store's directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Object(Digest),
    Record,
    /// A download, or what a file system without `O_TMPFILE` shows of a file that is being written.
    Partial,
    /// Nothing that a store makes.
    Unknown,
}

/// A file.
#[derive(Debug)]
pub(super) struct StoreEntry {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) used: SystemTime,
}

impl Store {
    /// Every file but the lock, by path. What goes away meanwhile is left out.
    pub(super) fn entries(&self) -> io::Result<BTreeMap<PathBuf, StoreEntry>> {
        let mut entries = BTreeMap::new();
        for entry in WalkDir::new(&self.directory).min_depth(1).follow_root_links(true) {
            let look = entry.and_then(|entry| Ok((entry.metadata()?, entry)));
            let (metadata, entry) = match look {
                Ok(found) => found,
                Err(error) if error.io_error().is_some_and(|cause| cause.kind() == io::ErrorKind::NotFound) => continue,
                Err(error) => return Err(error.into()),
            };
            let below = entry.path().strip_prefix(&self.directory).unwrap_or(entry.path());
            if metadata.is_dir() || below == Path::new("lock") {
                continue;
            }
            let kind = if metadata.is_file() { kind_of(below) } else { Kind::Unknown };
            let used = metadata.modified()?;
            entries.insert(entry.into_path(), StoreEntry { kind, size: metadata.len(), used });
        }
        Ok(entries)
    }
}

/// What a file below the store's directory is, by its name.
fn kind_of(path: &Path) -> Kind {
    let names: Option<Vec<_>> = path.iter().map(|name| name.to_str()).collect();
    let sha256 = |name: &str| Digest::parse(name).filter(|digest| digest.to_string() == name);
    match names.as_deref() {
        Some(["objects", shelf, name]) if name.starts_with(shelf) && shelf.len() == 2 => {
            sha256(name).map_or(Kind::Unknown, Kind::Object)
        }
        Some(["records", name]) if sha256(name).is_some() => Kind::Record,
        Some(["partial", name]) if sha256(name).is_some() || name.starts_with(TEMPORARY) => Kind::Partial,
        _ => Kind::Unknown,
    }
}
