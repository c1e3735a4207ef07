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
mod sets;
mod tests;
mod tree;

use std::collections::BTreeSet;
use std::fmt;

use accepted::Accepted;
use tree::{Entry, Package, Tree};

/// One field of one path that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
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

/// What was found in one set of packages.
#[derive(Debug)]
struct Comparison {
    /// What is installed in ours.
    packages: BTreeSet<String>,
    differences: Vec<Difference>,
}

/// Compares a tree of ours with one that Debian's tools made of the same packages and, so that scripts can run, some
/// more: of those neither the paths nor what dpkg says about them is compared.
fn compare(mut ours: Tree, mut oracle: Tree) -> Comparison {
    let both = ours.entries.keys().filter(|path| oracle.entries.contains_key(*path)).cloned().collect();
    ours.list_what_is_in(&both);
    oracle.list_what_is_in(&both);
    let foreign = foreign(&ours, &oracle);
    let paths: BTreeSet<_> = ours.entries.keys().chain(oracle.entries.keys()).collect();
    let compared = paths.into_iter().filter(|path| !foreign.contains(path.as_str()));
    let mut differences: Vec<_> =
        compared.flat_map(|path| difference(path, ours.entries.get(path), oracle.entries.get(path))).collect();
    differences.retain(|found| found.path != STATUS || found.field != "content");
    let names = ours.names();
    let (status, expected) = (ours.status(&names), oracle.status(&names));
    if status != expected {
        let [path, ours, oracle] = [STATUS, &status, &expected].map(str::to_owned);
        differences.push(Difference { path, field: "content", ours, oracle });
    }
    Comparison { packages: names.into_iter().map(str::to_owned).collect(), differences }
}

const STATUS: &str = "/var/lib/dpkg/status";

/// What is said of several sets of packages: differences that nobody has accepted, and acceptances that no set needs.
fn verdict(sets: &[Comparison]) -> String {
    accepted::verdict(sets, &Accepted::all(include_str!("fidelity/differences.txt")))
}

/// Paths of the oracle that belong to packages, none of which we have, and what dpkg keeps of those packages.
fn foreign(ours: &Tree, oracle: &Tree) -> BTreeSet<String> {
    let names = ours.names();
    let is_ours = |package: &&Package| names.contains(package.name.as_str());
    let kept = oracle.packages.iter().filter(is_ours).flat_map(|package| &package.paths).collect::<BTreeSet<_>>();
    let others = oracle.packages.iter().filter(|package| !is_ours(package));
    let foreign = others.clone().flat_map(|package| &package.paths).filter(|path| !kept.contains(path)).cloned();
    let info = oracle.entries.keys().filter(|path| {
        let name = path.strip_prefix("/var/lib/dpkg/info/").and_then(|file| file.rsplit_once('.'));
        name.is_some_and(|(name, _)| others.clone().any(|package| name.split(':').next() == Some(&package.name)))
    });
    foreign.chain(info.cloned()).collect()
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

/// One verdict on all sets: whether a line of the list is needed shows in all of them together.
#[test]
fn what_vezaimg_makes_of_packages_is_what_debians_own_tools_make() {
    let said = verdict(&sets::compared());
    assert!(said.is_empty(), "{} lines:\n{said}", said.lines().count());
}
