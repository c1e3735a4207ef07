//! Images of the store.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::{Client, Fingerprint, InstanceKind, Result};
use crate::interrupt::Interrupt;

/// An image of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// By which Incus knows it.
    pub fingerprint: Fingerprint,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Such as `x86_64`.
    pub architecture: String,
    /// The image file's size in bytes.
    pub size: u64,
    /// What its `metadata.yaml` says about it.
    pub properties: BTreeMap<String, String>,
    /// When it was made, as it says itself.
    pub created_at: Timestamp,
    /// When it came into the store.
    pub uploaded_at: Timestamp,
    /// When an instance was last made of it.
    pub last_used_at: Option<Timestamp>,
    /// What it can be an instance of.
    pub kind: InstanceKind,
    /// Whether it is there only because an instance was made of a remote image.
    pub cached: bool,
    /// Whether anybody may have it.
    pub public: bool,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// By which Incus knows the image.
    pub fingerprint: Fingerprint,
    /// Whether it was sent, rather than there already.
    pub uploaded: bool,
}

impl Client {
    /// The image of this fingerprint, of one that begins with these at least twelve digits, or of this alias.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) when several fingerprints begin so.
    pub fn image(&self, reference: &str) -> Result<Option<Image>> {
        let _ = reference;
        unimplemented!()
    }

    /// Every image of the project.
    ///
    /// # Errors
    /// As every request: see [`Kind`](super::Kind).
    pub fn images(&self) -> Result<Vec<Image>> {
        unimplemented!()
    }

    /// Brings a unified image into the store, unless it is there, and gives it the alias. The fingerprint is told from the
    /// file first, and the store's must be the same.
    ///
    /// `progress` is told the bytes sent and the bytes in all.
    ///
    /// # Errors
    /// The file cannot be read or changes meanwhile, Incus refuses it, the connection breaks, or `interrupt`.
    pub fn import(
        &self,
        file: &Path,
        alias: Option<&str>,
        progress: &dyn Fn(u64, u64),
        interrupt: &Interrupt,
    ) -> crate::Result<Imported> {
        let _ = (file, alias, progress, interrupt);
        unimplemented!()
    }

    /// Deletes an image.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn delete_image(&self, fingerprint: &Fingerprint) -> Result<()> {
        let _ = fingerprint;
        unimplemented!()
    }
}
