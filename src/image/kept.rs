//! Segments of bases, kept by what they were made of: a build that only changes the binary compresses only the layer.
//!
//! ```text
//! recipe ─▶ record ─▶ two objects: the frames, and the survey of the base
//! ```
//!
//! Whether a segment was kept never shows in the bytes: the recipe holds all that they depend on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::base_segment::{BaseSegment, Frames, Pass};
use crate::base::{Description, Dropped, ImageMetadata};
use crate::rootfs::{Digest, Entry, Kind, Metadata, Mode, Summary, Survey, TargetPath};
use crate::store::Store;
use crate::{Error, Result};

/// The largest survey that is read back, in bytes: what is kept of a base's contents, and as much again.
const LARGEST_SURVEY: u64 = 128 << 20;

/// Everything that a segment's bytes, and what is remembered of its base, depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe(Digest);

impl Recipe {
    /// The recipe of a pass over a base with this identity, where `interest` is what decides which contents are wanted.
    ///
    /// This program's own bytes are a part of it: another version may assemble or compress otherwise, and no number
    /// that somebody has to remember to count up tells as surely. Where they cannot be read, there is no recipe.
    pub fn new(base: Digest, pass: &Pass<'_>, interest: &str) -> Option<Self> {
        let mut sha256 = Sha256::new();
        let program = program().ok()?;
        let compression = pass.compression;
        let (codec, level) = (compression.codec().name(), compression.level());
        sha256.update(format!("segment {program} {base} {codec} {level} {:?} {:?}\n", pass.clock, pass.prefix));
        sha256.update(format!("{}\n", pass.owned.len()));
        for path in &pass.owned {
            sha256.update(format!("{} ", path.as_relative().len()));
            sha256.update(path.as_relative());
        }
        sha256.update(interest);
        Some(Self(Digest(sha256.finalize().into())))
    }
}

/// The sha256 of the file that is running.
fn program() -> io::Result<Digest> {
    Digest::of(&mut File::open("/proc/self/exe")?)
}

/// What a record leads to, an object and its size.
type Object = (Digest, u64);

/// What is remembered of a base, as postcard writes it.
#[derive(Deserialize, Serialize)]
struct Remembered<'a> {
    #[serde(borrow)]
    entries: Vec<Line<'a>>,
    contents: Vec<(&'a [u8], &'a [u8])>,
    image: Option<ImageMetadata>,
    dropped: [u64; 4],
}

/// An entry of the survey.
#[derive(Deserialize, Serialize)]
struct Line<'a> {
    path: &'a [u8],
    mode: u32,
    uid: u32,
    gid: u32,
    mtime: u64,
    #[serde(borrow)]
    xattrs: BTreeMap<&'a [u8], &'a [u8]>,
    kind: LineKind<'a>,
}

#[derive(Deserialize, Serialize)]
enum LineKind<'a> {
    Directory,
    File(u64, [u8; 32]),
    Symlink(&'a [u8]),
    HardLink(&'a [u8]),
    Fifo,
}

impl BaseSegment {
    /// The segment that this recipe gave before, where it is kept and whole. Messages call its base `name`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn kept(store: &Store, recipe: Recipe, pass: &Pass<'_>, name: &str) -> Result<Option<Self>> {
        let Some([frames, survey]) = store.record(recipe.0)?.as_deref().and_then(parse) else { return Ok(None) };
        let Some(file) = store.object(survey.0, survey.1)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = file.take(LARGEST_SURVEY).read_to_end(&mut bytes);
        read.map_err(|cause| Error::failed("cannot read the survey of the base").cause(cause))?;
        let Ok(remembered) = postcard::from_bytes::<Remembered<'_>>(&bytes) else { return Ok(None) };
        let Some(survey) = remembered.survey(name) else { return Ok(None) };
        let Some(frames) = store.object(frames.0, frames.1)? else { return Ok(None) };
        let [devices, sockets, under_dev, xattrs] = remembered.dropped;
        let dropped = Dropped { devices, sockets, under_dev, xattrs };
        let description = Description { image: remembered.image, dropped, ..Description::default() };
        Ok(Some(Self { frames: Frames::Kept(frames), left_out: pass.owned.clone(), survey, description }))
    }

    /// Keeps a segment that this recipe gave.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn keep(&mut self, store: &Store, recipe: Recipe) -> Result<()> {
        let mut object = store.stage()?;
        let frames = self.frames.file();
        let copied = frames.rewind().and_then(|()| io::copy(frames, &mut object));
        copied.map_err(|cause| store.unwritten(&cause))?;
        let frames = store.keep(object)?;
        let mut object = store.stage()?;
        let written = self.remembered().and_then(|bytes| object.write_all(&bytes));
        written.map_err(|cause| store.unwritten(&cause))?;
        let survey = store.keep(object)?;
        store.set_record(recipe.0, &record([frames, survey]))
    }

    fn remembered(&self) -> io::Result<Vec<u8>> {
        let Dropped { devices, sockets, under_dev, xattrs } = self.description.dropped;
        let remembered = Remembered {
            entries: self.survey.tree().iter().map(|(path, entry)| Line::of(path, entry)).collect(),
            contents: self.survey.contents().map(|(path, content)| (path.as_relative(), content)).collect(),
            image: self.description.image.clone(),
            dropped: [devices, sockets, under_dev, xattrs],
        };
        postcard::to_stdvec(&remembered).map_err(io::Error::other)
    }
}

/// The record's text. The store knows a line `object …` for what must not be lost before the record is.
fn record(objects: [Object; 2]) -> Vec<u8> {
    objects.iter().map(|(digest, size)| format!("object {digest}\nsize {size}\n")).collect::<String>().into_bytes()
}

fn parse(record: &[u8]) -> Option<[Object; 2]> {
    let mut lines = str::from_utf8(record).ok()?.lines();
    let mut object = || {
        let digest = Digest::parse(lines.next()?.strip_prefix("object ")?)?;
        Some((digest, lines.next()?.strip_prefix("size ")?.parse().ok()?))
    };
    Some([object()?, object()?])
}

impl Remembered<'_> {
    /// The survey, if every path in it is one.
    fn survey(&self, name: &str) -> Option<Survey> {
        let contents: BTreeMap<_, _> = self.contents.iter().copied().collect();
        let mut survey = Survey::new(name);
        for line in &self.entries {
            let path = TargetPath::from_relative(line.path).ok()?;
            let content = contents.get(line.path).map(|content| content.to_vec());
            survey.note(path, line.entry()?, content);
        }
        Some(survey)
    }
}

impl<'a> Line<'a> {
    fn of(path: &'a TargetPath, entry: &'a Entry<Summary>) -> Self {
        let Metadata { mode, uid, gid, mtime, xattrs } = &entry.metadata;
        Self {
            path: path.as_relative(),
            mode: mode.bits(),
            uid: *uid,
            gid: *gid,
            mtime: *mtime,
            xattrs: xattrs.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect(),
            kind: match &entry.kind {
                Kind::Directory => LineKind::Directory,
                Kind::File(Summary { size, sha256 }) => LineKind::File(*size, sha256.0),
                Kind::Symlink(target) => LineKind::Symlink(target),
                Kind::HardLink(target) => LineKind::HardLink(target.as_relative()),
                Kind::Fifo => LineKind::Fifo,
            },
        }
    }

    fn entry(&self) -> Option<Entry<Summary>> {
        let &Self { path: _, mode, uid, gid, mtime, ref xattrs, ref kind } = self;
        let xattrs = xattrs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        let kind = match kind {
            LineKind::Directory => Kind::Directory,
            LineKind::File(size, sha256) => Kind::File(Summary { size: *size, sha256: Digest(*sha256) }),
            LineKind::Symlink(target) => Kind::Symlink(target.to_vec()),
            LineKind::HardLink(target) => Kind::HardLink(TargetPath::from_relative(target).ok()?),
            LineKind::Fifo => Kind::Fifo,
        };
        Some(Entry { metadata: Metadata { mode: Mode::from_bits(mode), uid, gid, mtime, xattrs }, kind })
    }
}
