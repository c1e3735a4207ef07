//! The layouts that the binary carries, and where a layout's own files are read from.

use std::io;
use std::path::{Component, Path, PathBuf};

/// A file of the repository's `layouts/`.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedFile {
    /// Its path below `layouts/`.
    pub name: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// The name of the layout that is built when none is named.
pub const DEFAULT: &str = "backend-api.toml";

/// All layouts of the repository, with what they refer to.
pub const EMBEDDED: &[EmbeddedFile] = &[
    EmbeddedFile { name: DEFAULT, content: include_str!("../../layouts/backend-api.toml") },
    EmbeddedFile { name: "backend-api.lock", content: include_str!("../../layouts/backend-api.lock") },
];

/// Where the files that a layout names are read from.
#[derive(Clone, Debug)]
pub(super) enum Files {
    /// The layout's own directory.
    Directory(PathBuf),
    /// The binary.
    Embedded,
}

impl Files {
    /// The largest file that a layout may bring, in bytes: it is held in memory.
    const LARGEST: u64 = 16 << 20;

    /// What messages call a file that the layout names.
    pub(super) fn display(&self, name: &Path) -> String {
        match self {
            Self::Directory(directory) => directory.join(name).display().to_string(),
            Self::Embedded => format!("<embedded>/{}", name.display()),
        }
    }

    /// Reads a file that the layout names.
    ///
    /// # Errors
    /// It is not there, not readable, or larger than 16 MiB.
    pub(super) fn read(&self, name: &Path) -> io::Result<Vec<u8>> {
        use std::io::Read;

        match self {
            Self::Directory(directory) => {
                let mut bytes = Vec::new();
                std::fs::File::open(directory.join(name))?.take(Self::LARGEST + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > Self::LARGEST {
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 MiB"));
                }
                Ok(bytes)
            }
            Self::Embedded => {
                let plain: PathBuf = name.components().filter(|part| *part != Component::CurDir).collect();
                let found = EMBEDDED.iter().find(|file| Path::new(file.name) == plain);
                found.map(|file| file.content.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }
}
