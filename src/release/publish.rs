//! The files of one release, written beside the image and named all at once.

use std::io::{self, Write};

use super::sbom::{Components, Subject};
use super::{
    Allowed, ArtifactName, CHECKSUMS, Checksums, Derived, Listing, MANIFEST, Manifest, Outbox, PROVENANCE, Parameters,
    Provenance, ReleaseName, Resource, SIGNATURE, SPDX, Signer, Staged,
};
use crate::Result;
use crate::archive::Hashed;
use crate::image::{Epoch, Packed};
use crate::layout::Image;
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
    pub allowed_secrets: Vec<Allowed>,
}

/// What a release was made of, and from.
#[derive(Debug)]
pub struct Made {
    /// What the image holds.
    pub of: Components,
    /// What the command line and the layout say.
    pub parameters: Parameters,
    /// What follows from that.
    pub derived: Derived,
    /// What went in.
    pub inputs: Vec<Resource>,
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
    /// Other files of these names are there, the disk is full, or the key does not sign.
    pub fn publish(
        &self,
        mut base: Tree<Summary>,
        packed: Packed,
        made: Made,
        signer: Option<&Signer>,
        outbox: &Outbox,
    ) -> Result<Published> {
        let Packed { files, fingerprint, layer } = packed;
        base.extend(layer);
        let unwritten = |cause| outbox.unwritten("what goes beside the image", &cause);
        let listing = Listing::of(&base).map_err(unwritten)?;
        let name = ArtifactName::new(&self.image.name, &self.name, self.image.architecture.as_str());
        let images: Vec<_> = files.iter().map(|file| (name.with(&file.ending), file.summary.sha256)).collect();
        let names: Vec<_> = images.iter().map(|(name, _)| name.clone()).collect();

        let mut beside = Beside { name: &name, outbox, checksums: images.clone(), files: Vec::new() };
        let manifest = Manifest {
            manifest: Manifest::VERSION,
            image: names.clone(),
            fingerprint: fingerprint.to_string(),
            rootfs_digest: listing.digest().to_string(),
            release: self.name.to_string(),
            layout: self.image.name.clone(),
            epoch: self.epoch.seconds(),
            allowed_secrets: self.allowed_secrets.clone(),
        };
        beside.add(MANIFEST, &mut |out| manifest.write(&listing, out))?;
        let release = self.name.to_string();
        let file = names.first().filter(|_| names.len() == 1).map(String::as_str);
        let subject = Subject { layout: &self.image.name, release: &release, file, fingerprint, epoch: self.epoch };
        beside.add(SPDX, &mut |out| made.of.write_spdx(&subject, out))?;
        let subjects = images.iter().map(|(name, sha256)| Resource::file(name, *sha256)).collect();
        let provenance = Provenance::new(subjects, made.parameters, made.derived, made.inputs);
        beside.add(PROVENANCE, &mut |out| provenance.write(out))?;
        let beside = beside.sealed(signer)?;

        let path = |name: &String| outbox.path(name).display().to_string();
        let published = Published {
            images: names.iter().map(path).collect(),
            beside: beside.iter().map(|(name, _)| path(name)).collect(),
            fingerprint,
            rootfs_digest: listing.digest(),
            size: files.iter().map(|file| file.summary.size).sum(),
            entries: listing.entries(),
        };
        let images = names.into_iter().zip(files.into_iter().map(|file| file.staged)).collect();
        outbox.publish(&name, beside, images)?;
        Ok(published)
    }
}

/// What lies beside an image, file by file.
struct Beside<'a> {
    name: &'a ArtifactName,
    outbox: &'a Outbox,
    checksums: Vec<(String, Digest)>,
    files: Vec<(String, Staged)>,
}

impl Beside<'_> {
    /// Writes a file, and notes its digest.
    fn add(&mut self, ending: &str, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        let mut staged = self.outbox.stage()?;
        let mut hashed = Hashed::new(staged.file());
        let unwritten = |cause| self.outbox.unwritten("what goes beside the image", &cause);
        write(&mut hashed).map_err(unwritten)?;
        let (_, summary) = hashed.finish();
        let name = self.name.with(ending);
        self.checksums.push((name.clone(), summary.sha256));
        self.files.push((name, staged));
        Ok(())
    }

    /// With the list of checksums, and its signature.
    fn sealed(mut self, signer: Option<&Signer>) -> Result<Vec<(String, Staged)>> {
        let checksums = Checksums::new(self.checksums).to_string();
        let mut seal = |ending: &str, content: &[u8]| -> Result<()> {
            let mut staged = self.outbox.stage()?;
            let written = staged.file().write_all(content);
            written.map_err(|cause| self.outbox.unwritten("what goes beside the image", &cause))?;
            self.files.push((self.name.with(ending), staged));
            Ok(())
        };
        if let Some(signer) = signer {
            let there = self.outbox.path(&self.name.with(SIGNATURE));
            seal(SIGNATURE, &signer.sign_again(checksums.as_bytes(), &there)?)?;
        }
        seal(CHECKSUMS, checksums.as_bytes())?;
        Ok(self.files)
    }
}
