//! One pass over the base: its segment on one side, the survey of it on the other.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};

use super::Clock;
use crate::archive::{AppendError, Compression, Hashed, Segment};
use crate::base::{Base, Description};
use crate::interrupt::Interrupt;
use crate::release::{Outbox, Staged};
use crate::rootfs::{Body, Entry, Kind, Summary, Survey, TargetPath, Tree};
use crate::ui::Listener;
use crate::{Error, Result};

/// The largest file of a base whose content is kept in memory, in bytes: the largest library that is looked into.
const LARGEST_KEPT: u64 = 16 << 20;
/// All that is kept of a base, in bytes.
const MOST_KEPT: u64 = 48 << 20;

/// The base as compressed frames, and what was learned of it.
#[derive(Debug)]
pub struct BaseSegment {
    pub(super) frames: Frames,
    pub(super) left_out: BTreeSet<TargetPath>,
    /// Every entry of the base, and the contents that were wanted.
    pub survey: Survey,
    /// What the base said of itself.
    pub description: Description,
}

/// Where a segment's frames are.
#[derive(Debug)]
pub(super) enum Frames {
    /// Just made, in a file without a name.
    Staged(Staged),
    /// In the store.
    Kept(File),
}

impl Frames {
    pub(super) fn file(&mut self) -> &mut File {
        match self {
            Self::Staged(staged) => staged.file(),
            Self::Kept(file) => file,
        }
    }
}

/// What one pass over a base needs to know.
pub struct Pass<'a> {
    /// Paths that the layer writes, and the segment leaves out.
    pub owned: BTreeSet<TargetPath>,
    /// Files whose content the survey keeps, by path and size in bytes.
    pub wants: &'a dyn Fn(&TargetPath, u64) -> bool,
    /// What becomes of times.
    pub clock: Clock,
    /// What is put before every path: `rootfs/` in a unified image.
    pub prefix: &'static str,
    /// How frames are made.
    pub compression: &'a Compression,
    /// Who can stop it.
    pub interrupt: &'a Interrupt,
}

impl Pass<'_> {
    /// Reads the base once, from front to end.
    ///
    /// # Errors
    /// The base cannot be read, or is not what a root file system may be; the frames cannot be written; or somebody
    /// asked to stop.
    pub fn run(self, base: Base, outbox: &Outbox, listener: &dyn Listener) -> Result<BaseSegment> {
        let mut frames = outbox.stage()?;
        let mut survey = Survey::new(base.name());
        let name = base.name().to_owned();
        let mut kept = 0;
        let unwritten = |cause: io::Error| outbox.unwritten("the image", &cause);
        let writer = BufWriter::with_capacity(1 << 18, frames.file());
        let mut segment = Segment::new(writer, self.compression, self.prefix);
        let description = base.read(listener, &mut |path, mut entry| {
            self.interrupt.check()?;
            entry.metadata.mtime = self.clock.clamp(entry.metadata.mtime);
            survey.admit(&path, &entry, |path| self.owned.contains(path))?;
            let mut content = self.keep(&path, &entry, &mut kept).then(Vec::new);
            let entry = self.tapped(entry, content.as_mut(), |entry| match self.owned.contains(&path) {
                true => summarize(entry),
                false => segment.append(&path, entry),
            });
            let entry = entry.map_err(|error| match error {
                AppendError::Write(cause) => unwritten(cause),
                AppendError::Read(cause) => unread(&name, &path, cause),
                AppendError::Size { .. } => {
                    Error::invalid(format!("`{path}` of `{name}` changed its size while it was read"))
                        .hint("a base must not be written to during a build")
                }
            })?;
            survey.note(path, entry, content);
            Ok(())
        })?;
        let mut writer = segment.finish().map_err(unwritten)?;
        writer.flush().map_err(unwritten)?;
        drop(writer);
        Ok(BaseSegment { frames: Frames::Staged(frames), left_out: self.owned, survey, description })
    }

    fn keep(&self, path: &TargetPath, entry: &Entry<Body<'_>>, kept: &mut u64) -> bool {
        let Kind::File(body) = &entry.kind else { return false };
        let keep = body.size <= LARGEST_KEPT && *kept + body.size <= MOST_KEPT && (self.wants)(path, body.size);
        if keep {
            *kept += body.size;
        }
        keep
    }

    /// Hands the entry on with a content that can be interrupted, and is copied to `content` as it goes by.
    fn tapped<T>(
        &self,
        entry: Entry<Body<'_>>,
        content: Option<&mut Vec<u8>>,
        take: impl FnOnce(Entry<Body<'_>>) -> T,
    ) -> T {
        let Entry { metadata, kind } = entry;
        let Kind::File(body) = kind else {
            return take(Entry { metadata, kind });
        };
        let mut reader = Tap { inner: self.interrupt.reader(body.reader), copy: content };
        take(Entry { metadata, kind: Kind::File(Body { size: body.size, reader: &mut reader }) })
    }
}

impl BaseSegment {
    /// The entries that the segment holds: the base without what the layer may write.
    pub fn into_tree(self) -> Tree<Summary> {
        let entries = self.survey.into_tree().into_iter();
        entries.filter(|(path, _)| !self.left_out.contains(path)).collect()
    }

    /// Copies the frames to where the segment stands.
    ///
    /// # Errors
    /// The disk's, or the writer's.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let file = self.frames.file();
        file.rewind()?;
        io::copy(&mut io::BufReader::with_capacity(1 << 18, file), out).map(|_| ())
    }
}

/// What the segment would have made of an entry that it leaves out.
fn summarize(mut entry: Entry<Body<'_>>) -> Result<Entry<Summary>, AppendError> {
    let mut hashed = Hashed::new(io::sink());
    if let Kind::File(body) = &mut entry.kind {
        io::copy(body.reader, &mut hashed).map_err(AppendError::Read)?;
    }
    let (_, summary) = hashed.finish();
    Ok(Entry { metadata: entry.metadata, kind: entry.kind.map(|_| summary) })
}

/// A reader that copies what goes by.
struct Tap<'a, R> {
    inner: R,
    copy: Option<&'a mut Vec<u8>>,
}

impl<R: Read> Read for Tap<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(copy) = &mut self.copy {
            copy.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}

/// A reader of the base, or the interrupt, may have said already what is wrong.
fn unread(base: &str, path: &TargetPath, cause: io::Error) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => error,
        Err(cause) => Error::invalid(format!("cannot read `{path}` of the base `{base}`")).cause(cause),
    }
}
