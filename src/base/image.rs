//! Which members of a tar belong to the root file system.
//!
//! A tar says nowhere what it is, and it is read once, so the first entry that tells decides, entries of `templates/`
//! telling nothing: `metadata.yaml` or `rootfs` first means a unified image, anything else a root file system. What comes
//! later and contradicts is refused rather than guessed at:
//!
//! - a unified image holds `metadata.yaml`, `templates/` and `rootfs/`, and no other name at its top;
//! - a root file system may hold a `/rootfs` or a `/metadata.yaml` of its own and not both, since Incus would take the
//!   tar for an image.
//!
//! So a tar made in the order of a directory may be refused although its content is sound; sorted by name, it is not.

use super::fault;
use super::metadata::{FILE_NAME, ImageMetadata};
use super::tarball::{Member, MemberKind, Tarball};
use super::{Dropped, Parts, Sink, is_under_dev};
use crate::error::{Error, Result};
use crate::rootfs::{Body, Digesting, Entry, Kind, TargetPath};

/// The most files that an image has beside its root file system; Debian's own have four.
const MOST_PARTS: usize = 1_000;

/// The part of an image that a path belongs to, with the path within that part.
enum Part {
    /// The archive's own top directory.
    Top,
    Metadata,
    Templates,
    Rootfs(TargetPath),
    Other,
}

/// What a tar turned out to hold.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) metadata: Option<ImageMetadata>,
    pub(super) parts: Parts,
    pub(super) dropped: Dropped,
}

/// What the front of a tar tells about the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Front {
    /// `metadata.yaml` comes first.
    Metadata,
    /// `rootfs` comes first.
    Rootfs,
    /// An entry comes first that no image has.
    Other,
}

/// Reads a tar up to the first entry that tells what it is.
pub(super) fn front(tar: &mut Tarball<'_>) -> Result<Front> {
    let mut empty = true;
    while let Some(member) = tar.next()? {
        empty = false;
        match Part::of(&path(tar, &member.name)?) {
            Part::Top | Part::Templates => {}
            Part::Metadata => return Ok(Front::Metadata),
            Part::Rootfs(_) => return Ok(Front::Rootfs),
            Part::Other => return Ok(Front::Other),
        }
    }
    if empty { Err(Error::invalid(format!("`{}` is a tar without entries", tar.archive()))) } else { Ok(Front::Other) }
}

/// Reads a tar that is a root file system.
pub(super) fn read_rootfs(tar: &mut Tarball<'_>, sink: Sink<'_>) -> Result<Contents> {
    let mut contents = Contents::default();
    let (mut metadata, mut rootfs) = (false, false);
    while let Some(member) = tar.next()? {
        let path = path(tar, &member.name)?;
        match Part::of(&path) {
            Part::Metadata => metadata = true,
            Part::Rootfs(_) => rootfs = true,
            Part::Top | Part::Templates | Part::Other => {}
        }
        if metadata && rootfs {
            return Err(mixed(tar.archive()));
        }
        let link = |tar: &Tarball<'_>, target: &[u8]| link_target(tar, &member.name, target);
        give(tar, path, &member, link, &mut contents.dropped, sink)?;
    }
    contents.dropped.xattrs = tar.dropped_xattrs;
    Ok(contents)
}

/// Reads a tar that is a unified image: the root file system is what stands in `rootfs/`.
pub(super) fn read_unified(tar: &mut Tarball<'_>, sink: Sink<'_>) -> Result<Contents> {
    let mut contents = Contents::default();
    let mut rootfs = false;
    while let Some(member) = tar.next()? {
        match Part::of(&path(tar, &member.name)?) {
            Part::Top => {}
            Part::Templates => take_template(tar, &member, &mut contents.parts)?,
            Part::Metadata => take_metadata(tar, &member, &mut contents.metadata, &mut contents.parts)?,
            Part::Rootfs(path) => {
                rootfs = true;
                let link = |tar: &Tarball<'_>, target: &[u8]| match Part::of(&link_target(tar, &member.name, target)?) {
                    Part::Rootfs(target) => Ok(target),
                    _ => Err(fault::entry(tar.archive(), &member.name, "is a hard link that leads out of `rootfs/`")),
                };
                give(tar, path, &member, link, &mut contents.dropped, sink)?;
            }
            Part::Other => return Err(mixed(tar.archive())),
        }
    }
    contents.dropped.xattrs = tar.dropped_xattrs;
    let archive = tar.archive();
    if !rootfs {
        return Err(Error::invalid(format!("`{archive}` holds the metadata of an image and no `rootfs/`"))
            .hint("pass both files of a split image"));
    }
    if contents.metadata.is_none() {
        return Err(Error::invalid(format!("`{archive}` holds `rootfs/` and no `metadata.yaml`"))
            .hint("an Incus image has both; a root file system tar has `etc` and `usr` at its top"));
    }
    Ok(contents)
}

/// Reads a tar that is the metadata half of a split image.
pub(super) fn read_metadata(tar: &mut Tarball<'_>) -> Result<(ImageMetadata, Parts)> {
    let (mut metadata, mut parts) = (None, Parts::new());
    while let Some(member) = tar.next()? {
        match Part::of(&path(tar, &member.name)?) {
            Part::Top => {}
            Part::Templates => take_template(tar, &member, &mut parts)?,
            Part::Metadata => take_metadata(tar, &member, &mut metadata, &mut parts)?,
            Part::Rootfs(_) => {
                return Err(Error::invalid(format!("`{}` is a whole image and takes no second file", tar.archive()))
                    .hint("pass it alone"));
            }
            Part::Other => return Err(mixed(tar.archive())),
        }
    }
    let metadata = metadata.ok_or_else(|| Error::invalid(format!("`{}` holds no `metadata.yaml`", tar.archive())))?;
    Ok((metadata, parts))
}

/// Reads a unified image up to its metadata, which stand first in those that are read fast.
pub(super) fn read_front_metadata(tar: &mut Tarball<'_>) -> Result<ImageMetadata> {
    let mut metadata = None;
    while let Some(member) = tar.next()? {
        match Part::of(&path(tar, &member.name)?) {
            Part::Metadata => {
                take_metadata(tar, &member, &mut metadata, &mut Parts::new())?;
                break;
            }
            Part::Top | Part::Templates | Part::Rootfs(_) => {}
            Part::Other => return Err(mixed(tar.archive())),
        }
    }
    metadata
        .ok_or_else(|| Error::invalid(format!("`{}` is no Incus image: it holds no `metadata.yaml`", tar.archive())))
}

fn take_metadata(
    tar: &mut Tarball<'_>,
    member: &Member,
    slot: &mut Option<ImageMetadata>,
    parts: &mut Parts,
) -> Result<()> {
    let archive = tar.archive();
    if !matches!(member.kind, MemberKind::File(_)) {
        return Err(fault::entry(archive, &member.name, "is not a regular file"));
    }
    let mut content = Digesting::new(tar.content());
    let parsed = ImageMetadata::read(archive, &member.name, &mut content);
    parts.insert(fault::shown(&member.name), content.summary().sha256);
    if let Some(failure) = tar.take_failure() {
        return Err(failure);
    }
    match slot.replace(parsed?) {
        None => Ok(()),
        Some(_) => Err(fault::entry(archive, &member.name, "comes twice")),
    }
}

/// Templates are Incus's to read: only what tells one from another is kept.
fn take_template(tar: &mut Tarball<'_>, member: &Member, parts: &mut Parts) -> Result<()> {
    if member.kind == MemberKind::Directory {
        return Ok(());
    }
    if parts.len() == MOST_PARTS {
        return Err(Error::refused(format!(
            "`{}` holds more than 1,000 templates, more than is looked at",
            tar.archive()
        )));
    }
    let drained = Digesting::new(tar.content()).drain(u64::MAX);
    if let Some(failure) = tar.take_failure() {
        return Err(failure);
    }
    let summary = drained.map_err(|error| fault::entry(tar.archive(), &member.name, "cannot be read").cause(error))?;
    parts.insert(fault::shown(&member.name), summary.sha256);
    Ok(())
}

/// Gives a member to the sink, unless it is one that an image leaves to Incus.
fn give<'a>(
    tar: &mut Tarball<'a>,
    path: TargetPath,
    member: &Member,
    link: impl Fn(&Tarball<'a>, &[u8]) -> Result<TargetPath>,
    dropped: &mut Dropped,
    sink: Sink<'_>,
) -> Result<()> {
    if is_under_dev(&path) {
        dropped.under_dev += 1;
        return Ok(());
    }
    let kind = match &member.kind {
        MemberKind::Device => {
            dropped.devices += 1;
            return Ok(());
        }
        MemberKind::Directory => Kind::Directory,
        MemberKind::File(size) => Kind::File(*size),
        MemberKind::Symlink(target) => Kind::Symlink(target.clone()),
        MemberKind::HardLink(target) => Kind::HardLink(link(tar, target)?),
        MemberKind::Fifo => Kind::Fifo,
    };
    if path.is_root() && kind != Kind::Directory {
        return Err(fault::entry(tar.archive(), &member.name, format!("is a {}, not a directory", kind.noun())));
    }
    let mut content = tar.content();
    let mut metadata = member.metadata.clone();
    if matches!(kind, Kind::HardLink(_)) {
        // They are the file's, and GNU tar sets none through a link.
        metadata.xattrs.clear();
    }
    let kind = kind.map(|size| Body { size, reader: &mut content });
    let outcome = sink(path, Entry { metadata, kind });
    // The sink knows that reading failed; the tar knows where and why.
    match tar.take_failure() {
        Some(failure) => Err(failure),
        None => outcome,
    }
}

fn path(tar: &Tarball<'_>, name: &[u8]) -> Result<TargetPath> {
    TargetPath::from_relative(name).map_err(|error| {
        let error = fault::entry(tar.archive(), name, error.reason());
        error.hint("make the tar again with `tar --directory ROOT --create .`")
    })
}

fn link_target(tar: &Tarball<'_>, name: &[u8], target: &[u8]) -> Result<TargetPath> {
    TargetPath::from_relative(target).map_err(|error| {
        fault::entry(
            tar.archive(),
            name,
            format!("is a hard link to `{}`, which {}", fault::shown(target), error.reason()),
        )
    })
}

fn mixed(archive: &str) -> Error {
    Error::invalid(format!("`{archive}` is neither an Incus image nor a root file system: it looks like both"))
        .hint("an image holds `metadata.yaml`, `templates` and `rootfs` alone; make the tar again with `--sort=name`")
}

impl Part {
    fn of(path: &TargetPath) -> Self {
        let bytes = path.as_relative();
        let end = bytes.iter().position(|byte| *byte == b'/').unwrap_or(bytes.len());
        match (&bytes[..end], &bytes[end..]) {
            (b"", _) => Self::Top,
            (FILE_NAME, b"") => Self::Metadata,
            (b"templates", _) => Self::Templates,
            (b"rootfs", within) => {
                TargetPath::from_relative(within.strip_prefix(b"/").unwrap_or(within)).map_or(Self::Other, Self::Rootfs)
            }
            _ => Self::Other,
        }
    }
}
