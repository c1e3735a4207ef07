//! Differences that are meant, each with its reason: `PATTERN | FIELD | REASON`, a line each.

use super::Difference;

/// One line of the list. A `*` in the pattern stands for anything, slashes included.
#[derive(Debug)]
pub(super) struct Accepted {
    pattern: String,
    field: String,
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
                Self { pattern: pattern.to_owned(), field: field.to_owned() }
            })
            .collect()
    }

    fn covers(&self, difference: &Difference) -> bool {
        self.field == difference.field && matches(&self.pattern, &difference.path)
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
pub(super) fn verdict(sets: &[Vec<Difference>], accepted: &[Accepted]) -> String {
    let all = || sets.iter().flatten();
    let mut unlisted: Vec<_> = all().filter(|found| !accepted.iter().any(|line| line.covers(found))).collect();
    unlisted.sort();
    unlisted.dedup();
    let stale = accepted.iter().filter(|line| !all().any(|found| line.covers(found)));
    let stale = stale.map(|Accepted { pattern, field }| format!("{pattern} | {field} | does not occur any more\n"));
    unlisted.into_iter().map(|difference| format!("{difference}\n")).chain(stale).collect()
}
