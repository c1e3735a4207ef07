//! One of the two images, and what it says about itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Change;
use super::bodies::Bodies;
use super::change::changes;
use super::links::Linked;
use crate::inspect::{Contents, Inspection, Source};
use crate::rootfs::{Summary, TargetPath, Tree};
use crate::ui::Listener;
use crate::{Error, Result};

/// An image that has been looked at.
#[derive(Debug)]
pub struct Image<'a> {
    source: &'a Source,
    contents: Contents,
    linked: Linked,
    pub(super) inspection: Inspection,
}

impl<'a> Image<'a> {
    /// Looks at an image.
    ///
    /// # Errors
    /// It is none, damaged, or larger than is looked at.
    pub fn look(source: &'a Source, listener: &dyn Listener) -> Result<Self> {
        let contents = Contents::read(source, None, listener)?;
        let inspection = Inspection::of_contents(source, &contents, listener)?;
        let linked = Linked::of(&contents.tree);
        Ok(Self { source, contents, linked, inspection })
    }

    /// What it holds.
    pub(super) fn tree(&self) -> &Tree<Summary> {
        &self.linked.tree
    }

    /// The contents of these files of it.
    pub(super) fn bodies(&self, wanted: &BTreeSet<TargetPath>, listener: &dyn Listener) -> Result<Bodies> {
        let own: BTreeMap<_, _> =
            wanted.iter().map(|path| (self.linked.own_name(path).clone(), path.clone())).collect();
        Bodies::read(self.source, &self.contents, own, listener)
    }
}

/// Which image it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// What it was called.
    pub image: String,
    /// What Incus calls it; none for half of an image.
    pub fingerprint: Option<String>,
    /// The digest of its root file system, as in its manifest.
    pub rootfs_digest: String,
    /// Its size in bytes, compressed.
    pub size: u64,
    /// How many bytes its files have, unpacked.
    pub content: u64,
    /// How many entries its root file system has.
    pub entries: usize,
}

impl Side {
    pub(super) fn of(image: &Image<'_>) -> Self {
        let Inspection { image, fingerprint, rootfs_digest, size, content, entries, .. } = &image.inspection;
        Self {
            image: image.clone(),
            fingerprint: fingerprint.clone(),
            rootfs_digest: rootfs_digest.clone(),
            size: *size,
            content: *content,
            entries: *entries,
        }
    }
}

/// What both say about themselves. `architecture` and `creation_date` are the image's own, and a property may have the same
/// name.
pub(super) fn metadata(old: &Image<'_>, new: &Image<'_>) -> Vec<Change> {
    let own = |image: &Image<'_>| {
        let metadata = &image.inspection.metadata;
        let date = metadata.creation_date.map(|date| date.to_string());
        [("architecture", metadata.architecture.clone()), ("creation_date", date)]
    };
    let own = own(old).into_iter().zip(own(new)).filter_map(|((name, from), (_, to))| Change::of(name, from, to));
    let properties = |image: &Image<'_>| {
        let properties = image.inspection.metadata.properties.iter();
        properties.map(|(key, value)| (format!("properties.{key}"), value.clone())).collect::<Vec<_>>()
    };
    own.chain(changes(properties(old), properties(new))).collect()
}

/// Files of the image that are not of its root file system.
pub(super) fn parts(old: &Image<'_>, new: &Image<'_>) -> Vec<Change> {
    let parts = |image: &Image<'_>| {
        let parts = image.contents.parts().iter();
        parts.map(|(name, digest)| (name.clone(), digest.to_string())).collect::<Vec<_>>()
    };
    changes(parts(old), parts(new))
}

/// What was not looked at, by kind.
///
/// # Errors
/// None in practice.
pub(super) fn left_out(old: &Image<'_>, new: &Image<'_>) -> Result<Vec<Change>> {
    Ok(changes(told_left_out(old)?, told_left_out(new)?))
}

/// Every kind with its count, or with each of what it lists. What stands below `/dev` is no content.
fn told_left_out(image: &Image<'_>) -> Result<Vec<(String, String)>> {
    let left_out = serde_json::to_value(&image.inspection.left_out);
    let left_out = left_out.map_err(|cause| Error::failed("cannot list what was left out").cause(cause))?;
    let kinds = left_out.as_object().into_iter().flatten().filter(|(kind, _)| *kind != "under_dev");
    let kinds = kinds.flat_map(|(kind, value)| {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        values.iter().map(|value| (kind.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    Ok(kinds.collect())
}

/// What the systems are called.
pub(super) fn system(old: &Image<'_>, new: &Image<'_>) -> Option<Change> {
    Change::of("system", old.inspection.system.clone(), new.inspection.system.clone())
}
