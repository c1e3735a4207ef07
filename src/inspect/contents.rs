//! One pass over an image: a summary of every entry, and the texts that tell of the whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use serde::Serialize;

use super::budget::{Budget, MOST_CONTENT};
use super::unpacking::{self, Ambiguous, Content, Unpacked, Unpacking};
use super::{Source, texts};
use crate::base::{Description, Dropped, ImageMetadata, Parts};
use crate::release::Listing;
use crate::rootfs::{Body, Digest, Digesting, Entry, Kind, Resolved, Summary, TargetPath, Tree, escaped};
use crate::ui::{Event, Listener};
use crate::{Error, Result};

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
    /// Files whose body is not that of the one entry of their path: which entry's it is.
    bodies: BTreeMap<TargetPath, u64>,
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
    /// Entries of which readers of the archive may make different things, or nothing: the first twenty.
    pub ambiguous: Vec<Ambiguous>,
    /// Files that would have told of the whole: the first twenty.
    pub unread: Vec<Unread>,
}

/// A file that would have told of the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Where it is.
    pub path: String,
    /// Why it was not looked at, as the end of a sentence that begins with the path.
    pub why: &'static str,
}

impl Contents {
    /// Reads an image; the content of `wanted` is kept too, where it is there and not too long.
    ///
    /// # Errors
    /// It is no image, damaged, or larger than is looked at.
    pub fn read(source: &Source, wanted: Option<&TargetPath>, listener: &dyn Listener) -> Result<Self> {
        listener.event(Event::Stage(format!("reading `{}`", escaped(source.name().as_bytes()))));
        let (name, budget) = (source.name(), Budget::new(source.name()));
        let mut pass = Pass { name, wanted, budget, size: 0, unpacking: Unpacking::default() };
        let description = source.read(listener, &mut |path, entry| pass.take(path, entry))?;
        let Pass { mut budget, size, unpacking, .. } = pass;
        let Unpacked { tree, texts, bodies, twice, ambiguous } = unpacking.finish(&mut budget)?;
        let Description { image, parts, dropped: Dropped { devices, sockets, under_dev, xattrs } } = description;
        let left_out = LeftOut { devices, sockets, under_dev, xattrs, twice, ambiguous, unread: Vec::new() };
        let mut contents = Self { tree, size, left_out, metadata: image, parts, texts, bodies };
        contents.read_links(source, listener)?;
        Ok(contents)
    }

    /// Reads what tells of the whole and only a link has led to, once more.
    fn read_links(&mut self, source: &Source, listener: &dyn Listener) -> Result<()> {
        let texts::Telling { files, mut unread, .. } = texts::telling(&self.tree);
        let mut kept = self.texts.values().map(|text| text.len() as u64).sum();
        let mut wanted = BTreeSet::new();
        for (path, size) in files.into_iter().filter(|(path, _)| !self.texts.contains_key(path)) {
            match texts::refusal(size, kept) {
                Some(why) => unread.push(Unread { path: path.to_string(), why }),
                None => {
                    kept += size;
                    wanted.insert(path);
                }
            }
        }
        unread.truncate(unpacking::MOST_TOLD);
        self.left_out.unread = unread;
        if wanted.is_empty() {
            return Ok(());
        }
        listener.event(Event::Stage(format!("reading `{}` for what links lead to", escaped(source.name().as_bytes()))));
        self.texts.append(&mut self.bodies(source, &wanted, listener)?);
        Ok(())
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

    /// The same, with `\u{fffd}` for what is no UTF-8.
    pub fn lossy_text(&self, path: &TargetPath) -> Option<Cow<'_, str>> {
        self.content(path).map(String::from_utf8_lossy)
    }

    /// The regular file that a path leads to.
    pub fn file(&self, path: &TargetPath) -> Option<(TargetPath, Summary)> {
        match self.tree.resolve(path) {
            Resolved::Entry(path, Entry { kind: Kind::File(summary), .. }) => Some((path, *summary)),
            _ => None,
        }
    }

    /// What is in a directory, links to it followed: the names in it, in byte order.
    pub(super) fn names_in(&self, directory: &TargetPath) -> Vec<Vec<u8>> {
        texts::names_in(&self.tree, directory)
    }

    /// The contents of these files, in memory: how much that may be is the caller's to bound, by what the tree says.
    ///
    /// # Errors
    /// As [`read_files`](Self::read_files).
    pub fn bodies(
        &self,
        source: &Source,
        files: &BTreeSet<TargetPath>,
        listener: &dyn Listener,
    ) -> Result<BTreeMap<TargetPath, Vec<u8>>> {
        let mut bodies = BTreeMap::new();
        self.read_files(source, files, listener, &mut |path, body| {
            let mut content = Vec::new();
            body.read_to_end(&mut content).map_err(|cause| unread_error(path, source.name(), cause))?;
            bodies.insert(path.clone(), content);
            Ok(())
        })?;
        Ok(bodies)
    }

    /// Reads the image again and gives the bodies of files to `take`, in the image's own order; what it does not read is
    /// skipped. Every path is that of an entry with a summary, and what comes is held to that summary: it is whole and the
    /// same once this returns.
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
        let orders: BTreeMap<u64, &TargetPath> =
            files.iter().filter_map(|path| self.bodies.get(path).map(|order| (*order, path))).collect();
        let (mut order, mut found) = (0, 0);
        source.read(listener, &mut |path, entry| {
            let here = order;
            order += 1;
            let Kind::File(body) = entry.kind else { return Ok(()) };
            let by_path = || files.get(&path).filter(|path| !self.bodies.contains_key(*path));
            let Some(wanted) = orders.get(&here).copied().or_else(by_path) else { return Ok(()) };
            found += 1;
            let mut body = Digesting::new(body.reader);
            take(wanted, &mut body)?;
            let summary = body.drain(MOST_CONTENT).map_err(|cause| unread_error(wanted, source.name(), cause))?;
            match self.tree.get(wanted).map(|entry| &entry.kind) {
                Some(Kind::File(before)) if *before == summary => Ok(()),
                _ => Err(source.changed()),
            }
        })?;
        if found == files.len() { Ok(()) } else { Err(source.changed()) }
    }
}

/// A pass that goes on.
struct Pass<'a> {
    name: &'a str,
    wanted: Option<&'a TargetPath>,
    budget: Budget<'a>,
    size: u64,
    unpacking: Unpacking,
}

impl Pass<'_> {
    fn take(&mut self, path: TargetPath, entry: Entry<Body<'_>>) -> Result<()> {
        let Entry { metadata, kind } = entry;
        let names = path.as_relative().len() + unpacking::size(&kind) + unpacking::xattrs_size(&metadata);
        self.budget.entry(names)?;
        if let Kind::File(body) = &kind {
            self.budget.content(body.size)?;
            self.size += body.size;
        }
        let kind = kind.try_map(|body| self.body(&path, body))?;
        self.unpacking.put(path, Entry { metadata, kind }, &mut self.budget)
    }

    /// Hashes a body, and keeps it where it tells of the whole.
    fn body(&mut self, path: &TargetPath, body: Body<'_>) -> Result<Content> {
        let is_kept = (texts::tells(path) || self.wanted == Some(path))
            && texts::refusal(body.size, self.unpacking.kept()).is_none();
        let mut body = Digesting::new(body.reader);
        let mut text = Vec::new();
        let read = match is_kept {
            true => body.read_to_end(&mut text).map(drop),
            false => io::copy(&mut body, &mut io::sink()).map(drop),
        };
        read.map_err(|cause| unread_error(path, self.name, cause))?;
        Ok(Content { summary: body.summary(), text: is_kept.then_some(text) })
    }
}

fn unread_error(path: &TargetPath, image: &str, cause: io::Error) -> Error {
    Error::failed(format!("cannot read `{path}` of `{}`", escaped(image.as_bytes()))).cause(cause)
}
