//! What was built, told.

use std::time::Instant;

use serde::Serialize;

use super::Built;
use crate::Result;
use crate::release::Published;
use crate::ui::{Bytes, Console, Lasted};

/// The build's result, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The image; of a split image, its metadata.
    image: String,
    fingerprint: String,
    rootfs_digest: String,
    /// Bytes of the image.
    size: u64,
    release: String,
    layout: &'a str,
    /// Seconds since 1970.
    epoch: u64,
    /// Every file of the release, the image's own first.
    files: Vec<String>,
}

pub(super) fn print_json(built: &Built, console: &Console) -> Result<()> {
    let Built { layout, name, epoch, published } = built;
    let files = || published.images.iter().chain(&published.beside);
    let report = Report {
        image: published.images.first().cloned().unwrap_or_default(),
        fingerprint: published.fingerprint.to_string(),
        rootfs_digest: published.rootfs_digest.to_string(),
        size: published.size,
        release: name.to_string(),
        layout: &layout.image.name,
        epoch: epoch.seconds(),
        files: files().cloned().collect(),
    };
    console.json(&report)
}

pub(super) fn tell(built: &Built, started: Instant, console: &Console) -> Result<()> {
    console.end_stage();
    let Built { layout, published, .. } = built;
    let Published { images, size, entries, fingerprint, rootfs_digest, .. } = published;
    let took = Lasted(started.elapsed());
    console.detail("image", &format!("{}, {entries} entries, in {took}", Bytes(*size)));
    console.detail("fingerprint", &fingerprint.to_string());
    console.detail("rootfs", &rootfs_digest.to_string());
    console.detail("next", &format!("incus image import {} --alias {}", images.join(" "), layout.image.name));
    images.iter().try_for_each(|image| console.result(image))
}
