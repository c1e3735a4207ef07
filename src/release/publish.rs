//! The files of one release, written beside the image and named all at once.

use std::io::Write;

use super::{Allowed, ArtifactName, Listing, Manifest, Outbox, ReleaseName};
use crate::Result;
use crate::image::{Epoch, Packed};
use crate::layout::{AllowedSecret, Image};
use crate::rootfs::{Digest, Summary, Tree};

/// What a build is called.
#[derive(Debug)]
pub struct Release<'a> {
    /// The layout's `[image]`.
    pub image: &'a Image,
    /// The release.
    pub name: ReleaseName,
    /// The image's time.
    pub epoch: Epoch,
    /// Files that may hold what looks like a secret, by their paths.
    pub allowed_secrets: &'a [AllowedSecret],
}

/// What a release is, once it lies in `out/`.
#[derive(Debug)]
pub struct Published {
    /// The image's own files, in the order in which `incus image import` takes them.
    pub images: Vec<String>,
    /// What lies beside them.
    pub beside: Vec<String>,
    /// What Incus will call the image.
    pub fingerprint: Digest,
    /// The digest of the root file system's listing.
    pub rootfs_digest: Digest,
    /// Bytes of the image.
    pub size: u64,
    /// Entries of the root file system.
    pub entries: usize,
}

impl Release<'_> {
    /// Writes what goes beside the image, and gives everything its name; the image last. `base` is the
    /// tree of its segment.
    ///
    /// # Errors
    /// Other files of these names are there, or the disk is full.
    pub fn publish(&self, mut base: Tree<Summary>, packed: Packed, outbox: &Outbox) -> Result<Published> {
        let Packed { files, fingerprint, layer } = packed;
        base.extend(layer);
        let unwritten = |cause| outbox.unwritten("what goes beside the image", &cause);
        let listing = Listing::of(&base).map_err(unwritten)?;
        let name = ArtifactName::new(&self.image.name, &self.name, self.image.architecture.as_str());
        let images: Vec<_> = files.iter().map(|file| name.with(&file.ending)).collect();

        let mut manifest = outbox.stage()?;
        let head = Manifest {
            manifest: Manifest::VERSION,
            image: &images,
            fingerprint: fingerprint.to_string(),
            rootfs_digest: listing.digest().to_string(),
            release: self.name.to_string(),
            layout: &self.image.name,
            epoch: self.epoch.seconds(),
            allowed_secrets: self.allowed_secrets.iter().map(Allowed::from).collect(),
        };
        head.write(&listing, manifest.file()).map_err(unwritten)?;
        let mut checksums = outbox.stage()?;
        for (image, file) in images.iter().zip(&files) {
            writeln!(checksums.file(), "{}  {image}", file.summary.sha256).map_err(unwritten)?;
        }

        let path = |name: &String| outbox.path(name).display().to_string();
        let beside = vec![(name.with(".manifest.json"), manifest), (name.with(".sha256"), checksums)];
        let published = Published {
            images: images.iter().map(path).collect(),
            beside: beside.iter().map(|(name, _)| path(name)).collect(),
            fingerprint,
            rootfs_digest: listing.digest(),
            size: files.iter().map(|file| file.summary.size).sum(),
            entries: listing.entries(),
        };
        let images = images.into_iter().zip(files.into_iter().map(|file| file.staged)).collect();
        outbox.publish(&name, beside, images)?;
        Ok(published)
    }
}
