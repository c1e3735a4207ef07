//! Debian packages, with the way that their versions went.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::Change;
use super::change::changes;
use crate::debian::Version;
use crate::inspect::Package;

/// A package that one image has and the other has not, or has in another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageChange {
    /// Its name.
    pub name: String,
    /// Such as `amd64`, or `all`. A package of another architecture is another package.
    pub architecture: String,
    /// The version in the old image; none for a package that comes in.
    pub from: Option<String>,
    /// The version in the new image; none for a package that goes.
    pub to: Option<String>,
    /// Which way the version went, by deb-version(7); none where there is no way to tell.
    pub direction: Option<Direction>,
}

/// Which way a version went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To a newer one.
    Upgrade,
    /// To an older one.
    Downgrade,
}

/// One line: `libssl3 3.0.15-1~deb12u1 → 3.0.17-1~deb12u2`; of what comes or goes with the architecture.
impl fmt::Display for PackageChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, architecture, from, to, direction } = self;
        let name = if from.is_some() && to.is_some() { name.clone() } else { format!("{name}:{architecture}") };
        write!(f, "{}", Change { name, from: from.clone(), to: to.clone() })?;
        if *direction == Some(Direction::Downgrade) { f.write_str(", downgrade") } else { Ok(()) }
    }
}

/// The changes by name and architecture.
pub(super) fn changes_of(old: &[Package], new: &[Package]) -> Vec<PackageChange> {
    // Neither may have a space; names sort before all that they are the beginning of.
    let named = |packages: &[Package]| {
        let pairs = packages.iter().map(|it| (format!("{} {}", it.name, it.architecture), it.version.clone()));
        pairs.collect::<Vec<_>>()
    };
    changes(named(old), named(new)).into_iter().map(package).collect()
}

fn package(change: Change) -> PackageChange {
    let Change { name, from, to } = change;
    let (name, architecture) = name.rsplit_once(' ').unwrap_or((&name, ""));
    let version = |text: &Option<String>| text.as_deref().and_then(Version::parse);
    let order = version(&from).zip(version(&to)).map(|(from, to)| from.cmp(&to));
    PackageChange {
        name: name.to_owned(),
        architecture: architecture.to_owned(),
        direction: match order {
            Some(Ordering::Less) => Some(Direction::Upgrade),
            Some(Ordering::Greater) => Some(Direction::Downgrade),
            Some(Ordering::Equal) | None => None,
        },
        from,
        to,
    }
}
