//! What a container holds that its image does not, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::container::{Container, Found, Question};
use super::{Check, counted};
use crate::incus::{Attributes, Client, Fingerprint, InstanceName};
use crate::interrupt::Interrupt;
use crate::rollout::contract::Contract;
use crate::rootfs::{Entry, Kind, Summary, TargetPath, Tree};
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
/// How many entries are asked about between two tellings of the progress.
const AT_ONCE: usize = 64;
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
        container: Container { client, name, interrupt },
        tree,
        skipped,
        kept: contract.keep.iter().map(|kept| kept.path.clone()).collect(),
        drift: Drift { instance: name.to_string(), ..Drift::default() },
        listener,
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
    container: Container<'a>,
    tree: &'a Tree<Summary>,
    skipped: BTreeSet<TargetPath>,
    kept: BTreeSet<TargetPath>,
    drift: Drift,
    listener: &'a dyn Listener,
}

impl Walk<'_> {
    /// Goes down level by level: what a directory holds is known before it is asked about.
    fn run(&mut self) -> Result<()> {
        let total = self.tree.len() as u64;
        let (mut level, mut seen, mut asked) = (vec![TargetPath::root()], BTreeSet::new(), 0);
        while !level.is_empty() {
            let mut below = Vec::new();
            for paths in level.chunks(AT_ONCE) {
                self.listener.event(Event::Progress { done: (asked as u64).min(total), total: Some(total) });
                asked += paths.len();
                if asked > MOST_ENTRIES {
                    let name = self.container.name;
                    return Err(Error::refused(format!("`{name}` holds more than {MOST_ENTRIES} entries")));
                }
                let questions = self.questions(paths, &mut seen);
                for (Question { path, .. }, found) in questions.iter().zip(self.container.ask(&questions)?) {
                    self.judge(path, found, &mut seen, &mut below);
                }
            }
            level = below;
        }
        let apart = |path: &TargetPath| self.kept.iter().chain(&self.skipped).any(|other| path.is_within(other));
        let gone = self.tree.iter().map(|(path, _)| path).filter(|path| !seen.contains(*path) && !apart(path));
        self.drift.missing = gone.map(ToString::to_string).collect();
        self.drift.added.sort_unstable();
        self.drift.state.sort_unstable();
        self.drift.kept.sort_unstable();
        Ok(())
    }

    /// What to ask about these; what is kept or skipped is not asked about.
    fn questions(&mut self, paths: &[TargetPath], seen: &mut BTreeSet<TargetPath>) -> Vec<Question> {
        let mut questions = Vec::new();
        for path in paths {
            let is_kept = self.kept.contains(path);
            if is_kept || self.skipped.contains(path) {
                seen.insert(path.clone());
                self.drift.kept.extend(is_kept.then(|| path.to_string()));
                continue;
            }
            let entry = self.entry(path);
            let size = match entry.map(|entry| &entry.kind) {
                Some(Kind::File(summary)) => Some(summary.size),
                _ => None,
            };
            questions.push(Question {
                path: path.clone(),
                size,
                is_entered: entry.map_or_else(|| self.is_made(path), |entry| matches!(entry.kind, Kind::Directory)),
            });
        }
        questions
    }

    /// What the image has at a path; a hard link has the content and the metadata of the file that it is a name of.
    fn entry(&self, path: &TargetPath) -> Option<&Entry<Summary>> {
        let entry = self.tree.get(path)?;
        match &entry.kind {
            Kind::HardLink(target) => self.tree.get(target),
            _ => Some(entry),
        }
    }

    /// Holds what was found at a path to the image.
    fn judge(&mut self, path: &TargetPath, found: Found, seen: &mut BTreeSet<TargetPath>, below: &mut Vec<TargetPath>) {
        let Some(entry) = self.entry(path) else {
            // Its directory lists it: what cannot be read by that name is there nevertheless.
            match found {
                Found::Directory { names, .. } if self.is_made(path) => enter(path, &names, below),
                _ => self.add(path),
            }
            return;
        };
        let Some((fields, names)) = fields(path, entry, found) else { return };
        seen.insert(path.clone());
        self.drift.compared += 1;
        enter(path, &names, below);
        if fields == ["content"] && path.is_within(&TargetPath::known(LOGS)) {
            self.drift.state.push(path.to_string());
        } else if !fields.is_empty() {
            self.drift.changed.insert(path.to_string(), fields);
        }
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
}

fn enter(path: &TargetPath, names: &[String], below: &mut Vec<TargetPath>) {
    below.extend(names.iter().filter_map(|name| path.join(name.as_bytes()).ok()));
}

/// The fields in which what was found differs from the image's, and what a directory holds; none where nothing is there.
fn fields(path: &TargetPath, entry: &Entry<Summary>, found: Found) -> Option<(Vec<&'static str>, Vec<String>)> {
    let mut fields = Vec::new();
    let mut below = Vec::new();
    match (&entry.kind, found) {
        (_, Found::Nothing) => return None,
        (Kind::File(summary), Found::File { attributes, content, .. }) => {
            fields.extend(owners(entry, attributes));
            fields.extend((content != Some(*summary)).then_some("content"));
        }
        // Incus tells no pipe from an empty file.
        (Kind::Fifo, Found::File { attributes, size: Some(0), .. }) => fields.extend(owners(entry, attributes)),
        (Kind::Directory, Found::Directory { attributes, names }) => {
            fields.extend(owners(entry, attributes));
            below = names;
        }
        (Kind::Symlink(target), Found::Symlink { target: found }) => {
            fields.extend((!same_target(path, target, &found)).then_some("target"));
        }
        _ => fields.push("type"),
    }
    Some((fields, below))
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
