//! Files of an instance, running or not, even one that was never started.

use std::fmt;
use std::io::Read;

use super::{Client, InstanceName, Result};
use crate::rootfs::TargetPath;

/// Owner, group and permission bits, as the instance sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Owner, by number.
    pub uid: u32,
    /// Group, by number.
    pub gid: u32,
    /// Permission bits: `0o0000` to `0o7777`.
    pub mode: u32,
}

/// What is at a path.
pub enum Node {
    /// A regular file.
    File {
        /// Owner, group and mode.
        attributes: Attributes,
        /// The content, as it comes; it ends in an error when the connection breaks.
        body: Box<dyn Read + Send>,
        /// Its size in bytes, if Incus says it.
        size: Option<u64>,
    },
    /// A directory.
    Directory {
        /// Owner, group and mode.
        attributes: Attributes,
        /// What it holds, sorted.
        names: Vec<String>,
    },
    /// A symbolic link.
    Symlink {
        /// Owner, group and mode.
        attributes: Attributes,
        /// Where it points; Incus makes what is relative absolute.
        target: Vec<u8>,
    },
}

/// Without the content of a file, which may be a secret.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { attributes, size, .. } => {
                f.debug_struct("File").field("attributes", attributes).field("size", size).finish_non_exhaustive()
            }
            Self::Directory { attributes, names } => {
                f.debug_struct("Directory").field("attributes", attributes).field("names", names).finish()
            }
            Self::Symlink { attributes, target } => {
                f.debug_struct("Symlink").field("attributes", attributes).field("target", target).finish()
            }
        }
    }
}

impl Client {
    /// What is at this path; a symbolic link at its end is not followed.
    ///
    /// # Errors
    /// As every request; [`Malformed`](super::Kind::Malformed) for what is none of [`Node`]'s.
    pub fn read(&self, name: &InstanceName, path: &TargetPath) -> Result<Option<Node>> {
        let _ = (name, path);
        unimplemented!()
    }

    /// Writes a file of exactly `size` bytes, in the place of what is there.
    ///
    /// # Errors
    /// As every request; also when `body` fails, or has another size.
    pub fn write_file(
        &self,
        name: &InstanceName,
        path: &TargetPath,
        attributes: Attributes,
        size: u64,
        body: &mut dyn Read,
    ) -> Result<()> {
        let _ = (name, path, attributes, size, body);
        unimplemented!()
    }

    /// Makes a directory; its parent has to be there.
    ///
    /// # Errors
    /// As every request; [`Exists`](super::Kind::Exists) when something is there.
    pub fn make_directory(&self, name: &InstanceName, path: &TargetPath, attributes: Attributes) -> Result<()> {
        let _ = (name, path, attributes);
        unimplemented!()
    }

    /// Makes a symbolic link, in the place of what is there; Incus gives it to the instance's root.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn make_symlink(&self, name: &InstanceName, path: &TargetPath, target: &[u8]) -> Result<()> {
        let _ = (name, path, target);
        unimplemented!()
    }

    /// Removes a file, a symbolic link or an empty directory; that it is not there is fine.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) for a directory that holds something.
    pub fn remove(&self, name: &InstanceName, path: &TargetPath) -> Result<()> {
        let _ = (name, path);
        unimplemented!()
    }
}
