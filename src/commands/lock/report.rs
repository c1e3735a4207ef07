//! What a new lock changes, told.

use serde::Serialize;

use crate::lock::{Change, Lock};
use crate::ui::{Bytes, Console};
use crate::{Error, Result};

const UNCHANGED: &str = "the archive has nothing newer";

/// A new lock beside the one that was there.
pub(super) struct Report<'a> {
    name: String,
    /// What makes the new one.
    command: String,
    old: Option<&'a Lock>,
    new: &'a Lock,
    changes: Vec<Change>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Object<'a> {
    /// The lock's path.
    lock: &'a str,
    /// Whether the lock that was there says all of this already.
    current: bool,
    /// Packages that the new one pins.
    packages: usize,
    /// Bytes of their `.deb`s.
    size: u64,
    /// Seconds since 1970.
    epoch: u64,
    /// What is different, package by package.
    changes: &'a [Change],
}

impl<'a> Report<'a> {
    pub(super) fn new(name: String, command: String, old: Option<&'a Lock>, new: &'a Lock) -> Self {
        let changes = old.map(|old| old.changes(new)).unwrap_or_default();
        Self { name, command, old, new, changes }
    }

    /// Whether the lock that was there is as good as the new one. A suite is signed anew several times a day: without a
    /// change in what it offers, that is no news.
    pub(super) fn is_current(&self) -> bool {
        self.old.is_some_and(|old| old.base == self.new.base && old.architecture == self.new.architecture)
            && self.changes.is_empty()
    }

    /// Tells what a new lock would change.
    ///
    /// # Errors
    /// It would change something.
    pub(super) fn check(&self, json: bool, console: &Console) -> Result<()> {
        if json {
            console.json(&self.object())?;
        } else {
            console.end_stage();
            self.changes.iter().try_for_each(|change| console.result(&change.to_string()))?;
        }
        let name = &self.name;
        let error = match (self.old, self.changes.len()) {
            _ if self.is_current() => {
                if !json {
                    console.detail("unchanged", UNCHANGED);
                }
                return Ok(());
            }
            (None, _) => Error::failed(format!("there is no `{name}` yet")),
            (Some(old), _) if old.base != self.new.base => {
                Error::failed(format!("`{name}` was made from another [base] than the layout has now"))
            }
            (Some(old), _) if old.architecture != self.new.architecture => {
                let (old, new) = (&old.architecture, &self.new.architecture);
                Error::failed(format!("`{name}` is for `{old}`, and the layout for `{new}`"))
            }
            (Some(_), 1) => Error::failed(format!("`{name}` is behind the archive by 1 package")),
            (Some(_), n) => Error::failed(format!("`{name}` is behind the archive by {n} packages")),
        };
        Err(error.hint(format!("run `{}`, and review what it changes", self.command)))
    }

    /// Tells what was written.
    ///
    /// # Errors
    /// Stdout cannot be written to.
    pub(super) fn tell(&self, json: bool, console: &Console) -> Result<()> {
        if json {
            return console.json(&self.object());
        }
        console.end_stage();
        self.changes.iter().for_each(|change| console.detail("change", &change.to_string()));
        let lock = if self.is_current() { self.old.unwrap_or(self.new) } else { self.new };
        let (packages, size) = (lock.packages.len(), Bytes(size(lock)));
        console.detail("packages", &format!("{packages}, {size}, as of {}", lock.epoch));
        if self.is_current() {
            console.detail("unchanged", UNCHANGED);
        }
        console.result(&self.name)
    }

    fn object(&self) -> Object<'_> {
        let Self { name, new, changes, .. } = self;
        Object {
            lock: name,
            current: self.is_current(),
            packages: new.packages.len(),
            size: size(new),
            epoch: new.epoch.seconds(),
            changes,
        }
    }
}

fn size(lock: &Lock) -> u64 {
    lock.packages.iter().map(|package| package.size).sum()
}
