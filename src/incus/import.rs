//! Bringing an image into the store, once: <https://linuxcontainers.org/incus/docs/main/rest-api-spec/#/images>.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::{Digest as _, Sha256};
use ureq::http::{HeaderName, Method};

use super::content::Content;
use super::exchange::Call;
use super::{Client, Failure, Fingerprint, Kind, Result};
use crate::Error;
use crate::interrupt::Interrupt;
use crate::rootfs::escaped;

/// For Incus to look into an image that has arrived, and to file it.
const FILING: Duration = Duration::from_secs(600);

/// The longest alias, in bytes.
const LONGEST_ALIAS: usize = 255;

/// With it Incus checks what has arrived.
const FINGERPRINT: HeaderName = HeaderName::from_static("x-incus-fingerprint");

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// By which Incus knows the image.
    pub fingerprint: Fingerprint,
    /// Whether it was sent, rather than there already.
    pub uploaded: bool,
}

impl Client {
    /// Brings a unified image into the store, unless it is there, and lets the alias stand for it, whatever it stood for.
    /// The fingerprint is told from the file first; it must be the `expected` one, and the store's.
    ///
    /// `progress` is told the bytes sent and the bytes in all.
    ///
    /// # Errors
    /// The file cannot be read or changes meanwhile, Incus refuses it, the connection breaks, or `interrupt`.
    pub fn import(
        &self,
        file: &Path,
        expected: Option<&Fingerprint>,
        alias: Option<&str>,
        progress: &dyn Fn(u64, u64),
        interrupt: &Interrupt,
    ) -> crate::Result<Imported> {
        if let Some(alias) = alias {
            check_alias(alias)?;
        }
        let mut image = Image::open(file, interrupt)?;
        if let Some(expected) = expected.filter(|expected| **expected != image.fingerprint) {
            return Err(Error::failed(format!("`{}` has changed since it was looked at", image.shown)).cause(format!(
                "it was {}, and is {}",
                expected.short(),
                image.fingerprint.short()
            )));
        }
        let is_there = self.image_of(&image.fingerprint)?.is_some();
        let uploaded = !is_there && self.send_image(&mut image, progress, interrupt)?;
        if let Some(alias) = alias {
            self.point(alias, &image.fingerprint)?;
        }
        Ok(Imported { fingerprint: image.fingerprint, uploaded })
    }

    /// Whether it was this upload that brought the image: another may have been faster.
    fn send_image(&self, image: &mut Image, progress: &dyn Fn(u64, u64), interrupt: &Interrupt) -> crate::Result<bool> {
        let Image { shown, fingerprint, size, file } = image;
        let call = Call::new(Method::POST, &["images"], format!("import `{shown}`"));
        let call = call.header(FINGERPRINT, fingerprint.as_str());
        file.rewind().map_err(|cause| unreadable(shown, &cause))?;
        let mut read = 0;
        let mut told = interrupt.reader(tap(file, |bytes| {
            read += bytes;
            progress(read, *size);
        }));
        let mut content = Content::new(&mut told, *size);
        let begun = Instant::now();
        let answer = self.upload(&call, *size, &mut content);
        if let Some(fault) = content.fault() {
            interrupt.check()?;
            return Err(Error::failed(format!("cannot read `{shown}`")).cause(escaped(fault.as_bytes())));
        }
        let done = answer.and_then(|answer| self.wait(&call, &answer.operation, begun, begun.elapsed() + FILING));
        match done {
            Err(failure) if failure.clone().or_exists().kind() == Kind::Exists => {
                return if self.image_of(fingerprint)?.is_some() { Ok(false) } else { Err(failure.into()) };
            }
            done => done?,
        };
        match self.image_of(fingerprint)? {
            Some(_) => Ok(true),
            None => Err(Error::failed(format!("Incus has imported `{shown}`, and has no image `{fingerprint}`"))),
        }
    }

    /// Lets an alias stand for an image.
    fn point(&self, alias: &str, fingerprint: &Fingerprint) -> Result<()> {
        let wanted = format!("give the image `{}` the alias `{alias}`", fingerprint.short());
        let target = fingerprint.as_str();
        let create = Call::new(Method::POST, &["images", "aliases"], wanted.as_str());
        let create = create.body(json!({"name": alias, "target": target, "type": "container"}));
        let replace = || Call::new(Method::PATCH, &["images", "aliases", alias], wanted.as_str());
        match self.alias(alias)? {
            Some(present) if present == *fingerprint => return Ok(()),
            Some(_) => {}
            None => match self.change(&create).map_err(Failure::or_exists) {
                Err(failure) if failure.kind() == Kind::Exists => {}
                created => return created.map(drop),
            },
        }
        self.change(&replace().body(json!({"target": target}))).map(drop)
    }
}

fn check_alias(alias: &str) -> crate::Result<()> {
    let fits = !alias.is_empty() && alias.len() <= LONGEST_ALIAS && !alias.contains(char::is_control);
    // It would be taken for a fingerprint.
    if fits && Fingerprint::parse(alias).is_none() {
        return Ok(());
    }
    Err(Error::invalid(format!("`{}` is no alias of an image", escaped(alias.as_bytes()))))
}

/// An image's file.
struct Image {
    shown: String,
    file: File,
    size: u64,
    fingerprint: Fingerprint,
}

impl Image {
    fn open(path: &Path, interrupt: &Interrupt) -> crate::Result<Self> {
        let shown = escaped(path.as_os_str().as_encoded_bytes());
        let open = || {
            // A pipe that nobody writes to would otherwise be waited for.
            let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
            let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("it is not a regular file"));
            }
            Ok(file)
        };
        let mut file = open().map_err(|cause| unreadable(&shown, &cause))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut size = 0;
        loop {
            interrupt.check()?;
            let read = match file.read(&mut buffer) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|cause| unreadable(&shown, &cause))?,
            };
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hash.update(bytes);
            size += bytes.len() as u64;
        }
        let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let fingerprint = Fingerprint::parse(&digest).ok_or_else(|| Error::failed("a sha256 is no fingerprint"))?;
        Ok(Self { shown, file, size, fingerprint })
    }
}

fn unreadable(shown: &str, cause: &io::Error) -> Error {
    Error::invalid(format!("cannot read the image `{shown}`")).cause(cause)
}

/// A reader that tells how much was read at every turn.
fn tap<'a>(inner: &'a mut File, tell: impl FnMut(u64) + 'a) -> impl Read + 'a {
    struct Tap<'a, F>(&'a mut File, F);
    impl<F: FnMut(u64)> Read for Tap<'_, F> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(buffer)?;
            (self.1)(read as u64);
            Ok(read)
        }
    }
    Tap(inner, tell)
}
