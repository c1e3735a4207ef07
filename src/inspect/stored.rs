//! An image of a store, which may be another machine's: what it gives is checked against the fingerprint.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::budget::MOST_CONTENT;
use super::source::Identity;
use crate::base::{self, Base, Description, Meter, Sink};
use crate::incus::{Client, Content, Export, Form, Image};
use crate::interrupt::Interrupt;
use crate::rootfs::{Digest, Digesting};
use crate::ui::Listener;
use crate::{Error, Result};

/// An image that a store has shown.
#[derive(Debug)]
pub(super) struct Stored {
    client: Client,
    image: Image,
    /// The two files of a split image, once they have come: a root file system may be read only out of order.
    split: OnceCell<Base>,
}

impl Stored {
    pub(super) fn new(client: Client, image: Image) -> Self {
        Self { client, image, split: OnceCell::new() }
    }

    pub(super) fn identity(&self) -> Identity {
        Identity { fingerprint: self.digest(), size: self.image.size }
    }

    /// Gives every entry to the sink.
    ///
    /// # Errors
    /// The sink's; the store is lost, or gives another image or none.
    pub(super) fn read(&self, interrupt: &Interrupt, listener: &dyn Listener, sink: Sink<'_>) -> Result<Description> {
        if let Some(base) = self.split.get() {
            return base.read(listener, sink);
        }
        match self.client.export_image(&self.image.fingerprint)? {
            Export::File(mut file) => self.read_file(&mut file, listener, sink),
            Export::Form(form) => {
                let base = self.keep(form, interrupt, listener)?.heeding(interrupt);
                self.split.get_or_init(|| base).read(listener, sink)
            }
        }
    }

    fn read_file(&self, file: &mut dyn io::Read, listener: &dyn Listener, sink: Sink<'_>) -> Result<Description> {
        let (name, size) = (self.image.fingerprint.short(), self.image.size);
        let mut exported = Content::new(file, size);
        let mut digesting = Digesting::new(&mut exported);
        let description = base::read_image(name, size, &mut digesting, listener, sink);
        let summary = digesting.drain(if description.is_ok() { size } else { 0 });
        if let Some(fault) = exported.fault() {
            return Err(self.cut_off(fault));
        }
        let description = description?;
        let summary = summary.map_err(|cause| Error::failed(format!("cannot read `{name}`")).cause(cause))?;
        self.check(summary.sha256)?;
        Ok(description)
    }

    /// Writes the two files where nobody finds them, and nothing is left of them.
    fn keep(&self, mut form: Form, interrupt: &Interrupt, listener: &dyn Listener) -> Result<Base> {
        if self.image.size > MOST_CONTENT {
            let (name, remote) = (self.image.fingerprint.short(), self.client.remote());
            return Err(Error::refused(format!("`{name}` of `{remote}` has more than 8 GiB, more than is looked at")));
        }
        let meter = Meter::new(listener, Some(self.image.size));
        let mut left = self.image.size;
        let mut half = |what: &str| {
            if !form.next_part().map_err(|cause| self.cut_off(cause))? {
                return Err(self.cut_off(format!("it holds no {what}")));
            }
            let mut file = tempfile::tempfile().map(BufWriter::new).map_err(|cause| self.unkept(cause))?;
            let mut failure = None;
            let copied = form.copy_part(&mut |bytes| {
                let taken = interrupt.check().and_then(|()| {
                    let longer = || self.cut_off("it is longer than was said");
                    left = left.checked_sub(bytes.len() as u64).ok_or_else(longer)?;
                    file.write_all(bytes).map_err(|cause| self.unkept(cause))
                });
                meter.advance(bytes.len());
                taken.map_err(|error| {
                    failure = Some(error);
                    io::Error::other("not taken")
                })
            });
            failure.map_or(Ok(()), Err)?;
            copied.map_err(|cause| self.cut_off(cause))?;
            let file = file.into_inner().map_err(|cause| self.unkept(cause.into_error()))?;
            Ok::<(String, File), Error>((format!("{what} of {}", self.image.fingerprint.short()), file))
        };
        let base = base::split([half("metadata")?, half("root file system")?])?;
        meter.finish();
        if let Some((digest, _)) = base.fingerprint()? {
            self.check(digest)?;
        }
        Ok(base)
    }

    fn digest(&self) -> Option<Digest> {
        Digest::parse(self.image.fingerprint.as_str())
    }

    fn check(&self, digest: Digest) -> Result<()> {
        if self.digest() == Some(digest) {
            return Ok(());
        }
        let (name, remote) = (self.image.fingerprint.short(), self.client.remote());
        Err(Error::failed(format!("what `{remote}` gives for `{name}` is another image"))
            .cause(format!("its sha256 is {digest}")))
    }

    fn cut_off(&self, cause: impl std::fmt::Display) -> Error {
        let (name, remote) = (self.image.fingerprint.short(), self.client.remote());
        Error::failed(format!("cannot read `{name}` of `{remote}` to its end")).cause(cause).lost()
    }

    fn unkept(&self, cause: io::Error) -> Error {
        let (name, place) = (self.image.fingerprint.short(), std::env::temp_dir());
        Error::failed(format!("cannot keep `{name}` in `{}` while it is read", place.display()))
            .cause(cause)
            .hint("`TMPDIR` names another directory")
    }
}
