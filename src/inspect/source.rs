//! Where the bytes of an image come from.

use std::path::PathBuf;

use crate::base::{self, Base, Description, Form, Sink, Stamp};
use crate::incus::Client;
use crate::interrupt::Interrupt;
use crate::rootfs::{Body, Digest, Entry, Kind, escaped};
use crate::ui::Listener;
use crate::{Error, Result};

use super::stored::Stored;

/// An image that can be read as often as needed.
#[derive(Debug)]
pub struct Source {
    name: String,
    place: Place,
    interrupt: Interrupt,
}

#[derive(Debug)]
enum Place {
    /// One file, or the two of a split image, as they were when they were found.
    Files(Box<Base>, Stamp),
    Store(Box<Stored>),
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
    /// There is none, it is no image, or the store cannot be asked.
    pub fn find(references: &[String]) -> Result<Self> {
        let paths: Vec<_> = references.iter().map(PathBuf::from).collect();
        match (references, paths.as_slice()) {
            ([reference], [path]) if !path.exists() => Self::stored(reference),
            // An alias may be called as a directory is.
            ([reference], [path]) if path.is_dir() => {
                let directory = || {
                    Error::invalid(format!("`{}` is a directory, not an image", escaped(reference.as_bytes())))
                        .hint("name the file that `vezaimg build` has printed")
                };
                if reference.contains('/') || reference.starts_with('.') {
                    return Err(directory());
                }
                Self::stored(reference).map_err(|error| directory().cause(error.message()))
            }
            _ => {
                let base = base::open(&paths)?;
                let stamp = base.stamp();
                Ok(Self::new(references.join(" + "), Place::Files(Box::new(base), stamp)))
            }
        }
    }

    fn stored(reference: &str) -> Result<Self> {
        let (remote, name) = reference.split_once(':').unwrap_or(("", reference));
        let client = Client::connect(remote, None).map_err(|error| match reference.contains('/') {
            // Nobody calls an alias so: a file is meant.
            true => {
                let none = Client::no_image(reference, "on a daemon that answers").cause(error.message());
                let none = error.causes().iter().fold(none, Error::cause);
                error.hints().iter().fold(none, Error::hint)
            }
            false => error.hint(format!("no file is called `{}` either", escaped(reference.as_bytes()))),
        })?;
        match client.image(name)? {
            Some(image) => Ok(Self::new(reference.to_owned(), Place::Store(Box::new(Stored::new(client, image))))),
            None => Err(Client::no_image(reference, &format!("on `{}`", client.remote()))),
        }
    }

    fn new(name: String, place: Place) -> Self {
        Self { name, place, interrupt: Interrupt::default() }
    }

    /// The same, but reading it stops where somebody asks for it.
    #[must_use]
    pub fn heeding(self, interrupt: &Interrupt) -> Self {
        let place = match self.place {
            Place::Files(base, stamp) => Place::Files(Box::new(base.heeding(interrupt)), stamp),
            stored => stored,
        };
        Self { place, interrupt: interrupt.clone(), ..self }
    }

    /// What it was called, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn identity(&self) -> Result<Identity> {
        match &self.place {
            Place::Files(base, stamp) => {
                let is_whole = matches!(base.form(), Form::Unified | Form::Split);
                let known = base.fingerprint()?;
                let fingerprint = known.map(|(digest, _)| digest).filter(|_| is_whole);
                self.check(stamp)?;
                Ok(Identity { fingerprint, size: known.map_or(0, |(_, size)| size) })
            }
            Place::Store(stored) => Ok(stored.identity()),
        }
    }

    /// What Incus calls it; none for half of an image.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn fingerprint(&self) -> Result<Option<Digest>> {
        Ok(self.identity()?.fingerprint)
    }

    /// Gives every entry of the root file system to `sink`, and says what the image says about itself. Every pass gives the
    /// same, or fails.
    ///
    /// # Errors
    /// What the sink returns; it is no image, damaged, or another than it was.
    pub fn read(&self, listener: &dyn Listener, sink: Sink<'_>) -> Result<Description> {
        let heeded: Sink<'_> = &mut |path, Entry { metadata, kind }| {
            self.interrupt.check()?;
            let Kind::File(Body { size, reader }) = kind else { return sink(path, Entry { metadata, kind }) };
            let kind = Kind::File(Body { size, reader: &mut self.interrupt.reader(reader) });
            sink(path, Entry { metadata, kind })
        };
        let description = match &self.place {
            Place::Files(base, stamp) => {
                let description = base.read(listener, heeded);
                self.check(stamp)?;
                description
            }
            Place::Store(stored) => stored.read(&self.interrupt, listener, heeded),
        };
        self.interrupt.check()?;
        description
    }

    fn check(&self, stamp: &Stamp) -> Result<()> {
        if stamp.still_holds() { Ok(()) } else { Err(self.changed()) }
    }

    /// What to say where it is no more what it was.
    pub(super) fn changed(&self) -> Error {
        Error::failed(format!("`{}` changed while it was read", escaped(self.name.as_bytes())))
    }
}
