//! One entry of a root file system.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use super::TargetPath;

/// Permission bits with set-user-id, set-group-id and sticky: `0o0000` to `0o7777`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(u16);

impl Mode {
    /// The low twelve bits of a `st_mode`; the file type is dropped.
    pub const fn from_bits(st_mode: u32) -> Self {
        Self((st_mode & 0o7777) as u16)
    }

    /// The twelve bits.
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Reads `"0750"` as layouts write it: a zero and three octal digits, or four octal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let octal = text.len() == 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        octal.then(|| u32::from_str_radix(text, 8).ok()).flatten().map(Self::from_bits)
    }
}

/// Four octal digits, such as `0750`.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({self})")
    }
}

/// Extended attributes by full name, such as `security.capability`, with their raw values.
pub type Xattrs = BTreeMap<Vec<u8>, Vec<u8>>;

/// What every entry has, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits.
    pub mode: Mode,
    /// Owner, by number.
    pub uid: u32,
    /// Group, by number.
    pub gid: u32,
    /// Modification time in whole seconds since 1970; never negative.
    pub mtime: u64,
    /// Extended attributes.
    pub xattrs: Xattrs,
}

/// What an entry is. `F` is what a regular file carries: its content, a reader of it, or a summary.
///
/// Device nodes and sockets are never part of an image: Incus makes `/dev`, and a socket belongs to a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<F> {
    /// A directory.
    Directory,
    /// A regular file.
    File(F),
    /// A symbolic link with its target's bytes as they stand.
    Symlink(Vec<u8>),
    /// Another name of a regular file that stands earlier in the archive.
    HardLink(TargetPath),
    /// A named pipe.
    Fifo,
}

impl<F> Kind<F> {
    /// The same kind with another carrier for a regular file.
    pub fn map<G>(self, file: impl FnOnce(F) -> G) -> Kind<G> {
        match self {
            Self::Directory => Kind::Directory,
            Self::File(content) => Kind::File(file(content)),
            Self::Symlink(target) => Kind::Symlink(target),
            Self::HardLink(target) => Kind::HardLink(target),
            Self::Fifo => Kind::Fifo,
        }
    }

    /// The same kind with another carrier for a regular file, where one can be made.
    ///
    /// # Errors
    /// Those of `file`.
    pub fn try_map<G, E>(self, file: impl FnOnce(F) -> Result<G, E>) -> Result<Kind<G>, E> {
        Ok(match self {
            Self::File(content) => Kind::File(file(content)?),
            Self::Directory => Kind::Directory,
            Self::Symlink(target) => Kind::Symlink(target),
            Self::HardLink(target) => Kind::HardLink(target),
            Self::Fifo => Kind::Fifo,
        })
    }

    /// The same kind, lending what a regular file carries.
    pub fn as_ref(&self) -> Kind<&F> {
        match self {
            Self::Directory => Kind::Directory,
            Self::File(content) => Kind::File(content),
            Self::Symlink(target) => Kind::Symlink(target.clone()),
            Self::HardLink(target) => Kind::HardLink(target.clone()),
            Self::Fifo => Kind::Fifo,
        }
    }

    /// The word for it in a message.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::File(_) => "file",
            Self::Symlink(_) => "symbolic link",
            Self::HardLink(_) => "hard link",
            Self::Fifo => "named pipe",
        }
    }
}

/// An entry apart from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<F> {
    /// Mode, owner, time, extended attributes.
    pub metadata: Metadata,
    /// What it is.
    pub kind: Kind<F>,
}

/// A regular file whose content has still to be read, once, from front to end.
pub struct Body<'a> {
    /// Size in bytes; the reader gives exactly that many, or an error.
    pub size: u64,
    /// The content.
    pub reader: &'a mut dyn Read,
}
