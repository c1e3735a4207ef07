//! Differences that are meant, each with its reason: `PATTERN | FIELD | REASON`, a line each. `FIELD without PACKAGE`
//! is meant only in sets that lack the package.

use std::collections::BTreeSet;

use super::{Comparison, Difference};

/// One line of the list. A `*` in the pattern stands for anything, slashes included.
#[derive(Debug)]
pub(super) struct Accepted {
    pattern: String,
    field: String,
    without: Option<String>,
}

impl Accepted {
    /// Reads the list; empty lines and those that begin with `#` say nothing.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                let fields: Vec<_> = line.split(" | ").map(str::trim).collect();
                let [pattern, field, reason] = fields[..] else { panic!("`{line}` has not three fields") };
                assert!(!reason.is_empty(), "`{line}` has no reason");
                let (field, without) = match field.split_once(" without ") {
                    Some((field, package)) => (field, Some(package.to_owned())),
                    None => (field, None),
                };
                Self { pattern: pattern.to_owned(), field: field.to_owned(), without }
            })
            .collect()
    }

    fn covers(&self, set: &Comparison, difference: &Difference) -> bool {
        let applies = self.without.as_ref().is_none_or(|package| !set.packages.contains(package));
        applies && self.field == difference.field && matches(&self.pattern, &difference.path)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((front, rest)) => path.strip_prefix(front).is_some_and(|path| {
            (0..=path.len()).filter(|at| path.is_char_boundary(*at)).any(|at| matches(rest, &path[at..]))
        }),
    }
}

/// A line for every difference that nobody accepted, and for every acceptance that nothing needs.
pub(super) fn verdict(sets: &[Comparison], accepted: &[Accepted]) -> String {
    let found: Vec<_> = sets.iter().flat_map(|set| set.differences.iter().map(move |found| (set, found))).collect();
    let is_accepted = |set, found| accepted.iter().any(|line: &Accepted| line.covers(set, found));
    let unlisted: BTreeSet<_> =
        found.iter().filter(|(set, found)| !is_accepted(set, found)).map(|(_, found)| found).collect();
    let stale = accepted.iter().filter(|line| !found.iter().any(|(set, found)| line.covers(set, found)));
    let stale = stale.map(|Accepted { pattern, field, without }| {
        let without = without.iter().map(|package| format!(" without {package}")).collect::<String>();
        format!("{pattern} | {field}{without} | does not occur any more\n")
    });
    unlisted.into_iter().map(|difference| format!("{difference}\n")).chain(stale).collect()
}
