//! The manifest: every entry of the image's root file system, and the digest of them all.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where it is, escaped as in messages.
    pub path: String,
    /// `directory`, `file`, `symlink`, `hardlink` or `fifo`.
    pub r#type: &'static str,
    /// Such as `0644`.
    pub mode: String,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: u64,
    /// Bytes, of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of a file's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where a link leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Extended attributes, their values in hex.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub xattrs: std::collections::BTreeMap<String, String>,
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
            serde_json::to_writer(&mut text, &Line::of(path, entry))?;
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
    tree.iter().map(|(path, entry)| serde_json::to_string(&Line::of(path, entry)))
}

impl Line {
    /// The line of an entry.
    pub fn of(path: &TargetPath, entry: &Entry<Summary>) -> Self {
        let metadata = &entry.metadata;
        let mut line = Self {
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
}

/// What `.manifest.json` says besides the entries. Paths, link targets and names of extended attributes are escaped as
/// in messages (`\xNN` for bytes that are not text, a backslash doubled); values of extended attributes are hex.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format.
    pub manifest: u32,
    /// The image's file, or files, without a directory.
    pub image: Vec<String>,
    /// What Incus will call it.
    pub fingerprint: String,
    /// The digest of the listing.
    pub rootfs_digest: String,
    /// The release.
    pub release: String,
    /// The layout's image name.
    pub layout: String,
    /// Seconds since 1970.
    pub epoch: u64,
    /// Files that may hold what looks like a secret, by their paths; left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_secrets: Vec<Allowed>,
}

/// A file that may hold what looks like a secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// Where.
    pub path: String,
    /// What was found there, such as `private key`: sorted, each once.
    #[serde(default)]
    pub kinds: BTreeSet<String>,
    /// Why.
    pub reason: String,
}

impl Allowed {
    /// What a layout allows, where these kinds are found.
    pub fn new(allowed: &AllowedSecret, kinds: BTreeSet<String>) -> Self {
        Self { path: allowed.path.value.to_string(), kinds, reason: allowed.reason.clone() }
    }
}

/// What stands between the head and the entries.
const ENTRIES: &str = ",\"entries\":[";
/// The last line.
const END: &str = "]}";
/// The longest line that is read, in bytes: two paths of 4,096 bytes, escaped, and extended attributes of 64 kB in hex.
const LONGEST_LINE: u64 = 1 << 20;

impl Manifest {
    /// The version of this format.
    pub const VERSION: u32 = 1;

    /// Writes the manifest with an entry a line, so that two can be compared by `diff`.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, listing: &Listing<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let head = serde_json::to_string(self)?;
        writeln!(out, "{}{ENTRIES}", head.strip_suffix('}').unwrap_or(&head))?;
        let mut entries = listing.tree.iter().peekable();
        while let Some((path, entry)) = entries.next() {
            serde_json::to_writer(&mut out, &Line::of(path, entry))?;
            out.write_all(if entries.peek().is_some() { b",\n" } else { b"\n" })?;
        }
        writeln!(out, "{END}")?;
        out.flush()
    }

    /// Reads a manifest back, and gives every entry's line, as [`lines`] makes it, to `take`.
    ///
    /// # Errors
    /// The reader's; it is no manifest, or a line of it is longer than any that is written.
    pub fn read(input: &mut dyn BufRead, take: &mut dyn FnMut(&str)) -> io::Result<Self> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut line = String::new();
        let mut next = || {
            line.clear();
            Read::take(&mut *input, LONGEST_LINE).read_line(&mut line)?;
            let whole =
                line.strip_suffix('\n').ok_or_else(|| wrong("it ends within a line, or has one of over 1 MiB"))?;
            Ok::<_, io::Error>(whole.to_owned())
        };
        let head = next()?;
        let head = head.strip_suffix(ENTRIES).ok_or_else(|| wrong("its first line is none of a manifest"))?;
        let head: Self = serde_json::from_str(&format!("{head}}}"))?;
        if head.manifest != Self::VERSION {
            return Err(wrong(&format!("it is of version {}, and not {}", head.manifest, Self::VERSION)));
        }
        loop {
            match next()?.as_str() {
                END => break,
                entry => take(entry.strip_suffix(',').unwrap_or(entry)),
            }
        }
        match input.fill_buf()?.is_empty() {
            true => Ok(head),
            false => Err(wrong("something follows its end")),
        }
    }
}
