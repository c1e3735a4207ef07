//! What a key led to.

use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::object::{mark_used, open_regular};
use super::{Store, under_way};
use crate::Result;
use crate::rootfs::Digest;
use crate::staged::TEMPORARY;

/// The largest record, in bytes: what is larger is an object.
pub(super) const LARGEST: usize = 1 << 20;

impl Store {
    /// What this key led to; from now on it counts as used. A damaged record counts as absent.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn record(&self, key: Digest) -> Result<Option<Vec<u8>>> {
        let read = read(&self.record_path(key)).map_err(|cause| self.unread(&cause))?;
        Ok(read.map(|(file, content)| {
            mark_used(&file);
            content
        }))
    }

    /// Notes what a key leads to, in place of what it led to before. The content is the caller's own; a line
    /// `object SHA256` in it says which object it leads to, and it is pruned together with that.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn set_record(&self, key: Digest, content: &[u8]) -> Result<()> {
        let write = || {
            if content.len() > LARGEST {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too large"));
            }
            let mut builder = tempfile::Builder::new();
            let builder = builder.prefix(TEMPORARY).permissions(Permissions::from_mode(0o444));
            let mut file = builder.tempfile_in(under_way(&self.directory)?)?;
            writeln!(file, "{}", Digest(Sha256::digest(content).into()))?;
            file.write_all(content)?;
            file.persist(self.record_path(key)).map_err(|error| error.error)
        };
        write().map(drop).map_err(|cause| self.unwritten(&cause))
    }

    pub(super) fn record_path(&self, key: Digest) -> PathBuf {
        self.directory.join("records").join(key.to_string())
    }
}

/// A record's file and content: a line with the sha256 of the content, and the content.
pub(super) fn read(path: &Path) -> io::Result<Option<(std::fs::File, Vec<u8>)>> {
    const HEAD: usize = 65;
    let Some(file) = open_regular(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    (&file).take((HEAD + LARGEST) as u64 + 1).read_to_end(&mut bytes)?;
    let Some((head, content)) = bytes.split_at_checked(HEAD) else { return Ok(None) };
    let sound = head == format!("{}\n", Digest(Sha256::digest(content).into())).as_bytes();
    Ok(sound.then(|| (file, content.to_vec())))
}

/// The objects that a record leads to.
pub(super) fn objects_of(content: &[u8]) -> impl Iterator<Item = Digest> {
    let digest = |line: &[u8]| Digest::parse(str::from_utf8(line.strip_prefix(b"object ")?).ok()?);
    content.split(|byte| *byte == b'\n').filter_map(digest)
}
