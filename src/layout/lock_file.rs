//! Where a layout's lock lies: beside the layout, under its name.

use std::path::{Path, PathBuf};

use super::embedded::EMBEDDED;
use super::files::Files;
use crate::diagnostic::Source;
use crate::document;
use crate::{Error, Result};

/// The place of a lock, which need not be there yet.
#[derive(Clone, Debug)]
pub enum LockFile {
    /// A file beside the layout's.
    File(PathBuf),
    /// The copy in this program, under this name.
    Embedded(String),
}

impl LockFile {
    pub(super) fn beside(layout: &Source, files: &Files) -> Self {
        let path = Path::new(&layout.name).with_extension("lock");
        match files.are_embedded() {
            false => Self::File(path),
            true => Self::Embedded(path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Embedded(name) => format!("<embedded>/{name}"),
        }
    }

    /// Where it can be written to.
    ///
    /// # Errors
    /// The layout is the copy in this program, whose lock is made with the program.
    pub fn writable(&self) -> Result<&Path> {
        match self {
            Self::File(path) => Ok(path),
            Self::Embedded(name) => {
                Err(Error::invalid(format!("`{name}` belongs to the layout in this program and cannot be written"))
                    .hint("run `vezaimg init` first, which writes the layout and its lock to `layouts/`"))
            }
        }
    }

    /// Its text; none where there is no lock yet.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self) -> Result<Option<Source>> {
        match self {
            Self::File(path) if !path.exists() => Ok(None),
            Self::File(path) => document::read_source(path, "a lock", "`vezaimg lock` writes one").map(Some),
            Self::Embedded(name) => {
                let file = EMBEDDED.iter().find(|file| file.name == name);
                Ok(file.map(|file| Source { name: self.name(), text: file.content.to_owned() }))
            }
        }
    }
}
