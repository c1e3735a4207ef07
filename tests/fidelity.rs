//! Is what vezaimg makes of packages what Debian's own tools make of them? Two tars, entry by entry.
//!
//! ```text
//! ours   ─▶ Tree ─╮
//! oracle ─▶ Tree ─┴▶ differences ─▶ judged by differences.txt
//! ```
//!
//! Times are not compared. Owners are compared by name, through each tree's own `passwd` and `group`: numbers that Debian
//! does not fix are others here.

mod accepted;
mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use accepted::Accepted;
use tree::{Entry, Tree};

/// One field of one path that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    path: String,
    field: &'static str,
    ours: String,
    oracle: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, field, ours, oracle } = self;
        write!(f, "{path} | {field} | ours {ours}, the oracle's {oracle}")
    }
}

/// The differences between a tar of ours and one that Debian's tools made of the same packages and, so that scripts can
/// run, some more: paths that only those have are not compared.
pub(crate) fn differences(ours: &Path, oracle: &Path) -> Vec<Difference> {
    let (ours, oracle) = (Tree::read(ours), Tree::read(oracle));
    let foreign = foreign(&ours, &oracle);
    let paths: BTreeSet<_> = ours.entries.keys().chain(oracle.entries.keys()).collect();
    let compared = paths.into_iter().filter(|path| !foreign.contains(*path));
    compared.flat_map(|path| difference(path, ours.entries.get(path), oracle.entries.get(path))).collect()
}

/// What is said of several sets of packages: differences that nobody has accepted, and acceptances that no set needs.
pub(crate) fn verdict(sets: &[Vec<Difference>]) -> String {
    accepted::verdict(sets, &Accepted::all(include_str!("fidelity/differences.txt")))
}

/// Paths of the oracle that belong to packages, none of which we have.
fn foreign(ours: &Tree, oracle: &Tree) -> BTreeSet<String> {
    let mut has_owner: BTreeMap<&str, bool> = BTreeMap::new();
    for (package, paths) in &oracle.packages {
        for path in paths {
            *has_owner.entry(path).or_default() |= ours.packages.contains_key(package);
        }
    }
    has_owner.into_iter().filter(|(_, ours)| !ours).map(|(path, _)| path.to_owned()).collect()
}

fn difference(path: &str, ours: Option<&Entry>, oracle: Option<&Entry>) -> Vec<Difference> {
    let one = |field, ours: &str, oracle: &str| {
        let [path, ours, oracle] = [path, ours, oracle].map(str::to_owned);
        Difference { path, field, ours, oracle }
    };
    let (ours, oracle) = match (ours, oracle) {
        (Some(ours), Some(oracle)) => (ours, oracle),
        (Some(ours), None) => return vec![one("extra", ours.kind, "nothing")],
        (None, Some(oracle)) => return vec![one("missing", "nothing", oracle.kind)],
        (None, None) => return Vec::new(),
    };
    if ours.kind != oracle.kind {
        return vec![one("type", ours.kind, oracle.kind)];
    }
    let fields = [
        ("mode", &ours.mode, &oracle.mode),
        ("owner", &ours.owner, &oracle.owner),
        ("target", &ours.target, &oracle.target),
        ("content", &ours.content, &oracle.content),
    ];
    fields.iter().filter(|(_, ours, oracle)| ours != oracle).map(|(field, a, b)| one(field, a, b)).collect()
}
