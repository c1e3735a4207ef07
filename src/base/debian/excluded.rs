//! Paths that are left out: the shell patterns of `exclude-paths`, as dpkg's `--path-exclude` reads them.
//!
//! A pattern is matched against the whole path in the image, `/usr/share/doc/bash/copyright`, as `fnmatch(3)` does
//! without flags: `*` and `?` match a slash too. One that begins with `!` takes paths back in. The last that matches
//! decides.

use crate::rootfs::TargetPath;

/// Compiled patterns.
#[derive(Clone, Debug, Default)]
pub(super) struct Excluded(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    excludes: bool,
    parts: Vec<Part>,
}

/// What a piece of a pattern matches.
#[derive(Clone, Debug)]
enum Part {
    /// This byte.
    Byte(u8),
    /// `?`: any byte.
    Any,
    /// `*`: any number of bytes.
    Many,
    /// `[…]`: a byte that is in one of the ranges, or in none of them.
    Set { within: bool, ranges: Vec<(u8, u8)> },
}

impl Excluded {
    /// Compiles the patterns in their order.
    pub(super) fn new(patterns: &[String]) -> Self {
        let compile = |pattern: &String| match pattern.strip_prefix('!') {
            Some(rest) => Pattern { excludes: false, parts: parts(rest.as_bytes()) },
            None => Pattern { excludes: true, parts: parts(pattern.as_bytes()) },
        };
        Self(patterns.iter().map(compile).collect())
    }

    /// Whether a path is left out.
    pub(super) fn matches(&self, path: &TargetPath) -> bool {
        let mut absolute = Vec::with_capacity(path.as_relative().len() + 1);
        absolute.push(b'/');
        absolute.extend_from_slice(path.as_relative());
        self.0.iter().rev().find(|pattern| matches(&pattern.parts, &absolute)).is_some_and(|pattern| pattern.excludes)
    }
}

/// The pieces of a pattern. A backslash makes the next byte stand for itself; a bracket that nothing closes does too.
fn parts(mut pattern: &[u8]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(pattern.len());
    while let Some((first, rest)) = pattern.split_first() {
        pattern = rest;
        parts.push(match first {
            b'*' if matches!(parts.last(), Some(Part::Many)) => continue,
            b'*' => Part::Many,
            b'?' => Part::Any,
            b'[' => match set(rest) {
                Some((set, after)) => {
                    pattern = after;
                    set
                }
                None => Part::Byte(b'['),
            },
            b'\\' => match rest.split_first() {
                Some((escaped, after)) => {
                    pattern = after;
                    Part::Byte(*escaped)
                }
                None => Part::Byte(b'\\'),
            },
            literal => Part::Byte(*literal),
        });
    }
    parts
}

/// The set whose bracket has been read, and what follows it; none if it has no end. A `]` that comes first belongs to
/// the set, and so does a `-` at either end.
fn set(pattern: &[u8]) -> Option<(Part, &[u8])> {
    let (within, mut rest) = match pattern {
        [b'!' | b'^', rest @ ..] => (false, rest),
        rest => (true, rest),
    };
    let mut ranges = Vec::new();
    loop {
        let (low, after) = match rest {
            [b']', after @ ..] if !ranges.is_empty() => return Some((Part::Set { within, ranges }, after)),
            [b'\\', escaped, after @ ..] => (*escaped, after),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        (ranges, rest) = match after {
            [b'-', b']', ..] | [] => (with(ranges, (low, low)), after),
            [b'-', b'\\', high, after @ ..] | [b'-', high, after @ ..] => (with(ranges, (low, *high)), after),
            _ => (with(ranges, (low, low)), after),
        };
    }
}

fn with(mut ranges: Vec<(u8, u8)>, range: (u8, u8)) -> Vec<(u8, u8)> {
    ranges.push(range);
    ranges
}

/// Whether the pieces match all of a text. Only the last `*` ever needs another try: an earlier one that took more would
/// leave the later one less to choose from.
fn matches(parts: &[Part], text: &[u8]) -> bool {
    let (mut part, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (parts.get(part), text.get(at)) {
            (None, None) => return true,
            (Some(Part::Many), _) => {
                part += 1;
                retry = Some((part, at));
                continue;
            }
            (Some(piece), Some(byte)) if piece.takes(*byte) => {
                (part, at) = (part + 1, at + 1);
                continue;
            }
            _ => {}
        }
        match &mut retry {
            Some((after, from)) if *from < text.len() => {
                *from += 1;
                (part, at) = (*after, *from);
            }
            _ => return false,
        }
    }
}

impl Part {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(literal) => *literal == byte,
            Self::Any => true,
            Self::Many => false,
            Self::Set { within, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&byte)) == *within,
        }
    }
}

#[cfg(test)]
mod tests;
