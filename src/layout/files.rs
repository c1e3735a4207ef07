//! Where the files that a layout names are read from: beside it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::embedded::EMBEDDED;
use crate::diagnostic::Source;
use crate::document::{Placed, Section, without_mark};
use crate::rootfs::Digest;

/// The files beside a layout, and what was read of them.
#[derive(Clone, Debug)]
pub(super) struct Files {
    home: Home,
    read: RefCell<BTreeMap<String, Digest>>,
}

/// Where they are.
#[derive(Clone, Debug)]
enum Home {
    /// The layout's own directory.
    Directory(PathBuf),
    /// The binary.
    Embedded,
}

impl Files {
    /// The largest file that a layout may bring, in bytes: it is held in memory.
    const LARGEST: u64 = 16 << 20;

    /// Those of a directory.
    pub(super) fn beside(directory: PathBuf) -> Self {
        Self { home: Home::Directory(directory), read: RefCell::default() }
    }

    /// Those that the binary carries.
    pub(super) fn embedded() -> Self {
        Self { home: Home::Embedded, read: RefCell::default() }
    }

    /// Whether they are those that the binary carries.
    pub(super) fn are_embedded(&self) -> bool {
        matches!(self.home, Home::Embedded)
    }

    /// Remembers what was read as a file of this name.
    pub(super) fn note(&self, name: &str, content: &[u8]) {
        self.read.borrow_mut().insert(name.to_owned(), Digest::of_bytes(content));
    }

    /// What was read, by the names that the layout gives them.
    pub(super) fn into_digests(self) -> BTreeMap<String, Digest> {
        self.read.into_inner()
    }

    /// What messages call a file that the layout names.
    pub(super) fn display(&self, name: &Path) -> String {
        match &self.home {
            Home::Directory(directory) => directory.join(name).display().to_string(),
            Home::Embedded => format!("<embedded>/{}", name.display()),
        }
    }

    /// The content of a file that the layout names; none, and a problem at the name, when it cannot be had.
    pub(super) fn bytes(&self, section: &Section<'_>, name: &Placed<String>) -> Option<Vec<u8>> {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(&name.value).components().all(inside) {
            let message = format!("`{}` is not beside the layout", name.value.escape_debug());
            let hint = "copy it into the layout's own directory, and name it from there";
            return section.refuse(name.place.clone(), message, hint);
        }
        match self.read(Path::new(&name.value)) {
            Ok(bytes) => {
                self.note(&name.value, &bytes);
                Some(bytes)
            }
            Err(cause) => {
                let message = format!("cannot read `{}`: {cause}", name.value);
                section.refuse(name.place.clone(), message, "the path is taken from the layout's own directory")
            }
        }
    }

    /// The text of a file that the layout names, which is `what`; none, and a problem at the name, when it cannot be had.
    pub(super) fn text(&self, section: &Section<'_>, name: &Placed<String>, what: &str) -> Option<Source> {
        match String::from_utf8(self.bytes(section, name)?) {
            Ok(text) => Some(Source { name: self.display(Path::new(&name.value)), text: without_mark(text) }),
            Err(_) => section.refuse(name.place.clone(), format!("{what} `{}` is not UTF-8", name.value), ""),
        }
    }

    /// # Errors
    /// It is not there, not readable, or larger than 16 MiB.
    fn read(&self, name: &Path) -> io::Result<Vec<u8>> {
        use std::io::Read;

        match &self.home {
            Home::Directory(directory) => {
                let mut bytes = Vec::new();
                std::fs::File::open(directory.join(name))?.take(Self::LARGEST + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > Self::LARGEST {
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 16 MiB"));
                }
                Ok(bytes)
            }
            Home::Embedded => {
                let plain: PathBuf = name.components().filter(|part| *part != Component::CurDir).collect();
                let found = EMBEDDED.iter().find(|file| Path::new(file.name) == plain);
                found.map(|file| file.content.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }
}
