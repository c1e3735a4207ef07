//! Every path that is another, and in what.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Change;
use crate::inspect::capabilities_text;
use crate::release::Line;
use crate::rootfs::{Entry, Summary, TargetPath, Tree, hex};

/// The paths that are not the same in both, in byte order.
#[derive(Debug, Default, Serialize)]
pub struct Paths {
    /// What the new image alone has, as its manifest would have it.
    pub added: Vec<Line>,
    /// What the old image alone has.
    pub removed: Vec<Line>,
    /// What both have, and not alike.
    pub changed: Vec<ChangedPath>,
}

/// A path that both have, and not alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedPath {
    /// Where it is.
    pub path: String,
    /// What is different about it: `type`, `mode`, `uid`, `gid`, `mtime`, `size`, `content` (its sha256), `target`, and
    /// extended attributes by their full names.
    pub fields: Vec<Change>,
}

impl ChangedPath {
    /// Whether only the modification time is another.
    pub fn is_time_alone(&self) -> bool {
        self.fields.iter().all(|field| field.name == "mtime")
    }
}

impl Paths {
    pub(super) fn between(old: &Tree<Summary>, new: &Tree<Summary>) -> Self {
        let only = |these: &Tree<Summary>, those: &Tree<Summary>| {
            let only = these.iter().filter(|(path, _)| those.get(path).is_none());
            only.map(|(path, entry)| Line::of(path, entry)).collect()
        };
        let both = old.iter().filter_map(|(path, entry)| Some((path, entry, new.get(path)?)));
        let changed = both.filter(|(_, from, to)| from != to).map(|(path, from, to)| changed(path, from, to));
        Self { added: only(new, old), removed: only(old, new), changed: changed.collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn changed(path: &TargetPath, old: &Entry<Summary>, new: &Entry<Summary>) -> ChangedPath {
    let fields = |entry: &Entry<Summary>| {
        let Line { r#type, mode, uid, gid, mtime, size, sha256, target, path: _, xattrs: _ } = Line::of(path, entry);
        [
            ("type", Some(r#type.to_owned())),
            ("mode", Some(mode)),
            ("uid", Some(uid.to_string())),
            ("gid", Some(gid.to_string())),
            ("mtime", Some(mtime.to_string())),
            ("size", size.map(|size| size.to_string())),
            ("content", sha256),
            ("target", target),
        ]
    };
    let pairs = fields(old).into_iter().zip(fields(new));
    let fields = pairs.filter_map(|((name, from), (_, to))| Change::of(name, from, to));
    ChangedPath { path: path.to_string(), fields: fields.chain(xattrs(old, new)).collect() }
}

fn xattrs(old: &Entry<Summary>, new: &Entry<Summary>) -> Vec<Change> {
    let (old, new) = (&old.metadata.xattrs, &new.metadata.xattrs);
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let text = |value: &Vec<u8>| match name.as_slice() {
            b"security.capability" => capabilities_text(value),
            _ => hex(value),
        };
        Change::of(&name.escape_ascii().to_string(), old.get(name).map(text), new.get(name).map(text))
    });
    changes.collect()
}
