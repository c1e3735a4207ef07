//! The base: the root file system underneath, as one stream of entries.
//!
//! ```text
//! directory ─────────────────────────────▶ walk ──┐
//! tar ──▶ gzip, xz, zstd or none ──▶ members ─────┼──▶ (path, entry) … ──▶ sink
//! squashfs ──▶ sqfs2tar ──▶ tar ──▶ members ──────┤
//! .debs ──▶ control, data ──▶ unpacked, steps ────┘
//! ```
//!
//! Formats are told by their first bytes. A base is hostile until it has been read: what it declares is streamed and
//! never allocated, a stream counts only once its last checksum has been verified, and what readers of one format
//! disagree about is refused. Whether the entries make a sound tree (duplicate paths, links to nowhere) is the sink's to
//! judge.
//!
//! Device nodes, sockets and what stands below `/dev` are left out and counted: Incus makes `/dev`, and a socket belongs
//! to a process.

mod budget;
mod debian;
mod directory;
mod fault;
mod file;
mod format;
mod image;
mod metadata;
mod meter;
mod squashfs;
mod stamp;
mod tarball;
mod xattrs;

#[cfg(test)]
pub(in crate::base) mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

pub(crate) use self::debian::below_usr;
pub use self::debian::{Archive, Packages};
use self::directory::Walk;
use self::file::BaseFile;
use self::image::{Contents, Front};
pub use self::metadata::ImageMetadata;
pub(crate) use self::meter::Meter;
use self::meter::Metered;
use self::squashfs::Squashfs;
pub use self::stamp::Stamp;
use self::tarball::{MemberKind, Tarball};
use crate::decompress::{self, Compression};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::rootfs::{Body, Digest, Entry, Metadata, TargetPath};
use crate::ui::Listener;

/// Takes every entry of a base in the base's own order. A body that is not read to its end is skipped. Extended
/// attributes come with the first name of a file, and not again with its hard links.
pub type Sink<'s> = &'s mut dyn FnMut(TargetPath, Entry<Body<'_>>) -> Result<()>;

/// How a base holds its root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A directory.
    Directory,
    /// A tar whose top is the root.
    RootfsTar,
    /// An Incus image in one tar: `metadata.yaml`, `templates/` and `rootfs/`.
    Unified,
    /// An Incus image in two files: a metadata tar, and a root file system in a tar or a squashfs.
    Split,
    /// A squashfs whose top is the root.
    Squashfs,
    /// Debian packages.
    Packages,
}

/// A base that was found and recognised, and has still to be read.
#[derive(Debug)]
pub struct Base {
    name: String,
    form: Form,
    metadata: Option<BaseFile>,
    rootfs: Rootfs,
    interrupt: Interrupt,
}

/// Where the root file system is.
#[derive(Debug)]
enum Rootfs {
    Directory(PathBuf),
    File(BaseFile),
    Packages(Packages),
}

/// What a base turned out to be, once it has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// What the image says about itself, if the base was one.
    pub image: Option<ImageMetadata>,
    /// What the image holds beside its root file system.
    pub parts: Parts,
    /// What was left out.
    pub dropped: Dropped,
}

/// The files of an image that are not of its root file system, `metadata.yaml` and `templates/…`, by the sha256 of what they hold.
pub type Parts = BTreeMap<String, Digest>;

/// How much of a base was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Device nodes that stood elsewhere than below `/dev`.
    pub devices: u64,
    /// Sockets.
    pub sockets: u64,
    /// Entries of any kind below `/dev`.
    pub under_dev: u64,
    /// Extended attributes that belong to the machine the base was made on.
    pub xattrs: u64,
}

/// Whether a path stands below `/dev`, which Incus makes.
fn is_under_dev(path: &TargetPath) -> bool {
    path.as_relative().starts_with(b"dev/")
}

/// Finds a base and tells its form: one path to a directory, a root file system tar, a unified image or a squashfs; or
/// the two files of a split image in either order. Files are read no further than to the entry that tells.
///
/// # Errors
/// [`Invalid`](crate::error::Class::Invalid) if there is nothing at a path, or nothing that is a base.
pub fn open(paths: &[PathBuf]) -> Result<Base> {
    match paths {
        [path] if stat(path)?.is_dir() => {
            fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
            let name = path.display().to_string();
            directory::refuse_unpacked_image(path, &name)?;
            Ok(Base::new(name, Form::Directory, None, Rootfs::Directory(path.clone())))
        }
        [path] => {
            let file = BaseFile::open(path)?;
            let form = match file.front()? {
                None => Form::Squashfs,
                Some(Front::Metadata | Front::Rootfs) => Form::Unified,
                Some(Front::Other) => Form::RootfsTar,
            };
            Ok(Base::new(file.name().to_owned(), form, None, Rootfs::File(file)))
        }
        [first, second] => open_split(BaseFile::open(first)?, BaseFile::open(second)?),
        _ => Err(Error::invalid(format!("a base is one file or directory, or two files, and not {}", paths.len()))),
    }
}

/// Name, metadata and whether it is a directory, of every member of a gzipped tar that messages call `archive`, of which at
/// most so many bytes are unpacked.
///
/// # Errors
/// The archive is truncated, corrupt, longer, or ambiguous.
pub(crate) fn members(archive: &str, gzipped: &[u8], most: u64) -> Result<Vec<(Vec<u8>, Metadata, bool)>> {
    let decoder = decompress::decoder(Compression::Gzip, gzipped);
    let decoder = decoder.map_err(|cause| Error::invalid(format!("`{archive}` is no gzip")).cause(cause))?;
    let mut tarball = Tarball::new(archive, Box::new(decoder.take(most)));
    let mut members = Vec::new();
    while let Some(member) = tarball.next()? {
        members.push((member.name, member.metadata, member.kind == MemberKind::Directory));
    }
    Ok(members)
}

/// The two files of a split image that were opened already, in either order, with a name for messages each.
///
/// # Errors
/// As [`open`].
pub(crate) fn split(files: [(String, File); 2]) -> Result<Base> {
    let [first, second] = files.map(|(name, file)| BaseFile::of(name, file));
    open_split(first?, second?)
}

fn open_split(first: BaseFile, second: BaseFile) -> Result<Base> {
    let holds_metadata = |file: &BaseFile| Ok::<_, Error>(file.front()? == Some(Front::Metadata));
    let (metadata, rootfs) = match (holds_metadata(&first)?, holds_metadata(&second)?) {
        (true, false) => (first, second),
        (false, true) => (second, first),
        (both, _) => {
            let which = if both { "both" } else { "neither" };
            let (first, second) = (first.name(), second.name());
            let message = format!("of `{first}` and `{second}`, {which} begins as the metadata tar of a split image");
            return Err(Error::invalid(message)
                .hint("pass one tar that holds `metadata.yaml` and one tar or squashfs that is the root file system"));
        }
    };
    let name = format!("{} + {}", metadata.name(), rootfs.name());
    Ok(Base::new(name, Form::Split, Some(metadata), Rootfs::File(rootfs)))
}

impl Base {
    /// The base that Debian packages make.
    pub fn of_packages(packages: Packages) -> Self {
        let name = packages.name.clone();
        Self::new(name, Form::Packages, None, Rootfs::Packages(packages))
    }

    fn new(name: String, form: Form, metadata: Option<BaseFile>, rootfs: Rootfs) -> Self {
        Self { name, form, metadata, rootfs, interrupt: Interrupt::default() }
    }

    /// The same, but reading a squashfs is stopped where somebody asks for it.
    #[must_use]
    pub fn heeding(self, interrupt: &Interrupt) -> Self {
        Self { interrupt: interrupt.clone(), ..self }
    }

    fn read_file(&self, file: &BaseFile, listener: &dyn Listener, sink: Sink<'_>) -> Result<Contents> {
        let meter = Meter::new(listener, (!file.is_squashfs()).then(|| file.length()));
        let contents = if file.is_squashfs() {
            let (name, image) = (file.name(), file.bytes()?);
            Squashfs { name, image, tool: squashfs::SQFS2TAR, interrupt: &self.interrupt }.read(&meter, sink)?
        } else if self.form == Form::Unified {
            image::read_unified(&mut file.tarball(&meter)?, sink)?
        } else {
            image::read_rootfs(&mut file.tarball(&meter)?, sink)?
        };
        meter.finish();
        Ok(contents)
    }

    /// The path or paths as they were given, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it holds its root file system.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What tells, once it has been read, whether its files were written to meanwhile.
    pub fn stamp(&self) -> Stamp {
        match &self.rootfs {
            Rootfs::File(rootfs) => Stamp::of(self.metadata.iter().chain([rootfs]).filter_map(BaseFile::path)),
            _ => Stamp::default(),
        }
    }

    /// The digest of the file that it is, or of each of the two, the metadata first; none for a directory.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn digests(&self) -> Result<Vec<Digest>> {
        let Rootfs::File(rootfs) = &self.rootfs else { return Ok(Vec::new()) };
        self.metadata.iter().chain([rootfs]).map(BaseFile::digest).collect()
    }

    /// What Incus would call it, with its size in bytes: the sha256 of the file or, one after the other, of the files; none
    /// for what is no file.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn fingerprint(&self) -> Result<Option<(Digest, u64)>> {
        let Rootfs::File(rootfs) = &self.rootfs else { return Ok(None) };
        let files = || self.metadata.iter().chain([rootfs]);
        let mut whole: Box<dyn Read + '_> = Box::new(io::empty());
        for file in files() {
            whole = Box::new(whole.chain(file.bytes()?));
        }
        let digest = Digest::of(&mut whole);
        let digest = digest.map_err(|cause| Error::failed(format!("cannot read `{}`", self.name)).cause(cause))?;
        Ok(Some((digest, files().map(BaseFile::length).sum())))
    }

    /// Whether modification times are the content's own. A directory's may be those of its unpacking.
    pub fn has_times(&self) -> bool {
        self.form != Form::Directory
    }

    /// Gives every entry to `sink`, in the base's own order, and tells the listener about the progress.
    ///
    /// # Errors
    /// What the sink returns; [`Invalid`](crate::error::Class::Invalid) if the base is truncated, corrupt, ambiguous, or
    /// has lost its owners; [`Failed`](crate::error::Class::Failed) if the disk or `sqfs2tar` fails. Entries given
    /// before an error are worth nothing.
    pub fn read(&self, listener: &dyn Listener, sink: Sink<'_>) -> Result<Description> {
        let image = self.metadata.as_ref().map(read_metadata).transpose()?;
        let contents = match &self.rootfs {
            Rootfs::Directory(path) => {
                let meter = Meter::new(listener, None);
                let euid = rustix::process::geteuid().as_raw();
                let dropped = Walk::new(path, &self.name, euid, &meter).read(sink)?;
                meter.finish();
                Contents { dropped, ..Contents::default() }
            }
            Rootfs::File(file) => self.read_file(file, listener, sink)?,
            Rootfs::Packages(packages) => Contents { dropped: packages.read(listener, sink)?, ..Contents::default() },
        };
        let Contents { metadata, mut parts, dropped } = contents;
        let (image, own) = image.unzip();
        parts.extend(own.unwrap_or_default());
        Ok(Description { image: image.or(metadata), parts, dropped })
    }
}

/// What a unified Incus image says about itself. It is read no further than that.
///
/// # Errors
/// [`Invalid`](crate::error::Class::Invalid) if there is no unified image at the path.
pub fn image_metadata(path: &Path) -> Result<ImageMetadata> {
    let file = BaseFile::open(path)?;
    if file.is_squashfs() {
        return Err(Error::invalid(format!(
            "`{}` is the root file system of a split image, not an image",
            file.name()
        ))
        .hint("`incus image import METADATA ROOTFS` takes both files: name the fingerprint that it prints"));
    }
    image::read_front_metadata(&mut file.tarball(&Meter::new(&crate::ui::Silent, None))?)
}

/// Gives every entry of a unified image to `sink`, whose bytes come from a stream of some length and are read to their end.
///
/// # Errors
/// As [`Base::read`]; it is no unified image, or the stream breaks.
pub fn read_image(
    name: &str,
    length: u64,
    input: &mut dyn Read,
    listener: &dyn Listener,
    sink: Sink<'_>,
) -> Result<Description> {
    let stopped = |error| fault::stopped(name, &fault::Spot::Start, &error);
    let meter = Meter::new(listener, Some(length));
    let mut input = Metered::new(input, &meter);
    let mut head = Vec::new();
    input.by_ref().take(format::HEAD as u64).read_to_end(&mut head).map_err(stopped)?;
    let Some(compression) = file::recognized(name, &head)? else {
        return Err(Error::invalid(format!("`{name}` is the root file system of a split image, not an image")));
    };
    let whole = BufReader::with_capacity(tarball::BUFFER, io::Cursor::new(head).chain(input));
    let mut tar = Tarball::new(name, decompress::decoder(compression, whole).map_err(stopped)?);
    let contents = image::read_unified(&mut tar, sink)?;
    meter.finish();
    let Contents { metadata: image, parts, dropped } = contents;
    Ok(Description { image, parts, dropped })
}

fn read_metadata(file: &BaseFile) -> Result<(ImageMetadata, Parts)> {
    let meter = Meter::new(&crate::ui::Silent, None);
    image::read_metadata(&mut file.tarball(&meter)?)
}

fn stat(path: &Path) -> Result<fs::Metadata> {
    fs::metadata(path).map_err(|error| {
        let text = path.to_string_lossy();
        match text.strip_prefix("incus:") {
            Some(alias) if error.kind() == io::ErrorKind::NotFound => Error::invalid(format!(
                "`{text}` is an image in Incus, not a file"
            ))
            .hint(format!("run `incus image export {alias} base` and pass the file or the files that it writes")),
            _ => unreadable(path, &error),
        }
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::invalid(format!("cannot read `{}`", path.display())).cause(error)
}
