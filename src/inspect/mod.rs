//! What an image holds, read back from its bytes: also of images that others have made.
//!
//! ```text
//! Source ─────▶ Contents ─────────────▶ Inspection
//!  files, or     one pass: a tree of     packages, accounts, service, binary,
//!  a store       summaries, some texts   what deserves a second look
//! ```
//!
//! An image is hostile until it has been read to its end: what it holds is streamed and never unpacked, how much of it is
//! looked at is bounded, and what it says of itself is its own word.

mod accounts;
mod budget;
mod capabilities;
mod contents;
mod findings;
mod packages;
mod program;
mod service;
mod source;
mod stored;
#[cfg(test)]
mod tests;
mod texts;
mod unpacking;

use serde::Serialize;

pub use accounts::{Accounts, Group, User};
pub(crate) use capabilities::text_or_hex as capabilities_text;
pub use contents::{Contents, LeftOut, Unread};
pub use findings::{Capable, Findings, Large, Special};
pub use packages::Package;
pub(crate) use packages::of_texts as packages_of;
pub use program::{Crate, Go, Module, Program, Rust};
pub use service::Service;
pub(crate) use service::is_unit_file;
pub use source::Source;
pub use unpacking::Ambiguous;

use crate::Result;
use crate::base::ImageMetadata;
use crate::image::OsRelease;
use crate::ui::Listener;

/// What an image is and holds.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// What it was called.
    pub image: String,
    /// What Incus calls it; none for half of an image.
    pub fingerprint: Option<String>,
    /// Its size in bytes, compressed.
    pub size: u64,
    /// What it says about itself; nothing for a root file system alone.
    pub metadata: ImageMetadata,
    /// What the system in it is called, `PRETTY_NAME` of os-release(5).
    pub system: Option<String>,
    /// How many entries its root file system has.
    pub entries: usize,
    /// How many bytes its files have, unpacked.
    pub content: u64,
    /// The digest of its root file system, as in its manifest.
    pub rootfs_digest: String,
    /// What is in the image and not looked at here.
    pub left_out: LeftOut,
    /// The Debian packages that are installed, by name.
    pub packages: Vec<Package>,
    /// Users and groups.
    pub accounts: Accounts,
    /// The unit that it names as its own.
    pub service: Option<Service>,
    /// The program that the unit starts.
    pub binary: Option<Program>,
    /// What deserves a second look.
    pub findings: Findings,
}

impl Inspection {
    /// Looks at an image. What its unit starts is read in a pass of its own, for only the first tells where it is.
    ///
    /// # Errors
    /// It is no image, damaged, or larger than is looked at.
    pub fn of(source: &Source, listener: &dyn Listener) -> Result<Self> {
        Self::of_contents(source, &Contents::read(source, None, listener)?, listener)
    }

    /// The same, where the first pass is over.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_contents(source: &Source, contents: &Contents, listener: &dyn Listener) -> Result<Self> {
        let metadata = contents.metadata().cloned().unwrap_or_default();
        let unit = metadata.properties.get("vezaimg.unit");
        let service = unit.and_then(|unit| Service::find(unit, contents));
        let exec = service.as_ref().and_then(|service| service.exec.as_deref());
        let binary = exec.map(|exec| Program::read(exec, source, contents, listener)).transpose()?.flatten();
        let identity = source.identity()?;
        Ok(Self {
            image: source.name().to_owned(),
            fingerprint: identity.fingerprint.map(|digest| digest.to_string()),
            size: identity.size,
            system: OsRelease::of(|path| contents.content(path)).get("PRETTY_NAME"),
            entries: contents.tree.len(),
            content: contents.size,
            rootfs_digest: contents.digest()?.to_string(),
            left_out: contents.left_out.clone(),
            packages: packages::installed(contents),
            accounts: Accounts::of(contents),
            findings: Findings::of(contents),
            metadata,
            service,
            binary,
        })
    }
}
