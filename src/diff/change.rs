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

/// The changes between two lists of names and values, by name. A name may come with several values: those that both lists
/// have as often are left out, of the others the first goes with the first.
pub(super) fn changes(
    old: impl IntoIterator<Item = (String, String)>,
    new: impl IntoIterator<Item = (String, String)>,
) -> Vec<Change> {
    let mut counted: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for (values, step) in [(&mut old.into_iter() as &mut dyn Iterator<Item = _>, 1), (&mut new.into_iter(), -1)] {
        for (name, value) in values {
            *counted.entry(name).or_default().entry(value).or_default() += step;
        }
    }
    counted.into_iter().flat_map(|(name, values)| paired(&name, &values)).collect()
}

fn paired(name: &str, values: &BTreeMap<String, i64>) -> Vec<Change> {
    let more = |sign: i64| {
        values.iter().flat_map(move |(value, count)| {
            let times = usize::try_from(count * sign).unwrap_or_default();
            std::iter::repeat_n(value, times).cloned()
        })
    };
    let (mut from, mut to) = (more(1), more(-1));
    std::iter::from_fn(|| match (from.next(), to.next()) {
        (None, None) => None,
        (from, to) => Some(Change { name: name.to_owned(), from, to }),
    })
    .collect()
}
