//! A name, and what each of two images has for it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What one image has and the other has not, or has otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub name: String,
    /// What the old image has; none where it has nothing of the name.
    pub from: Option<String>,
    /// What the new image has.
    pub to: Option<String>,
}

/// One line: `os Debian → Other`, `os Debian, new`, `os Debian, gone`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, from, to } = self;
        let [from, to] =
            [from, to].map(|value| value.as_deref().map(|value| if value.is_empty() { "\"\"" } else { value }));
        match (from, to) {
            (Some(from), Some(to)) => write!(f, "{name} {from} → {to}"),
            (None, Some(to)) => write!(f, "{name} {to}, new"),
            (Some(from), None) => write!(f, "{name} {from}, gone"),
            (None, None) => f.write_str(name),
        }
    }
}

impl Change {
    /// The change of one thing; none where both have the same.
    pub(super) fn of(name: &str, from: Option<String>, to: Option<String>) -> Option<Self> {
        (from != to).then(|| Self { name: name.to_owned(), from, to })
    }
}

/// What two lists have under one name.
#[derive(Default)]
struct Values {
    /// How often the old list has a value more than the new one.
    counts: BTreeMap<String, i64>,
    /// How many values each list has.
    totals: [usize; 2],
}

/// The changes between two lists of names and values, by name. A name may come with several values: those that both lists
/// have as often are left out, and the others come and go one by one, for nothing says which became which.
pub(super) fn changes(
    old: impl IntoIterator<Item = (String, String)>,
    new: impl IntoIterator<Item = (String, String)>,
) -> Vec<Change> {
    let mut named: BTreeMap<String, Values> = BTreeMap::new();
    for (name, value) in old {
        let values = named.entry(name).or_default();
        values.totals[0] += 1;
        *values.counts.entry(value).or_default() += 1;
    }
    for (name, value) in new {
        let values = named.entry(name).or_default();
        values.totals[1] += 1;
        *values.counts.entry(value).or_default() -= 1;
    }
    named.into_iter().flat_map(|(name, values)| values.changes(&name)).collect()
}

impl Values {
    fn changes(&self, name: &str) -> Vec<Change> {
        let more = |sign: i64| {
            self.counts.iter().flat_map(move |(value, count)| {
                let times = usize::try_from(count * sign).unwrap_or_default();
                std::iter::repeat_n(value, times).cloned()
            })
        };
        let (mut from, mut to) = (more(1), more(-1));
        if self.totals == [1, 1] {
            return Change::of(name, from.next(), to.next()).into_iter().collect();
        }
        let gone = from.map(|from| Change { name: name.to_owned(), from: Some(from), to: None });
        let new = to.map(|to| Change { name: name.to_owned(), from: None, to: Some(to) });
        gone.chain(new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let owned = |list: &[(&str, &str)]| {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        changes(owned(old), owned(new)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_value_becomes_another_and_of_several_each_comes_or_goes() {
        assert_eq!(told(&[("a", "1"), ("b", "1")], &[("b", "2"), ("c", "")]), ["a 1, gone", "b 1 → 2", "c \"\", new"]);
        assert_eq!(told(&[("a", "1"), ("a", "2")], &[("a", "2"), ("a", "3")]), ["a 1, gone", "a 3, new"]);
        assert_eq!(told(&[("a", "1"), ("a", "1")], &[("a", "1")]), ["a 1, gone"]);
        assert_eq!(told(&[("a", "2"), ("a", "1")], &[("a", "1"), ("a", "2")]), [""; 0]);
    }
}
