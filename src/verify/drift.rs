//! What a running container holds that its image does not, and the other way round.
//!
//! Everything is read through Incus, which needs nothing inside the container: what runs there cannot lie about its files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Serialize;

use super::{Check, counted};
use crate::incus::{Attributes, Client, Fingerprint, InstanceName, Kind::Malformed, Node};
use crate::interrupt::Interrupt;
use crate::rollout::contract::Contract;
use crate::rootfs::{Digesting, Entry, Kind, Summary, TargetPath, Tree};
use crate::ui::{Event, Listener};
use crate::{Error, Result};

const CHECK: &str = "drift";

/// File systems that the container gets when it starts: nothing in them is of the image.
const MOUNTED: [&str; 5] = ["/dev", "/proc", "/run", "/sys", "/tmp"];
/// What Incus and systemd write at the first start of every container: names, identity, when `/etc` and `/var` were updated.
const WRITTEN_AT_START: [&str; 8] = [
    "/etc/hostname",
    "/etc/hosts",
    "/etc/machine-id",
    "/etc/mtab",
    "/etc/resolv.conf",
    "/etc/.pwd.lock",
    "/etc/.updated",
    "/var/.updated",
];
/// What systemd-tmpfiles makes at every start where it is not: what is in it is another matter.
const MADE_AT_START: &str = "/root/.ssh";
/// Where services write: what is added there is their state.
const STATE: &str = "/var";
/// Where they write into files that are there, too, such as `wtmp`.
const LOGS: &str = "/var/log";
/// The most entries that are read of a container.
const MOST_ENTRIES: usize = 500_000;

/// How a container's files differ from those of its image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Whose.
    pub instance: String,
    /// Entries that were compared.
    pub compared: usize,
    /// What is another than in the image, each with the fields that differ.
    pub changed: BTreeMap<String, Vec<&'static str>>,
    /// What the image holds, and the container does not.
    pub missing: Vec<String>,
    /// What the container holds, and the image does not; of a directory, itself alone.
    pub added: Vec<String>,
    /// The same below `/var`, where services write, and what has another content below `/var/log`.
    pub state: Vec<String>,
    /// What outlives a swap, and belongs to the instance: not compared.
    pub kept: Vec<String>,
}

/// Compares the files of an instance with the tree of its image.
///
/// # Errors
/// There is no such instance, it was made of another image, or it cannot be read; somebody asked to stop.
pub fn drift(
    client: &Client,
    name: &InstanceName,
    tree: &Tree<Summary>,
    contract: &Contract,
    fingerprint: Option<&Fingerprint>,
    listener: &dyn Listener,
    interrupt: &Interrupt,
) -> Result<(Check, Drift)> {
    let Some(instance) = client.instance(name)? else {
        return Err(Error::invalid(format!("there is no instance `{name}` on `{}`", client.remote()))
            .hint("`incus list` shows those of a project; `--project` names another one"));
    };
    let of = instance.image();
    if of.as_ref() != fingerprint {
        let found = of.map_or("no image".to_owned(), |it| format!("the image {}", it.short()));
        let none = Drift { instance: name.to_string(), ..Drift::default() };
        return Ok((Check::bad(CHECK, format!("`{name}` was made of {found}"), Vec::new()), none));
    }
    let known = |paths: &[&'static str]| paths.iter().map(|path| TargetPath::known(path)).collect::<BTreeSet<_>>();
    let mut skipped = known(&MOUNTED);
    skipped.extend(known(&WRITTEN_AT_START));
    let mut walk = Walk {
        client,
        name,
        tree,
        skipped,
        kept: contract.keep.iter().map(|kept| kept.path.clone()).collect(),
        drift: Drift { instance: name.to_string(), ..Drift::default() },
        listener,
        interrupt,
    };
    listener.event(Event::Stage(format!("reading the files of `{name}`")));
    walk.run()?;
    let drift = walk.drift;
    let faults = drift.faults();
    let more = match drift.state.len() {
        0 => String::new(),
        count => format!(", and {} of state below {STATE}", counted(count, "entry", "entries")),
    };
    let kept = match drift.kept.as_slice() {
        [] => String::new(),
        kept => format!("; kept, and not compared: {}", kept.join(", ")),
    };
    let found = format!("`{name}` has the image's {}{more}{kept}", counted(drift.compared, "entry", "entries"));
    match faults.is_empty() {
        true => Ok((Check::good(CHECK, found), drift)),
        false => Ok((Check::bad(CHECK, format!("`{name}` is not as its image"), faults), drift)),
    }
}

impl Drift {
    fn faults(&self) -> Vec<String> {
        let changed = self.changed.iter().map(|(path, fields)| format!("`{path}` has another {}", fields.join(", ")));
        let missing = self.missing.iter().map(|path| format!("`{path}` is gone"));
        let added = self.added.iter().map(|path| format!("`{path}` is not of the image"));
        changed.chain(missing).chain(added).collect()
    }
}

struct Walk<'a> {
    client: &'a Client,
    name: &'a InstanceName,
    tree: &'a Tree<Summary>,
    skipped: BTreeSet<TargetPath>,
    kept: BTreeSet<TargetPath>,
    drift: Drift,
    listener: &'a dyn Listener,
    interrupt: &'a Interrupt,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<()> {
        let total = self.tree.len() as u64;
        let mut open = vec![TargetPath::root()];
        let mut seen = BTreeSet::new();
        while let Some(path) = open.pop() {
            self.interrupt.check()?;
            let done = seen.len() as u64;
            self.listener.event(Event::Progress { done: done.min(total), total: Some(total) });
            if seen.len() >= MOST_ENTRIES {
                return Err(Error::refused(format!("`{}` holds more than {MOST_ENTRIES} entries", self.name)));
            }
            if self.skipped.contains(&path) {
                seen.insert(path);
                continue;
            }
            if self.kept.contains(&path) {
                self.drift.kept.push(path.to_string());
                seen.insert(path);
                continue;
            }
            let entry = self.tree.get(&path);
            let node = match self.client.read(self.name, &path) {
                // Of a socket or a device Incus says nothing that could be read.
                Err(failure) if failure.kind() == Malformed && entry.is_none() => None,
                node => node?,
            };
            let Some(node) = node else {
                // Its directory lists it: what cannot be read by that name is there nevertheless.
                if entry.is_none() {
                    self.add(&path);
                }
                continue;
            };
            match (entry, node) {
                (Some(entry), node) => self.compare(&path, entry, node, &mut open)?,
                (None, Node::Directory { names, .. }) if self.is_made(&path) => {
                    self.enter(&path, &names, &mut open);
                }
                (None, _) => self.add(&path),
            }
            seen.insert(path);
        }
        let apart = |path: &TargetPath| self.kept.iter().chain(&self.skipped).any(|other| path.is_within(other));
        let gone = self.tree.iter().map(|(path, _)| path).filter(|path| !seen.contains(*path) && !apart(path));
        self.drift.missing = gone.map(ToString::to_string).collect();
        self.drift.added.sort_unstable();
        self.drift.state.sort_unstable();
        self.drift.kept.sort_unstable();
        Ok(())
    }

    /// Whether a directory is there for something else: what is in it is looked at all the same.
    fn is_made(&self, path: &TargetPath) -> bool {
        let holds_kept = self.kept.iter().any(|kept| kept.is_within(path));
        path.is_root() || *path == TargetPath::known(MADE_AT_START) || holds_kept
    }

    fn add(&mut self, path: &TargetPath) {
        let is_state = path.is_within(&TargetPath::known(STATE));
        if is_state { &mut self.drift.state } else { &mut self.drift.added }.push(path.to_string());
    }

    fn enter(&self, path: &TargetPath, names: &[String], open: &mut Vec<TargetPath>) {
        open.extend(names.iter().filter_map(|name| path.join(name.as_bytes()).ok()));
    }

    fn compare(
        &mut self,
        path: &TargetPath,
        entry: &Entry<Summary>,
        node: Node,
        open: &mut Vec<TargetPath>,
    ) -> Result<()> {
        // A hard link has the content and the metadata of the file that it is a name of.
        let entry = match &entry.kind {
            Kind::HardLink(target) => self.tree.get(target).unwrap_or(entry),
            _ => entry,
        };
        let mut fields = Vec::new();
        let unread =
            |cause: std::io::Error| Error::failed(format!("cannot read `{path}` of `{}`", self.name)).cause(cause);
        match (&entry.kind, node) {
            (Kind::File(summary), Node::File { attributes, mut body, .. }) => {
                fields.extend(owners(entry, attributes));
                let read = Digesting::new(body.by_ref()).drain(summary.size.saturating_add(1)).map_err(unread)?;
                if read != *summary {
                    fields.push("content");
                }
            }
            (Kind::Directory, Node::Directory { attributes, names }) => {
                fields.extend(owners(entry, attributes));
                self.enter(path, &names, open);
            }
            (Kind::Symlink(target), Node::Symlink { target: found, .. }) => {
                if !same_target(path, target, &found) {
                    fields.push("target");
                }
            }
            _ => fields.push("type"),
        }
        self.drift.compared += 1;
        if fields == ["content"] && path.is_within(&TargetPath::known(LOGS)) {
            self.drift.state.push(path.to_string());
        } else if !fields.is_empty() {
            self.drift.changed.insert(path.to_string(), fields);
        }
        Ok(())
    }
}

/// Set-user-id, set-group-id and sticky bits Incus does not tell.
fn owners(entry: &Entry<Summary>, found: Attributes) -> impl Iterator<Item = &'static str> {
    let metadata = &entry.metadata;
    let fields = [
        ("uid", metadata.uid != found.uid),
        ("gid", metadata.gid != found.gid),
        ("mode", metadata.mode.bits() & 0o777 != found.mode),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field)
}

/// Incus makes a relative target absolute: the directory of the link before it.
fn same_target(link: &TargetPath, target: &[u8], found: &[u8]) -> bool {
    if target.starts_with(b"/") {
        return plain(target) == plain(found);
    }
    let directory = link.parent().unwrap_or_else(TargetPath::root);
    let absolute = [b"/", directory.as_relative(), b"/", target].concat();
    target == found || plain(&absolute) == plain(found)
}

/// The parts of a path without `.`, and `..` taken with what stands before it.
fn plain(path: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_target_is_the_same_as_the_absolute_one_that_incus_tells() {
        let link = TargetPath::known("/etc/systemd/system/a.service");
        assert!(same_target(&link, b"../b.service", b"/etc/systemd/b.service"));
        assert!(same_target(&link, b"../b.service", b"../b.service"));
        assert!(same_target(&link, b"/dev/null", b"/dev/null"));
        assert!(!same_target(&link, b"../b.service", b"/etc/b.service"));
        assert!(!same_target(&link, b"/b", b"/c"));
    }
}
