//! Where the bytes of an image come from.

use std::io::Read;
use std::path::PathBuf;

use crate::base::{self, Base, Description, Form, Sink};
use crate::incus::{Client, Image};
use crate::rootfs::{Digest, Digesting, Kind, TargetPath};
use crate::ui::Listener;
use crate::{Error, Result};

/// An image that can be read as often as needed.
#[derive(Debug)]
pub struct Source {
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// One file, or the two of a split image.
    Files(Vec<PathBuf>),
    Store(Client, Box<Image>),
}

/// By what an image is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    /// What Incus calls it; none for half of an image.
    pub(super) fingerprint: Option<Digest>,
    /// Bytes of its files.
    pub(super) size: u64,
}

impl Source {
    /// Finds an image: one file, the two files of a split image, or one of a store by `[REMOTE:]FINGERPRINT` or
    /// `[REMOTE:]ALIAS`.
    ///
    /// # Errors
    /// There is none, or the store cannot be asked.
    pub fn find(references: &[String]) -> Result<Self> {
        let paths: Vec<_> = references.iter().map(PathBuf::from).collect();
        match references {
            [reference] if !paths.iter().any(|path| path.exists()) => Self::stored(reference),
            _ => Ok(Self { name: references.join(" + "), place: Place::Files(paths) }),
        }
    }

    fn stored(reference: &str) -> Result<Self> {
        let (remote, name) = reference.split_once(':').unwrap_or(("", reference));
        let client = Client::connect(remote, None).map_err(|error| {
            let none = Client::no_image(reference, "on a daemon that answers").cause(error.message());
            error.causes().iter().fold(none, Error::cause)
        })?;
        match client.image(name)? {
            Some(image) => Ok(Self { name: reference.to_owned(), place: Place::Store(client, Box::new(image)) }),
            None => Err(Client::no_image(reference, &format!("on `{}`", client.remote()))),
        }
    }

    /// What it was called, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn identity(&self) -> Result<Identity> {
        match &self.place {
            Place::Files(paths) => {
                let base = open(paths)?;
                let is_whole = matches!(base.form(), Form::Unified | Form::Split);
                let known = base.fingerprint()?;
                let fingerprint = known.map(|(digest, _)| digest).filter(|_| is_whole);
                Ok(Identity { fingerprint, size: known.map_or(0, |(_, size)| size) })
            }
            Place::Store(_, image) => {
                Ok(Identity { fingerprint: Digest::parse(image.fingerprint.as_str()), size: image.size })
            }
        }
    }

    /// What Incus calls it; none for half of an image.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn fingerprint(&self) -> Result<Option<Digest>> {
        Ok(self.identity()?.fingerprint)
    }

    /// Gives every entry of the root file system to `sink`, and says what the image says about itself.
    ///
    /// # Errors
    /// What the sink returns; it is no image, or damaged.
    pub fn read(&self, listener: &dyn Listener, sink: Sink<'_>) -> Result<Description> {
        match &self.place {
            Place::Files(paths) => open(paths)?.read(listener, sink),
            Place::Store(client, image) => read_stored(client, image, listener, sink),
        }
    }

    /// Gives the body of a file that an earlier pass has seen to `take`. Of a path that comes twice another body may be of
    /// any size: it is given only where it has the same, and the last one counts.
    ///
    /// # Errors
    /// What `take` returns; the image is damaged.
    pub fn read_file(
        &self,
        wanted: &TargetPath,
        size: u64,
        listener: &dyn Listener,
        take: &mut dyn FnMut(&mut dyn Read) -> Result<()>,
    ) -> Result<()> {
        let read = self.read(listener, &mut |path, entry| match entry.kind {
            Kind::File(body) if path == *wanted && body.size == size => take(body.reader),
            _ => Ok(()),
        });
        read.map(drop)
    }
}

fn open(paths: &[PathBuf]) -> Result<Base> {
    let base = base::open(paths)?;
    match base.form() {
        Form::Directory => Err(Error::invalid(format!("`{}` is a directory, not an image", base.name()))
            .hint("name the file that `vezaimg build` has printed")),
        _ => Ok(base),
    }
}

/// What the store gives is checked against the fingerprint: it may be another machine's.
fn read_stored(client: &Client, image: &Image, listener: &dyn Listener, sink: Sink<'_>) -> Result<Description> {
    let name = image.fingerprint.short();
    let exported = client.export_image(&image.fingerprint).map_err(|failure| {
        let command = format!("incus image export {}:{name} image", client.remote());
        Error::from(failure).hint(format!("`{command}` writes its files, and `vezaimg inspect` takes both"))
    })?;
    let mut exported = Digesting::new(exported);
    let description = base::read_image(name, image.size, &mut exported, listener, sink)?;
    let summary =
        exported.drain(u64::MAX).map_err(|cause| Error::failed(format!("cannot read `{name}`")).cause(cause))?;
    if Digest::parse(image.fingerprint.as_str()) != Some(summary.sha256) {
        return Err(Error::failed(format!("what `{}` gives for `{name}` is another image", client.remote()))
            .cause(format!("its sha256 is {}", summary.sha256)));
    }
    Ok(description)
}
