//! The files of one release, found beside its image.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::interrupt::Interrupt;
use crate::release::{ArtifactName, CHECKSUMS, MANIFEST, PROVENANCE, SIGNATURE, SPDX};
use crate::rootfs::{Digest, escaped};
use crate::{Error, Result};

/// Where the files of a release are.
#[derive(Clone, Debug)]
pub struct Files {
    directory: PathBuf,
    /// The file that was named.
    image: String,
    name: ArtifactName,
}

impl Files {
    /// The files that lie beside an image; of a split image, either half will do.
    ///
    /// # Errors
    /// There is no image at the path, or it does not have the name of one that `vezaimg build` makes.
    pub fn beside(image: &Path) -> Result<Self> {
        let shown = image.display();
        let found = image.metadata().map_err(|cause| {
            Error::invalid(format!("cannot read the image `{shown}`"))
                .cause(cause)
                .hint("`vezaimg build` prints the path of the image that it makes")
        })?;
        let file = image.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = ArtifactName::of_image(file).filter(|_| found.is_file()) else {
            return Err(Error::invalid(format!("`{shown}` does not have the name of an image of `vezaimg build`"))
                .hint(
                    "such as `out/veza-backend-api-v1.4.2-x86_64.incus.tar.zst`: its other files are found beside it",
                ));
        };
        let directory = image.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { directory, image: file.to_owned(), name })
    }

    /// The image's file, as it was named.
    pub(super) fn image(&self) -> &str {
        &self.image
    }

    /// The file's name with this ending.
    pub fn name(&self, ending: &str) -> String {
        self.name.with(ending)
    }

    /// The path of a file of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Whether a file of this name may be listed in the release's checksums: an image, or what goes beside one.
    pub(super) fn may_list(&self, name: &str) -> bool {
        self.name.is_image(name) || [MANIFEST, SPDX, PROVENANCE].iter().any(|ending| self.name(ending) == name)
    }

    /// Whether the file is the image, or a part of it.
    pub fn is_image(&self, name: &str) -> bool {
        self.name.is_image(name)
    }

    /// The list of checksums.
    pub(super) fn checksums(&self) -> String {
        self.name(CHECKSUMS)
    }

    /// The signature.
    pub(super) fn signature(&self) -> String {
        self.name(SIGNATURE)
    }

    /// A file's content.
    ///
    /// # Errors
    /// It cannot be read, or is longer than so many bytes.
    pub(super) fn read(&self, name: &str, longest: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.open(name)?.take(longest + 1).read_to_end(&mut content)?;
        match content.len() as u64 > longest {
            true => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {longest} bytes"))),
            false => Ok(content),
        }
    }

    /// A file's sha256.
    pub(super) fn digest(&self, name: &str, interrupt: &Interrupt) -> io::Result<Digest> {
        Digest::of(&mut interrupt.reader(self.open(name)?))
    }

    /// A regular file: what has no end is none.
    fn open(&self, name: &str) -> io::Result<File> {
        // Without O_NONBLOCK, opening a named pipe waits for a writer.
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(nonblock).open(self.path(name))?;
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::other("it is no file")),
        }
    }
}

/// The content of a file whose digest is known, and only if it still is that one.
///
/// # Errors
/// The sentence says what is wrong.
pub(super) fn known(files: &Files, name: &str, sha256: Digest, longest: u64) -> Result<Vec<u8>, String> {
    let shown = escaped(name.as_bytes());
    let content = files.read(name, longest).map_err(|cause| format!("`{shown}` cannot be read: {cause}"))?;
    match Digest::of_bytes(&content) == sha256 {
        true => Ok(content),
        false => Err(format!("`{shown}` changed while it was verified")),
    }
}
