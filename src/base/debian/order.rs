//! The order in which packages are unpacked, which decides whose file stands where two have one: the first's.
//!
//! `base-files` comes first, for it has the directories that all share, and the others by name; but a package that
//! replaces another comes before it. Packages that replace each other in a circle are taken as if the first of them by
//! name, `base-files` before all, replaced the rest and was replaced by none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::control::Control;
use super::deb::Deb;

/// The package whose directories are the system's own.
const FIRST: &str = "base-files";

/// A place in the order: whether it is not [`FIRST`], the name, and the index.
type Key<'a> = (bool, &'a str, usize);

/// The indexes of packages in the order of their unpacking.
pub(super) fn order(packages: &[(Deb, Control)]) -> Vec<usize> {
    let names: Vec<&str> = packages.iter().map(|(deb, _)| deb.package.name.as_str()).collect();
    let replaces = |ours: usize, theirs: usize| {
        let replaced = &packages[theirs].0.package;
        packages[ours].1.replaces.iter().any(|entry| entry.names(&replaced.name, &replaced.version))
    };
    by_replaces(&names, replaces)
}

/// [`order`], told by a function which package replaces which.
fn by_replaces(names: &[&str], replaces: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let key = |index: usize| -> Key<'_> { (names[index] != FIRST, names[index], index) };
    let replaced_by = |index: usize| -> Vec<usize> {
        (0..names.len()).filter(|other| *other != index && replaces(index, *other)).collect()
    };
    let followers: Vec<Vec<usize>> = (0..names.len()).map(replaced_by).collect();
    let mut waiting: BTreeMap<Key<'_>, usize> = (0..names.len()).map(|index| (key(index), 0)).collect();
    for follower in followers.iter().flatten() {
        *waiting.entry(key(*follower)).or_default() += 1;
    }
    let mut ready: BinaryHeap<Reverse<Key<'_>>> =
        waiting.iter().filter(|(_, before)| **before == 0).map(|(key, _)| Reverse(*key)).collect();
    let mut order = Vec::with_capacity(names.len());
    // What is left once nothing is ready goes round in circles.
    while let Some(next) = ready.pop().map(|Reverse(key)| key).or_else(|| waiting.keys().next().copied()) {
        if waiting.remove(&next).is_none() {
            continue;
        }
        order.push(next.2);
        for follower in &followers[next.2] {
            if let Some(before) = waiting.get_mut(&key(*follower)) {
                *before -= 1;
                if *before == 0 {
                    ready.push(Reverse(key(*follower)));
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests;
