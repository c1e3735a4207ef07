//! Files whose content tells of the whole: what is installed, who is there, what is started.

use std::collections::BTreeMap;

use super::contents::Unread;
use super::service::DIRECTORIES;
use crate::rootfs::{Entry, Kind, Resolved, Summary, TargetPath, Tree};

/// The longest text that is kept, in bytes: dpkg's list of 3,000 packages has 4 MB.
const LONGEST: u64 = 16 << 20;
/// The most that all texts may have together, in bytes.
const MOST: u64 = 64 << 20;
/// The most links that are followed to texts; Debian's full desktop has some 300 among its units.
const MOST_LINKS: usize = 1_000;

/// The accounts, the packages, and the system's name.
const FILES: [&str; 5] =
    ["/var/lib/dpkg/status", "/etc/passwd", "/etc/group", "/etc/os-release", "/usr/lib/os-release"];
/// Lists of a file a package.
const PARTS: &str = "/var/lib/dpkg/status.d";

/// Files that tell, links followed.
#[derive(Default)]
pub(super) struct Telling {
    /// Their sizes.
    pub(super) files: BTreeMap<TargetPath, u64>,
    /// What is told of no further.
    pub(super) unread: Vec<Unread>,
    links: usize,
}

/// Why a text of so many bytes is not kept beside others of so many.
pub(super) fn refusal(size: u64, kept: u64) -> Option<&'static str> {
    match size {
        ..=LONGEST if kept.saturating_add(size) <= MOST => None,
        ..=LONGEST => Some("would make texts of more than 64 MiB"),
        _ => Some("is longer than 16 MiB"),
    }
}

/// Whether a path tells by itself, as most do: no link is on the way.
pub(super) fn tells(path: &TargetPath) -> bool {
    let path = path.as_relative();
    let behind = |known: &str| path.strip_prefix(known.trim_start_matches('/').as_bytes());
    let is_below = |directory: &str| behind(directory).is_some_and(|rest| rest.starts_with(b"/"));
    FILES.into_iter().any(|file| behind(file) == Some(b""))
        || is_below(PARTS)
        || (is_unit(path) && DIRECTORIES.into_iter().any(is_below))
}

/// All files that tell.
pub(super) fn telling(tree: &Tree<Summary>) -> Telling {
    let mut telling = Telling::default();
    for file in FILES {
        telling.follow(tree, &TargetPath::known(file));
    }
    for directory in [PARTS].into_iter().chain(DIRECTORIES) {
        let Some(found) = directory_at(tree, &TargetPath::known(directory)) else { continue };
        for (path, entry) in tree.below(&found) {
            let tells = directory == PARTS || is_unit(path.as_relative());
            match &entry.kind {
                Kind::File(summary) if tells => drop(telling.files.insert(path.clone(), summary.size)),
                Kind::HardLink(_) if tells => telling.follow(tree, path),
                // What is started has its unit elsewhere.
                Kind::Symlink(_) if tells && !is_wanted(path) => telling.follow(tree, path),
                Kind::Symlink(_) if path.as_relative().ends_with(b".d") && telling.counts(path) => {
                    for name in names_in(tree, path).into_iter().filter(|name| is_unit(name)) {
                        path.join(&name).iter().for_each(|drop_in| telling.follow(tree, drop_in));
                    }
                }
                _ => {}
            }
        }
    }
    telling
}

/// What is in a directory, links to it followed: the names in it, in byte order.
pub(super) fn names_in(tree: &Tree<Summary>, directory: &TargetPath) -> Vec<Vec<u8>> {
    let Some(found) = directory_at(tree, directory) else { return Vec::new() };
    tree.inside(&found).map(|(path, _)| path.name().to_vec()).collect()
}

/// The packages' lists, links followed.
pub(super) fn package_lists(tree: &Tree<Summary>) -> Vec<TargetPath> {
    let parts = TargetPath::known(PARTS);
    let names = names_in(tree, &parts);
    let parts = names.iter().filter_map(|name| parts.join(name).ok());
    [TargetPath::known(FILES[0])].into_iter().chain(parts).collect()
}

impl Telling {
    /// Whether one more link may be followed.
    fn counts(&mut self, path: &TargetPath) -> bool {
        self.links += 1;
        if self.links == MOST_LINKS + 1 {
            self.unread.push(Unread { path: path.to_string(), why: "is behind more than 1,000 links" });
        }
        self.links <= MOST_LINKS
    }

    fn follow(&mut self, tree: &Tree<Summary>, path: &TargetPath) {
        if !self.counts(path) {
            return;
        }
        if let Resolved::Entry(found, Entry { kind: Kind::File(summary), .. }) = tree.resolve(path) {
            self.files.insert(found, summary.size);
        }
    }
}

fn directory_at(tree: &Tree<Summary>, path: &TargetPath) -> Option<TargetPath> {
    match tree.resolve(path) {
        Resolved::Entry(found, Entry { kind: Kind::Directory, .. }) => Some(found),
        _ => None,
    }
}

fn is_unit(name: &[u8]) -> bool {
    name.ends_with(b".service") || name.ends_with(b".conf")
}

fn is_wanted(path: &TargetPath) -> bool {
    path.parent().is_some_and(|parent| parent.name().ends_with(b".wants") || parent.name().ends_with(b".requires"))
}
