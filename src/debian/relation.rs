//! Relations between packages, deb-control(5) and Debian Policy 7.1: `libc6 (>= 2.36), awk | mawk:any`.

use std::cmp::Ordering;
use std::fmt;

use super::Version;

/// How a version is compared with the one that a relation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<<`
    Earlier,
    /// `<=`, and the ancient `<`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`, and the ancient `>`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// Longest first, for one may begin another.
const COMPARISONS: [(&str, Comparison); 7] = [
    ("<<", Comparison::Earlier),
    ("<=", Comparison::EarlierOrEqual),
    (">=", Comparison::LaterOrEqual),
    (">>", Comparison::Later),
    ("=", Comparison::Equal),
    ("<", Comparison::EarlierOrEqual),
    (">", Comparison::LaterOrEqual),
];

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(COMPARISONS.iter().find(|(_, known)| known == self).map_or("", |(text, _)| text))
    }
}

/// The versions that a relation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// The comparison.
    pub comparison: Comparison,
    /// The version on its right.
    pub version: Version,
}

impl Constraint {
    /// Whether a version is among those meant.
    pub fn holds(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.comparison {
            Comparison::Earlier => order == Ordering::Less,
            Comparison::EarlierOrEqual => order != Ordering::Greater,
            Comparison::Equal => order == Ordering::Equal,
            Comparison::LaterOrEqual => order != Ordering::Less,
            Comparison::Later => order == Ordering::Greater,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (comparison, rest) =
            COMPARISONS.iter().find_map(|(sign, known)| Some((*known, text.strip_prefix(sign)?)))?;
        Some(Self { comparison, version: Version::parse(rest.trim())? })
    }
}

/// As it is written, such as `>= 2.36`.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.comparison, self.version)
    }
}

/// One package of a field, with the versions that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation<'t> {
    /// The package, real or virtual.
    pub name: &'t str,
    /// `any`, `native` or an architecture, where it is written behind a colon.
    pub qualifier: Option<&'t str>,
    /// The versions; all of them when there is none.
    pub constraint: Option<Constraint>,
    /// Whether the next relation of the field is an alternative to this one.
    pub or: bool,
}

/// The relations of a field in their order. The alternatives of a group follow each other, all but the last with `or`.
///
/// A restriction to architectures, `[amd64]`, has done its work when a binary package was built, and is passed over.
///
/// # Errors
/// The item that is no relation.
pub fn relations(field: &str) -> impl Iterator<Item = Result<Relation<'_>, &str>> {
    let groups = field.split(',').filter(|_| !field.trim().is_empty());
    groups.flat_map(|group| {
        let last = group.matches('|').count();
        let alternatives = group.split('|').enumerate();
        alternatives.map(move |(at, text)| relation(text.trim(), at < last).ok_or(text.trim()))
    })
}

fn relation(text: &str, or: bool) -> Option<Relation<'_>> {
    let (name, rest) = text.split_at(text.find(|next: char| !is_of_name(next)).unwrap_or(text.len()));
    let (qualifier, rest) = match rest.strip_prefix(':') {
        None => (None, rest),
        Some(rest) => {
            let word = |next: char| next.is_ascii_alphanumeric() || next == '-';
            let (word, rest) = rest.split_at(rest.find(|next| !word(next)).unwrap_or(rest.len()));
            (Some(word).filter(|word| !word.is_empty()).map(Some)?, rest)
        }
    };
    let (constraint, rest) = match rest.trim_start().strip_prefix('(') {
        None => (None, rest),
        Some(rest) => {
            let (inside, rest) = rest.split_once(')')?;
            (Some(Constraint::parse(inside.trim())?), rest)
        }
    };
    let rest = match rest.trim_start().strip_prefix('[') {
        None => rest,
        Some(rest) => rest.split_once(']')?.1,
    };
    let sound = is_package_name(name) && rest.trim().is_empty();
    sound.then_some(Relation { name, qualifier, constraint, or })
}

/// Whether it can be the name of a package. Policy 5.6.7 knows no capitals, nor do packages of one letter exist, but
/// archives of others have both.
pub(super) fn is_package_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.chars().all(is_of_name)
}

fn is_of_name(next: char) -> bool {
    next.is_ascii_alphanumeric() || "+-._".contains(next)
}
