//! Segments joined to files.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::Path;

use super::{BaseSegment, Epoch};
use crate::archive::{self, AppendError, Compression, Hashed, Segment};
use crate::interrupt::Interrupt;
use crate::layer::Content;
use crate::release::{Outbox, Staged};
use crate::rootfs::{Body, Digest, Entry, Kind, Metadata, Mode, Summary, TargetPath, Tree, Xattrs};
use crate::{Error, Result};

/// How the image is laid out in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One tar with `metadata.yaml` and `rootfs/`.
    Unified,
    /// One tar with `metadata.yaml`, one with the root file system.
    Split,
}

impl Format {
    /// The name that `--format` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unified => "unified",
            Self::Split => "split",
        }
    }

    /// What stands before every path of the root file system.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Unified => "rootfs/",
            Self::Split => "",
        }
    }
}

/// An image that is whole and has no name yet.
#[derive(Debug)]
pub struct Packed {
    /// The files in the order in which `incus image import` takes them.
    pub files: Vec<PackedFile>,
    /// What Incus will call the image: the sha256 of the files, one after the other.
    pub fingerprint: Digest,
    /// The layer's entries with the digests of what was packed.
    pub layer: Tree<Summary>,
}

/// One file of an image.
#[derive(Debug)]
pub struct PackedFile {
    /// How its name ends.
    pub ending: String,
    /// Its bytes.
    pub staged: Staged,
    /// Their number and digest.
    pub summary: Summary,
}

/// What packing needs.
pub struct Packer<'a> {
    /// How the image is laid out.
    pub format: Format,
    /// How frames are made.
    pub compression: &'a Compression,
    /// The time of every entry that is not the base's.
    pub epoch: Epoch,
    /// Where files are staged.
    pub outbox: &'a Outbox,
    /// Who can stop it.
    pub interrupt: &'a Interrupt,
}

type Sink<'f> = Hashed<BufWriter<&'f mut File>>;

impl Packer<'_> {
    /// Packs the image.
    ///
    /// # Errors
    /// The disk is full, the binary is not what it was when it was checked, or somebody asked to stop.
    pub fn pack(&self, metadata: &super::Metadata, base: &mut BaseSegment, layer: Tree<Content>) -> Result<Packed> {
        let head = metadata.files()?;
        let mut packed = Tree::new();
        match self.format {
            Format::Unified => {
                let image =
                    self.file(".incus.tar", |out| self.rootfs(self.head(out, head)?, base, layer, &mut packed))?;
                Ok(Packed { fingerprint: image.summary.sha256, files: vec![image], layer: packed })
            }
            Format::Split => {
                let mut files = vec![
                    self.file(".meta.tar", |out| self.head(out, head))?,
                    self.file(".rootfs.tar", |out| self.rootfs(out, base, layer, &mut packed))?,
                ];
                let fingerprint = joint_digest(&mut files).map_err(|cause| self.unwritten(cause))?;
                Ok(Packed { fingerprint, files, layer: packed })
            }
        }
    }

    fn unwritten(&self, cause: io::Error) -> Error {
        self.outbox.unwritten("the image", &cause)
    }

    /// One file of the image: what `write` puts into it, and the end of the archive.
    fn file(&self, ending: &str, write: impl for<'f> FnOnce(Sink<'f>) -> Result<Sink<'f>>) -> Result<PackedFile> {
        let mut staged = self.outbox.stage()?;
        let out = write(Hashed::new(BufWriter::with_capacity(1 << 18, staged.file())))?;
        let mut out = archive::end(out, self.compression).map_err(|cause| self.unwritten(cause))?;
        out.flush().map_err(|cause| self.unwritten(cause))?;
        let (_, summary) = out.finish();
        let ending = format!("{ending}.{}", self.compression.codec().extension());
        Ok(PackedFile { ending, staged, summary })
    }

    fn head<'f>(&self, out: Sink<'f>, files: Vec<(TargetPath, Vec<u8>)>) -> Result<Sink<'f>> {
        let mut segment = Segment::new(out, self.compression, "");
        let metadata = Metadata {
            mode: Mode::from_bits(0o644),
            uid: 0,
            gid: 0,
            mtime: self.epoch.seconds(),
            xattrs: Xattrs::new(),
        };
        for (path, content) in files {
            let entry = Entry { metadata: metadata.clone(), kind: Kind::File(Content::Bytes(content)) };
            self.append(&mut segment, &path, entry)?;
        }
        segment.finish().map_err(|cause| self.unwritten(cause))
    }

    fn rootfs<'f>(
        &self,
        mut out: Sink<'f>,
        base: &mut BaseSegment,
        layer: Tree<Content>,
        packed: &mut Tree<Summary>,
    ) -> Result<Sink<'f>> {
        base.copy_to(&mut out).map_err(|cause| self.unwritten(cause))?;
        let mut segment = Segment::new(out, self.compression, self.format.prefix());
        for (path, mut entry) in layer {
            entry.metadata.mtime = self.epoch.seconds();
            let entry = self.append(&mut segment, &path, entry)?;
            packed.insert(path, entry);
        }
        segment.finish().map_err(|cause| self.unwritten(cause))
    }

    fn append(
        &self,
        segment: &mut Segment<'_, Sink<'_>>,
        path: &TargetPath,
        entry: Entry<Content>,
    ) -> Result<Entry<Summary>> {
        self.interrupt.check()?;
        let mut reader: Box<dyn Read + '_> = match &entry.kind {
            Kind::File(Content::Bytes(bytes)) => Box::new(bytes.as_slice()),
            Kind::File(Content::Host { path, .. }) => {
                Box::new(self.interrupt.reader(File::open(path).map_err(|cause| unread(path, cause))?))
            }
            _ => Box::new(io::empty()),
        };
        let kind = entry.kind.as_ref().map(|content| Body { size: content.size(), reader: &mut *reader });
        let packed =
            segment.append(path, Entry { metadata: entry.metadata.clone(), kind }).map_err(|error| {
                match (error, &entry.kind) {
                    (AppendError::Write(cause), _) => self.unwritten(cause),
                    (AppendError::Read(cause), Kind::File(Content::Host { path, .. })) => unread(path, cause),
                    (AppendError::Size { .. }, Kind::File(Content::Host { path, .. })) => changed(path),
                    (error, _) => Error::failed(format!("cannot pack `{path}`")).cause(error),
                }
            })?;
        match (&entry.kind, &packed.kind) {
            (Kind::File(Content::Host { path, sha256, .. }), Kind::File(packed)) if packed.sha256 != *sha256 => {
                Err(changed(path))
            }
            _ => Ok(packed),
        }
    }
}

fn unread(path: &Path, cause: io::Error) -> Error {
    let wrap = |cause| Error::invalid(format!("cannot read `{}`", path.display())).cause(cause);
    cause.downcast::<Error>().unwrap_or_else(wrap)
}

fn changed(path: &Path) -> Error {
    Error::invalid(format!("`{}` changed while the image was built", path.display()))
        .hint("run the build again once nothing writes to it")
}

/// The sha256 of all files, one after the other.
fn joint_digest(files: &mut [PackedFile]) -> io::Result<Digest> {
    let mut hashed = Hashed::new(io::sink());
    for file in files {
        let file = file.staged.file();
        file.rewind()?;
        io::copy(file, &mut hashed)?;
    }
    Ok(hashed.finish().1.sha256)
}
