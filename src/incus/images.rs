//! Images of the store.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use ureq::http::{Method, header};

use super::exchange::{Call, text};
use super::{Client, Fingerprint, Form, InstanceKind, Kind, Result, json};
use crate::Error;
use crate::rootfs::escaped;

/// The fewest digits that stand for a fingerprint: as many as `incus image list` shows.
const FEWEST_DIGITS: usize = 12;

/// For an image's file, and what pools hold of it, to be deleted.
const DELETE: Duration = Duration::from_secs(300);

/// An image of the store.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Image {
    /// By which Incus knows it.
    #[serde(deserialize_with = "json::fingerprint")]
    pub fingerprint: Fingerprint,
    /// Its other names.
    #[serde(default, deserialize_with = "names")]
    pub aliases: Vec<String>,
    /// Such as `x86_64`.
    pub architecture: String,
    /// The image file's size in bytes.
    pub size: u64,
    /// What its `metadata.yaml` says about it.
    #[serde(default, deserialize_with = "json::or_default")]
    pub properties: BTreeMap<String, String>,
    /// When it was made, as it says itself.
    #[serde(deserialize_with = "json::time")]
    pub created_at: Timestamp,
    /// When it came into the store.
    #[serde(deserialize_with = "json::time")]
    pub uploaded_at: Timestamp,
    /// When an instance was last made of it.
    #[serde(default, deserialize_with = "json::time_if_any")]
    pub last_used_at: Option<Timestamp>,
    /// What it can be an instance of.
    #[serde(rename = "type")]
    pub kind: InstanceKind,
    /// Whether it is there only because an instance was made of a remote image.
    #[serde(default)]
    pub cached: bool,
    /// Whether anybody may have it.
    #[serde(default)]
    pub public: bool,
}

/// What an image is in a store.
pub(crate) enum Export {
    /// One file.
    File(Box<dyn Read>),
    /// The metadata and the root file system of a split image.
    Form(Form),
}

impl Client {
    /// The image of this fingerprint, of this alias, or of the fingerprint that begins with these at least twelve digits.
    ///
    /// # Errors
    /// As every request; [`Refused`](super::Kind::Refused) when several fingerprints begin so.
    pub fn image(&self, reference: &str) -> Result<Option<Image>> {
        if let Some(fingerprint) = Fingerprint::parse(reference) {
            return self.image_of(&fingerprint);
        }
        if reference.is_empty() {
            return Ok(None);
        }
        if let Some(fingerprint) = self.alias(reference)? {
            return self.image_of(&fingerprint);
        }
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if reference.len() < FEWEST_DIGITS || !reference.bytes().all(is_digit) {
            return Ok(None);
        }
        let mut found = self.images()?.into_iter().filter(|image| image.fingerprint.as_str().starts_with(reference));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => {
                let call = Call::get(&["images"], format!("tell which image `{reference}` is"));
                Err(call.refused(Kind::Refused).cause("several fingerprints begin so"))
            }
            (image, _) => Ok(image),
        }
    }

    /// What to say where [`image`](Self::image) finds none, and no file is called so either.
    pub(crate) fn no_image(reference: &str, place: &str) -> Error {
        let shown = escaped(reference.as_bytes());
        Error::invalid(format!("`{shown}` is neither a file, nor a fingerprint or an alias of an image {place}")).hint(
            "`vezaimg build` prints the path of the image that it makes; `incus image list` shows those of a store",
        )
    }

    /// Every image of the project.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub fn images(&self) -> Result<Vec<Image>> {
        Ok(self.read_one(&Call::get(&["images"], "list its images").query("recursion", "1"))?.metadata)
    }

    /// Deletes an image.
    ///
    /// # Errors
    /// As every request; [`NotFound`](super::Kind::NotFound) when it is not there.
    pub fn delete_image(&self, fingerprint: &Fingerprint) -> Result<()> {
        let wanted = format!("delete the image `{}`", fingerprint.short());
        self.run(&Call::new(Method::DELETE, &["images", fingerprint.as_str()], wanted), DELETE).map(drop)
    }

    /// The file of an image, as it came into the store, or the two of one that is split.
    ///
    /// # Errors
    /// As every request: see [`Kind`].
    pub(crate) fn export_image(&self, fingerprint: &Fingerprint) -> Result<Export> {
        let wanted = format!("export the image `{}`", fingerprint.short());
        let call = Call::get(&["images", fingerprint.as_str(), "export"], wanted).unhurried();
        let (headers, body) = self.read_raw(&call)?;
        let kind = text(&headers, &header::CONTENT_TYPE).filter(|kind| kind.starts_with("multipart/"));
        let Some(kind) = kind else { return Ok(Export::File(Box::new(body.into_reader()))) };
        let form = Form::new(&kind, body.into_reader());
        form.map(Export::Form).ok_or_else(|| call.malformed("a form without a boundary"))
    }

    pub(super) fn image_of(&self, fingerprint: &Fingerprint) -> Result<Option<Image>> {
        let wanted = format!("show the image `{}`", fingerprint.short());
        let answer = self.read_if_there(&Call::get(&["images", fingerprint.as_str()], wanted))?;
        Ok(answer.map(|answer| answer.metadata))
    }

    /// What an alias stands for.
    pub(super) fn alias(&self, name: &str) -> Result<Option<Fingerprint>> {
        let wanted = format!("show the alias `{}`", escaped(name.as_bytes()));
        let answer = self.read_if_there::<Alias>(&Call::get(&["images", "aliases", name], wanted))?;
        Ok(answer.map(|answer| answer.metadata.target))
    }
}

#[derive(Deserialize)]
struct Alias {
    #[serde(deserialize_with = "json::fingerprint")]
    target: Fingerprint,
}

fn names<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    Ok(json::or_default::<D, Vec<Named>>(from)?.into_iter().map(|alias| alias.name).collect())
}
