//! Names of releases and artifacts.

use std::fmt;

use crate::rootfs::Digest;

/// Every entry of the root file system.
pub const MANIFEST: &str = ".manifest.json";
/// What the image is made of.
pub const SPDX: &str = ".spdx.json";
/// What it was built from.
pub const PROVENANCE: &str = ".provenance.json";
/// The digests of all these, and of the image.
pub const CHECKSUMS: &str = ".sha256";
/// The signature of the digests.
pub const SIGNATURE: &str = ".sig";

/// What a build is called, such as `v1.4.2` or `sha-8d1f0c3b5a7e`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseName(String);

impl ReleaseName {
    /// A name that someone chose.
    ///
    /// # Errors
    /// The sentence says what does not fit: it becomes part of a file name and of an image property.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
        if text.is_empty() || text.len() > 64 || text.starts_with(['.', '-']) || !text.bytes().all(fits) {
            return Err(format!(
                "`{}` is not a release name: up to 64 letters, digits, `.`, `_`, `+` and `-`, such as `v1.4.2`",
                text.escape_debug()
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name that a content gives: `sha-` and the first 12 hex digits of its sha256.
    pub fn of(sha256: Digest) -> Self {
        let mut digits = sha256.to_string();
        digits.truncate(12);
        Self(format!("sha-{digits}"))
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the names of an image's files go on with.
const IMAGES: [&str; 3] = [".incus.tar.", ".meta.tar.", ".rootfs.tar."];

/// `NAME-RELEASE-ARCH`, the beginning of every file of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactName(String);

impl ArtifactName {
    /// The name of what is built from this image, release and architecture.
    pub fn new(image: &str, release: &ReleaseName, architecture: &str) -> Self {
        Self(format!("{image}-{release}-{architecture}"))
    }

    /// The name that an image's file begins with; none for a file that is no image, or no part of one.
    pub fn of_image(file: &str) -> Option<Self> {
        let ending = IMAGES.iter().find_map(|image| file.rfind(image))?;
        Some(Self(file.get(..ending)?.to_owned())).filter(|name| !name.0.is_empty())
    }

    /// The file of this name with an ending, such as `.sha256`.
    pub fn with(&self, ending: &str) -> String {
        format!("{}{ending}", self.0)
    }

    /// Whether a file is an image of this name, or a part of one.
    pub fn is_image(&self, file: &str) -> bool {
        let ending = file.strip_prefix(&self.0).unwrap_or_default();
        IMAGES.iter().any(|image| ending.starts_with(image))
    }
}
