//! The image that a rollout brings: a file, or one in the store.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::contract::Contract;
use super::receipt::Release;
use crate::base;
use crate::incus::{Client, Fingerprint, Image};
use crate::interrupt::Interrupt;
use crate::release::Signers;
use crate::rootfs::{Digest, escaped};
use crate::ui::{Event, Listener};
use crate::verify;
use crate::{Error, Result};

/// An image, before anything is done with it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What it was called on the command line.
    pub reference: String,
    /// What Incus calls it, or will.
    pub fingerprint: Fingerprint,
    /// What it promises.
    pub contract: Contract,
    /// The kernel's name of its architecture.
    pub architecture: String,
    /// Its size in bytes, compressed.
    pub size: u64,
    /// The file, while the store does not have it.
    pub file: Option<PathBuf>,
}

impl Candidate {
    /// Finds an image by the path of a file, a fingerprint, or an alias. Nothing is imported. With `signers`, one of them must
    /// have signed it, which is found out before anything that it says is read.
    ///
    /// # Errors
    /// There is none, it is not what vezaimg builds, or nobody has signed it who may.
    pub fn find(
        client: &Client,
        reference: &str,
        signers: Option<&Signers>,
        listener: &dyn Listener,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let path = Path::new(reference);
        if path.is_file() {
            let expected = match signers {
                Some(signers) => {
                    let (signed, digest) = verify::vouched(path, signers)?;
                    listener.event(Event::Note(format!("signed by {} with {}", signed.principal, signed.key)));
                    Some(digest)
                }
                None => None,
            };
            return Self::of_file(client, reference, path, expected, listener, interrupt);
        }
        if signers.is_some() {
            let shown = escaped(reference.as_bytes());
            return Err(Error::refused(format!("`{shown}` is no file, and a signature lies beside a file alone"))
                .hint("name the image's file, such as `out/NAME.incus.tar.zst`: what the store has already is not sent again"));
        }
        match client.image(reference)? {
            Some(image) => Self::of_store(reference, &image),
            None => Err(Client::no_image(reference, &format!("on `{}`", client.remote()))),
        }
    }

    fn of_file(
        client: &Client,
        reference: &str,
        path: &Path,
        signed: Option<Digest>,
        listener: &dyn Listener,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let unread =
            |cause: std::io::Error| Error::invalid(format!("cannot read the image `{reference}`")).cause(cause);
        let stamp = base::Stamp::of([path].into_iter());
        // What is signed is trusted only once it is known to be what was signed; otherwise what is no image is told at once.
        let unsigned = signed.is_none().then(|| base::image_metadata(path)).transpose()?;
        listener.event(Event::Stage(format!("hashing `{reference}`")));
        let file = File::open(path).map_err(unread)?;
        let size = file.metadata().map_err(unread)?.len();
        let digest = Digest::of(&mut interrupt.reader(file)).map_err(unread)?;
        if signed.is_some_and(|signed| signed != digest) {
            return Err(Error::refused(format!("`{reference}` is not what was signed"))
                .cause(format!("its sha256 is {digest}"))
                .hint("fetch the release again: `vezaimg verify` tells what of it is another"));
        }
        let metadata = unsigned.map_or_else(|| base::image_metadata(path), Ok)?;
        let fingerprint = Fingerprint::parse(&digest.to_string())
            .ok_or_else(|| Error::failed(format!("the sha256 of `{reference}` is no fingerprint")))?;
        let stored = client.image(fingerprint.as_str())?;
        let contract = contract(reference, |key| metadata.properties.get(key).map(String::as_str))?;
        if !stamp.still_holds() {
            return Err(Error::failed(format!("`{reference}` changed while it was read")));
        }
        // Whoever may edit the store's images may say there what nobody has signed.
        if signed.is_some()
            && let Some(image) = &stored
            && Self::of_store(reference, image)?.contract != contract
        {
            let place = client.remote();
            return Err(Error::refused(format!("`{place}` has the image with other properties than were signed"))
                .hint(format!(
                    "`incus image edit {place}:{}` shows them; remove it, and it is imported anew",
                    fingerprint.short()
                )));
        }
        let is_there = stored.is_some();
        Ok(Self {
            reference: reference.to_owned(),
            fingerprint,
            contract,
            architecture: metadata.architecture.unwrap_or_default(),
            size,
            file: (!is_there).then(|| path.to_owned()),
        })
    }

    fn of_store(reference: &str, image: &Image) -> Result<Self> {
        Ok(Self {
            reference: reference.to_owned(),
            fingerprint: image.fingerprint.clone(),
            contract: contract(reference, |key| image.properties.get(key).map(String::as_str))?,
            architecture: image.architecture.clone(),
            size: image.size,
            file: None,
        })
    }

    /// Brings the image into the store, unless it is there.
    ///
    /// # Errors
    /// It cannot be read, or Incus refuses it.
    pub fn import(&self, client: &Client, listener: &dyn Listener, interrupt: &Interrupt) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        listener.event(Event::Stage(format!("importing `{}` into `{}`", file.display(), client.remote())));
        let progress = |done, total| listener.event(Event::Progress { done, total: Some(total) });
        client.import(file, Some(&self.fingerprint), None, &progress, interrupt).map(drop)
    }

    /// As receipts name it.
    pub fn release(&self) -> Release {
        Release { release: self.contract.release.clone(), fingerprint: self.fingerprint.to_string() }
    }
}

fn contract<'a>(reference: &str, property: impl Fn(&str) -> Option<&'a str>) -> Result<Contract> {
    Contract::of(property).map_err(|wrong| {
        let error = Error::invalid(format!(
            "the image `{}` is not as `vezaimg build` makes them",
            escaped(reference.as_bytes())
        ));
        wrong.into_iter().fold(error, Error::cause)
    })
}
