//! Giving room back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::entries::{Kind, StoreEntry};
use super::{Store, Usage, record, try_lock};
use crate::{Error, Result};

/// How long to wait for those who use the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// What has not been used for that long; none for everything.
    pub unused_for: Option<Duration>,
    /// Only tell.
    pub dry_run: bool,
}

/// What went, or would, and what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// What went.
    pub removed: Usage,
    /// What is left; what the store did not make is never removed.
    pub kept: Usage,
}

impl Store {
    /// Removes objects and records that were not used for some time, downloads that nobody makes any more, and records
    /// that are damaged or lead to an object that is not there.
    ///
    /// # Errors
    /// [`Refused`](crate::error::Class::Refused) while somebody else uses the store, unless this only tells; or it
    /// cannot be read or written to.
    pub fn prune(&self, pruning: &Pruning) -> Result<Pruned> {
        if pruning.dry_run {
            return self.prune_alone(pruning);
        }
        let outcome = self.wait_alone(PATIENCE).and_then(|()| self.prune_alone(pruning));
        self.share().map_err(|cause| self.unread(&cause))?;
        outcome
    }

    fn prune_alone(&self, pruning: &Pruning) -> Result<Pruned> {
        let entries = self.entries().map_err(|cause| self.unread(&cause))?;
        let now = SystemTime::now();
        let is_unused = |entry: &StoreEntry| {
            let age = now.duration_since(entry.used).unwrap_or_default();
            pruning.unused_for.is_none_or(|limit| age >= limit)
        };
        let is_kept = |entry: &&StoreEntry| !is_unused(entry);
        let objects: BTreeSet<Kind> = entries.values().filter(is_kept).map(|entry| entry.kind).collect();
        let mut pruned = Pruned::default();
        for (path, entry) in &entries {
            let goes = match entry.kind {
                Kind::Object(_) => is_unused(entry),
                Kind::Record => is_unused(entry) || leads_nowhere(path, &objects),
                Kind::Partial => is_orphan(path),
                Kind::Unknown => false,
            };
            if goes && !pruning.dry_run {
                fs::remove_file(path).map_err(|cause| self.unwritten(&cause))?;
            }
            let side = if goes { &mut pruned.removed } else { &mut pruned.kept };
            *side.of(entry.kind) += entry.size;
        }
        Ok(pruned)
    }

    /// Waits until nobody else uses the store.
    fn wait_alone(&self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            if self.try_alone().map_err(|cause| self.unwritten(&cause))? {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let users = self.lock.as_ref().map(users).unwrap_or_default();
                let users = if users.is_empty() { "another vezaimg".to_owned() } else { users.join(", ") };
                return Err(Error::refused(format!("the store `{}` is in use by {users}", self.directory.display()))
                    .hint("wait until it has ended"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether a record is damaged, or leads to an object that is not kept.
fn leads_nowhere(path: &Path, objects: &BTreeSet<Kind>) -> bool {
    match record::read(path) {
        Ok(Some((_, content))) => record::objects_of(&content).any(|sha256| !objects.contains(&Kind::Object(sha256))),
        // What cannot be read now may be later.
        outcome => outcome.is_ok(),
    }
}

/// Whether nobody writes to a partial file.
fn is_orphan(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| try_lock(&file).unwrap_or(false))
}

/// The processes that hold a lock, as far as the kernel tells: proc_locks(5).
fn users(lock: &File) -> Vec<String> {
    let Ok(metadata) = lock.metadata() else { return Vec::new() };
    let device = metadata.dev();
    let id = format!("{:02x}:{:02x}:{}", rustix::fs::major(device), rustix::fs::minor(device), metadata.ino());
    let own = std::process::id().to_string();
    let holder = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            [_, "FLOCK", _, _, pid, file, ..] if file == id && pid != own => named(pid),
            _ => None,
        }
    };
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().filter_map(holder).collect::<BTreeSet<_>>().into_iter().collect()
}

/// None for one that has ended, and left its lock to a child.
fn named(pid: &str) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("`{}` (process {pid})", crate::rootfs::escaped(name.trim_ascii_end())))
}
