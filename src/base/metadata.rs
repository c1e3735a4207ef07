//! `metadata.yaml` of an Incus image.
//!
//! Source: `api.ImageMetadata` in Incus's `shared/api/image.go`. Unknown keys are let through: newer versions of Incus
//! and other builders add theirs, and nothing here depends on them.

use std::collections::BTreeMap;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::fault;
use crate::error::Result;

/// The file's name in an image.
pub(super) const FILE_NAME: &[u8] = b"metadata.yaml";
/// The longest that is read, in bytes: those of the images server have 2 kB, and a reader of YAML takes seconds for what is
/// nested for a megabyte.
const LONGEST: u64 = 256 << 10;
/// The most brackets that are opened, for each of which all that are open are gone through: a megabyte of them took minutes.
const MOST_BRACKETS: usize = 1000;

/// What an image says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ImageMetadata {
    /// The kernel's name of the architecture, such as `x86_64`.
    pub architecture: Option<String>,
    /// When the image was made, in seconds since 1970.
    pub creation_date: Option<u64>,
    /// Free text by key, such as `os` and `release`; `requirements.*` bind the instances.
    pub properties: BTreeMap<String, String>,
}

impl ImageMetadata {
    /// Reads the file's content; `name` is how the archive spells the file's name.
    ///
    /// # Errors
    /// It is longer than 256 KiB, not YAML, or a key above has a value of another type.
    pub(super) fn read(archive: &str, name: &[u8], content: &mut dyn Read) -> Result<Self> {
        let mut text = Vec::new();
        // Why the content stopped short is known to the tar, whose failure the caller takes first.
        let read = content.take(LONGEST + 1).read_to_end(&mut text);
        read.map_err(|error| fault::entry(archive, name, "cannot be read").cause(error))?;
        if text.len() as u64 > LONGEST {
            return Err(fault::entry(archive, name, "is longer than 256 KiB"));
        }
        if text.iter().filter(|byte| b"[{".contains(byte)).count() > MOST_BRACKETS {
            return Err(fault::entry(archive, name, "has more than 1,000 lists and maps in brackets"));
        }
        yaml_serde::from_slice(&text)
            .map_err(|error| fault::entry(archive, name, "is not the metadata of an Incus image").cause(error))
    }
}
