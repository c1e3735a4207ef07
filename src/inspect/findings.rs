//! What deserves a second look: what gains rights, what anybody may write, and what is large.

use serde::Serialize;

use super::{Contents, capabilities};
use crate::rootfs::{Entry, Kind, Summary, TargetPath};

/// How many of the largest files are told.
const LARGEST: usize = 10;

/// What deserves a second look, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Files that run as their owner or group, whoever starts them.
    pub set_id: Vec<Special>,
    /// Files that are started with capabilities.
    pub capabilities: Vec<Capable>,
    /// What anybody may write, but directories in which only owners may remove, such as `/tmp`.
    pub world_writable: Vec<Special>,
    /// The largest files, the largest first.
    pub largest: Vec<Large>,
}

/// An entry with its mode and owners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Special {
    /// Where it is.
    pub path: String,
    /// Such as `4755`.
    pub mode: String,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// A file with capabilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capable {
    /// Where it is.
    pub path: String,
    /// Such as `cap_net_bind_service=ep`; the value in hex where it is of no known version.
    pub capabilities: String,
}

/// A large file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Large {
    /// Where it is.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

impl Findings {
    pub(super) fn of(contents: &Contents) -> Self {
        let mut findings = Self::default();
        let mut sizes = Vec::new();
        for (path, entry) in contents.tree.iter() {
            // Rights are the file's, whichever of its names it is started by.
            let entry = match &entry.kind {
                Kind::HardLink(first) => contents.tree.get(first).unwrap_or(entry),
                Kind::File(summary) => {
                    sizes.push((summary.size, path));
                    entry
                }
                _ => entry,
            };
            let mode = entry.metadata.mode.bits();
            if mode & 0o6000 != 0 && matches!(entry.kind, Kind::File(_)) {
                findings.set_id.push(Special::of(path, entry));
            }
            let is_guarded = entry.kind == Kind::Directory && mode & 0o1000 != 0;
            if mode & 0o002 != 0 && !is_guarded && !matches!(entry.kind, Kind::Symlink(_) | Kind::HardLink(_)) {
                findings.world_writable.push(Special::of(path, entry));
            }
            if let Some(value) = entry.metadata.xattrs.get(b"security.capability".as_slice()) {
                let capabilities = capabilities::text_or_hex(value);
                findings.capabilities.push(Capable { path: path.to_string(), capabilities });
            }
        }
        sizes.sort_unstable_by(|(a, first), (b, second)| b.cmp(a).then(first.cmp(second)));
        let large = |(size, path): (u64, &TargetPath)| Large { path: path.to_string(), size };
        findings.largest = sizes.into_iter().take(LARGEST).map(large).collect();
        findings
    }
}

impl Special {
    fn of(path: &TargetPath, entry: &Entry<Summary>) -> Self {
        let metadata = &entry.metadata;
        Self { path: path.to_string(), mode: metadata.mode.to_string(), uid: metadata.uid, gid: metadata.gid }
    }
}
