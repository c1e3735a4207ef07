//! One pass over an image: a summary of every entry, and the texts that tell of the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use serde::Serialize;

use super::Source;
use crate::base::{Description, Dropped, ImageMetadata, Parts};
use crate::release::Listing;
use crate::rootfs::{
    Body, Digest, Digesting, Entry, Kind, Metadata, Mode, Resolved, Summary, TargetPath, Tree, Xattrs, escaped,
};
use crate::ui::{Event, Listener};
use crate::{Error, Result};

/// The most entries that are looked at; Debian's full desktop has some 300,000.
const MOST_ENTRIES: usize = 500_000;
/// The most content that is looked at, in bytes; a few hundred bytes of an archive can declare more.
const MOST_CONTENT: u64 = 8 << 30;
/// The longest text that is kept, in bytes: dpkg's list of 3,000 packages has 4 MB.
const LONGEST_TEXT: u64 = 16 << 20;
/// The most that all texts may have together, in bytes.
const MOST_TEXT: u64 = 64 << 20;
/// The most that paths, targets of links and extended attributes may have together, in bytes, implied directories included.
const MOST_NAMES: usize = 256 << 20;
/// Paths that come twice are told by name up to so many.
const MOST_TWICE: usize = 20;

/// What an image holds, without the files' content.
#[derive(Debug, Default)]
pub struct Contents {
    /// Its entries, and the directories that they imply.
    pub tree: Tree<Summary>,
    /// Bytes of its files.
    pub size: u64,
    /// What was not looked at.
    pub left_out: LeftOut,
    metadata: Option<ImageMetadata>,
    parts: Parts,
    texts: BTreeMap<TargetPath, Vec<u8>>,
}

/// What is in an image and not in its [`Contents`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Entries below `/dev`, which Incus makes itself.
    pub under_dev: u64,
    /// Device nodes elsewhere.
    pub devices: u64,
    /// Sockets.
    pub sockets: u64,
    /// Extended attributes that belong to the machine that the image was made on.
    pub xattrs: u64,
    /// Paths that come more than once, of which the last counts: the first twenty.
    pub twice: Vec<String>,
}

impl Contents {
    /// Reads an image; the content of `wanted` is kept too, where it is there and not too long.
    ///
    /// # Errors
    /// It is no image, damaged, or larger than is looked at.
    pub fn read(source: &Source, wanted: Option<&TargetPath>, listener: &dyn Listener) -> Result<Self> {
        let mut pass = Pass { name: source.name(), wanted, contents: Self::default(), kept: 0, names: 0 };
        listener.event(Event::Stage(format!("reading `{}`", escaped(source.name().as_bytes()))));
        let description = source.read(listener, &mut |path, entry| pass.take(path, entry))?;
        pass.add_implied_directories()?;
        let mut contents = pass.contents;
        let Description { image, parts, dropped: Dropped { devices, sockets, under_dev, xattrs } } = description;
        contents.metadata = image;
        contents.parts = parts;
        contents.left_out = LeftOut { devices, sockets, under_dev, xattrs, ..contents.left_out };
        Ok(contents)
    }

    /// What the image says about itself; none for a root file system alone.
    pub fn metadata(&self) -> Option<&ImageMetadata> {
        self.metadata.as_ref()
    }

    /// What the image holds beside its root file system.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The digest of the root file system, as manifests have it.
    ///
    /// # Errors
    /// None in practice.
    pub fn digest(&self) -> Result<Digest> {
        let listing = Listing::of(&self.tree).map_err(|cause| Error::failed("cannot list the image").cause(cause))?;
        Ok(listing.digest())
    }

    /// The kept content of a path, links followed.
    pub fn content(&self, path: &TargetPath) -> Option<&[u8]> {
        let (path, _) = self.file(path)?;
        self.texts.get(&path).map(Vec::as_slice)
    }

    /// The same, if it is UTF-8.
    pub fn text(&self, path: &TargetPath) -> Option<&str> {
        str::from_utf8(self.content(path)?).ok()
    }

    /// The regular file that a path leads to.
    pub fn file(&self, path: &TargetPath) -> Option<(TargetPath, Summary)> {
        match self.tree.resolve(path) {
            Resolved::Entry(path, Entry { kind: Kind::File(summary), .. }) => Some((path, *summary)),
            _ => None,
        }
    }

    /// Reads the image again and gives the bodies of files to `take`, in the image's own order. Every path is that of an
    /// entry with a summary, and what comes is held to that summary: it is whole and the same once this returns.
    ///
    /// # Errors
    /// What `take` returns; the image is damaged, or another by now.
    pub fn read_files(
        &self,
        source: &Source,
        files: &BTreeSet<TargetPath>,
        listener: &dyn Listener,
        take: &mut dyn FnMut(&TargetPath, &mut dyn Read) -> Result<()>,
    ) -> Result<()> {
        let changed = || Error::failed(format!("`{}` changed while it was read", source.name()));
        let mut found = BTreeMap::new();
        source.read(listener, &mut |path, entry| {
            let Kind::File(body) = entry.kind else { return Ok(()) };
            let Some(Kind::File(before)) = files.get(&path).and_then(|path| self.tree.get(path)).map(|it| &it.kind)
            else {
                return Ok(());
            };
            // Of a path that comes twice another body may be of any size.
            if body.size != before.size {
                return Ok(());
            }
            let mut body = Digesting::new(body.reader);
            take(&path, &mut body)?;
            let is_same = body.drain(MOST_CONTENT).is_ok_and(|summary| summary == *before);
            found.insert(path, is_same);
            Ok(())
        })?;
        let is_whole = found.len() == files.len() && found.values().all(|is_same| *is_same);
        if is_whole { Ok(()) } else { Err(changed()) }
    }

    /// The paths of what was kept below a directory that no link leads to, in byte order.
    pub(super) fn kept_within<'a>(&'a self, directory: &'a TargetPath) -> impl Iterator<Item = &'a TargetPath> {
        self.texts.keys().filter(move |path| path.is_within(directory))
    }
}

/// A pass that goes on.
struct Pass<'a> {
    name: &'a str,
    wanted: Option<&'a TargetPath>,
    contents: Contents,
    kept: u64,
    names: usize,
}

impl Pass<'_> {
    fn take(&mut self, path: TargetPath, entry: Entry<Body<'_>>) -> Result<()> {
        let target = match &entry.kind {
            Kind::Symlink(target) => target.len(),
            Kind::HardLink(target) => target.as_relative().len(),
            Kind::Directory | Kind::File(_) | Kind::Fifo => 0,
        };
        let xattrs = entry.metadata.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        self.count(self.contents.tree.len(), path.as_relative().len() + target + xattrs)?;
        if let Kind::File(body) = &entry.kind {
            self.contents.size = self.contents.size.saturating_add(body.size);
            if self.contents.size > MOST_CONTENT {
                return Err(self.too_much("files of more than 8 GiB"));
            }
        }
        let kind = entry.kind.try_map(|body| self.body(&path, body))?;
        let is_directory = kind == Kind::Directory;
        let before = self.contents.tree.insert(path.clone(), Entry { metadata: entry.metadata, kind });
        // Archives name a directory again before what is in it.
        let is_twice = before.is_some_and(|before| !(is_directory && before.kind == Kind::Directory));
        if is_twice && self.contents.left_out.twice.len() < MOST_TWICE {
            self.contents.left_out.twice.push(path.to_string());
        }
        Ok(())
    }

    /// Counts one more entry beside so many, with so many bytes of names.
    fn count(&mut self, entries: usize, names: usize) -> Result<()> {
        self.names += names;
        if entries >= MOST_ENTRIES {
            return Err(self.too_much("more than 500,000 entries"));
        }
        if self.names > MOST_NAMES {
            return Err(self.too_much("names, links and attributes of more than 256 MiB"));
        }
        Ok(())
    }

    fn too_much(&self, what: &str) -> Error {
        Error::refused(format!("`{}` holds {what}, more than is looked at", self.name))
    }

    /// Adds the directories that no entry names and some need, as tar makes them.
    fn add_implied_directories(&mut self) -> Result<()> {
        let mut implied = BTreeSet::new();
        let tree = std::mem::take(&mut self.contents.tree);
        for (path, _) in tree.iter() {
            for above in path.ancestors().take_while(|above| tree.get(above).is_none() && !above.is_root()) {
                let length = above.as_relative().len();
                if !implied.insert(above) {
                    break;
                }
                self.count(tree.len() + implied.len(), length)?;
            }
        }
        self.contents.tree = tree;
        let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
        let directory = Entry { metadata, kind: Kind::Directory };
        self.contents.tree.extend(implied.into_iter().map(|path| (path, directory.clone())));
        Ok(())
    }

    /// Hashes a body, and keeps it where it tells of the whole.
    fn body(&mut self, path: &TargetPath, body: Body<'_>) -> Result<Summary> {
        if let Some(before) = self.contents.texts.remove(path) {
            self.kept -= before.len() as u64;
        }
        let is_kept = (tells(path) || self.wanted == Some(path))
            && body.size <= LONGEST_TEXT
            && self.kept + body.size <= MOST_TEXT;
        let mut body = Digesting::new(body.reader);
        let mut content = Vec::new();
        let read = match is_kept {
            true => body.read_to_end(&mut content).map(drop),
            false => io::copy(&mut body, &mut io::sink()).map(drop),
        };
        read.map_err(|cause| Error::failed(format!("cannot read `{path}` of `{}`", self.name)).cause(cause))?;
        if is_kept {
            self.kept += content.len() as u64;
            self.contents.texts.insert(path.clone(), content);
        }
        Ok(body.summary())
    }
}

/// Whether a file's content tells of the whole: what is installed, who is there, what is started.
fn tells(path: &TargetPath) -> bool {
    const FILES: [&str; 5] = ["var/lib/dpkg/status", "etc/passwd", "etc/group", "etc/os-release", "usr/lib/os-release"];
    let path = path.as_relative();
    let is_unit = |directory: &&str| path.starts_with(directory.as_bytes());
    FILES.iter().any(|file| path == file.as_bytes())
        || path.starts_with(b"var/lib/dpkg/status.d/")
        || (super::service::DIRECTORIES.iter().any(is_unit)
            && (path.ends_with(b".service") || path.ends_with(b".conf")))
}
