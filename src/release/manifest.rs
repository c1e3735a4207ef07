//! The manifest: every entry of the image's root file system, and the digest of them all.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::layout::AllowedSecret;
use crate::rootfs::{Digest, Entry, Kind, Summary, TargetPath, Tree, hex};

/// Every entry of a root file system in byte order of the paths, as one line of JSON each.
///
/// The lines depend on the tree alone, not on how an image packs it: two images with the same listing hold the same
/// root file system, whatever their compression or format.
///
/// The lines are made anew wherever they go, and never held: of 200,000 entries they would be some 50 MB.
#[derive(Debug)]
pub struct Listing<'t> {
    tree: &'t Tree<Summary>,
    digest: Digest,
}

/// One entry; keys that say nothing for its type are left out.
#[derive(Serialize)]
struct Line<'a> {
    path: String,
    r#type: &'a str,
    mode: String,
    uid: u32,
    gid: u32,
    mtime: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    xattrs: std::collections::BTreeMap<String, String>,
}

impl<'t> Listing<'t> {
    /// Lists a tree.
    ///
    /// # Errors
    /// None in practice: writing to memory does not fail.
    pub fn of(tree: &'t Tree<Summary>) -> io::Result<Self> {
        let mut sha256 = Sha256::new();
        let mut text = Vec::new();
        for (path, entry) in tree.iter() {
            text.clear();
            serde_json::to_writer(&mut text, &line(path, entry))?;
            text.push(b'\n');
            sha256.update(&text);
        }
        Ok(Self { tree, digest: Digest(sha256.finalize().into()) })
    }

    /// The sha256 of the lines, each ended by a line feed.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.tree.len()
    }
}

/// The lines of a tree's listing, without line feeds.
pub fn lines(tree: &Tree<Summary>) -> impl Iterator<Item = serde_json::Result<String>> {
    tree.iter().map(|(path, entry)| serde_json::to_string(&line(path, entry)))
}

fn line<'a>(path: &TargetPath, entry: &'a Entry<Summary>) -> Line<'a> {
    let metadata = &entry.metadata;
    let mut line = Line {
        path: path.to_string(),
        r#type: match entry.kind {
            Kind::Directory => "directory",
            Kind::File(_) => "file",
            Kind::Symlink(_) => "symlink",
            Kind::HardLink(_) => "hardlink",
            Kind::Fifo => "fifo",
        },
        mode: metadata.mode.to_string(),
        uid: metadata.uid,
        gid: metadata.gid,
        mtime: metadata.mtime,
        size: None,
        sha256: None,
        target: None,
        xattrs: metadata.xattrs.iter().map(|(name, value)| (name.escape_ascii().to_string(), hex(value))).collect(),
    };
    match &entry.kind {
        Kind::File(summary) => {
            line.size = Some(summary.size);
            line.sha256 = Some(summary.sha256.to_string());
        }
        Kind::Symlink(target) => line.target = Some(crate::rootfs::escaped(target)),
        Kind::HardLink(target) => line.target = Some(target.to_string()),
        Kind::Directory | Kind::Fifo => {}
    }
    line
}

/// What `.manifest.json` says besides the entries. Paths, link targets and names of extended attributes are escaped as
/// in messages (`\xNN` for bytes that are not text, a backslash doubled); values of extended attributes are hex.
#[derive(Debug, Serialize)]
pub struct Manifest<'a> {
    /// The version of this format.
    pub manifest: u32,
    /// The image's file, or files, without a directory.
    pub image: &'a [String],
    /// What Incus will call it.
    pub fingerprint: String,
    /// The digest of the listing.
    pub rootfs_digest: String,
    /// The release.
    pub release: String,
    /// The layout's image name.
    pub layout: &'a str,
    /// Seconds since 1970.
    pub epoch: u64,
    /// Files that may hold what looks like a secret, by their paths; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_secrets: Vec<Allowed<'a>>,
}

/// A file that may hold what looks like a secret.
#[derive(Debug, Serialize)]
pub struct Allowed<'a> {
    /// Where.
    pub path: String,
    /// Why.
    pub reason: &'a str,
}

impl<'a> From<&'a AllowedSecret> for Allowed<'a> {
    fn from(allowed: &'a AllowedSecret) -> Self {
        Self { path: allowed.path.value.to_string(), reason: &allowed.reason }
    }
}

impl Manifest<'_> {
    /// The version of this format.
    pub const VERSION: u32 = 1;

    /// Writes the manifest with an entry a line, so that two can be compared by `diff`.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, listing: &Listing<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let head = serde_json::to_string(self)?;
        writeln!(out, "{},\"entries\":[", head.trim_end_matches('}'))?;
        let mut entries = listing.tree.iter().peekable();
        while let Some((path, entry)) = entries.next() {
            serde_json::to_writer(&mut out, &line(path, entry))?;
            out.write_all(if entries.peek().is_some() { b",\n" } else { b"\n" })?;
        }
        writeln!(out, "]}}")?;
        out.flush()
    }
}
