//! What is different between two locks.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Lock;
use crate::debian::{Package, Version};

/// A package that one lock has and the other has not, or has in another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its name.
    pub package: String,
    /// The version before; none for a package that comes in.
    pub from: Option<String>,
    /// The version after; none for a package that goes.
    pub to: Option<String>,
    /// The suite after; none for a package that goes.
    pub suite: Option<String>,
    /// Whether the new version comes from a security suite.
    pub security: bool,
    /// Whether the file is the same, and only its place is another.
    #[serde(skip)]
    moved: bool,
}

impl Lock {
    /// The changes from this lock to a newer one, by name.
    pub fn changes(&self, newer: &Self) -> Vec<Change> {
        let mut pairs: BTreeMap<&str, (Option<&Package>, Option<&Package>)> = BTreeMap::new();
        for package in &self.packages {
            pairs.entry(&package.name).or_default().0 = Some(package);
        }
        for package in &newer.packages {
            pairs.entry(&package.name).or_default().1 = Some(package);
        }
        let changed = pairs.into_iter().filter(|(_, (old, new))| match (old, new) {
            // A package may move to another suite, and be gone from the first.
            (Some(old), Some(new)) => old != new,
            _ => true,
        });
        let text = |version: &Version| version.to_string();
        let change = |(name, (old, new)): (&str, (Option<&Package>, Option<&Package>))| Change {
            package: name.to_owned(),
            from: old.map(|package| text(&package.version)),
            to: new.map(|package| text(&package.version)),
            suite: new.map(|package| package.suite.clone()),
            moved: old.zip(new).is_some_and(|(old, new)| old.sha256 == new.sha256),
            security: new.is_some_and(|package| package.suite.ends_with("-security")),
        };
        changed.map(change).collect()
    }
}

/// One line: `libssl3 3.0.15-1~deb12u1 → 3.0.17-1~deb12u2 (security)`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, from, to, suite, security, moved } = self;
        match (from, to) {
            (_, Some(to)) if *moved => write!(f, "{package} {to}, now of {}", suite.as_deref().unwrap_or_default())?,
            (Some(from), Some(to)) if from == to => write!(f, "{package} {to}, other content")?,
            (Some(from), Some(to)) => write!(f, "{package} {from} → {to}")?,
            (None, Some(to)) => write!(f, "{package} {to}, new")?,
            (Some(from), None) => write!(f, "{package} {from}, gone")?,
            (None, None) => f.write_str(package)?,
        }
        if *security { f.write_str(" (security)") } else { Ok(()) }
    }
}
