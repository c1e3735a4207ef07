//! Versions of Debian packages and their order, deb-version(7).

use std::cmp::Ordering;
use std::fmt;

/// A version, such as `1:2.36-9+deb12u10`. Two texts may be the same version: `1.0`, `0:1.0` and `1.0-0` are.
#[derive(Clone, Debug)]
pub struct Version(String);

impl Version {
    /// Reads a version as control files write it: `[epoch:]upstream[-revision]`.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, upstream, revision) = split(text);
        let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let word = |part: &str, more: &[u8]| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+~".contains(&byte) || more.contains(&byte))
        };
        // Neither an epoch nor a revision may be there and empty.
        let whole = !text.starts_with(':') && !text.ends_with('-');
        let sound = whole && !upstream.is_empty() && number(epoch) && word(upstream, b":-") && word(revision, b"");
        sound.then(|| Self(text.to_owned()))
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Epoch, upstream version and revision; what is left out is empty.
fn split(text: &str) -> (&str, &str, &str) {
    let (epoch, rest) = text.split_once(':').unwrap_or(("", text));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (ours, theirs) = (split(&self.0), split(&other.0));
        compare(ours.0, theirs.0).then_with(|| compare(ours.1, theirs.1)).then_with(|| compare(ours.2, theirs.2))
    }
}

/// The order of one part: stretches that are no digits by [`rank`], stretches of digits as numbers, in turns.
fn compare(ours: &str, theirs: &str) -> Ordering {
    let (mut ours, mut theirs) = (ours.as_bytes(), theirs.as_bytes());
    while !ours.is_empty() || !theirs.is_empty() {
        let next = |part: &[u8]| part.first().copied().filter(|byte| !byte.is_ascii_digit());
        while next(ours).is_some() || next(theirs).is_some() {
            match rank(next(ours)).cmp(&rank(next(theirs))) {
                Ordering::Equal => (ours, theirs) = (&ours[1..], &theirs[1..]),
                unequal => return unequal,
            }
        }
        let (our_number, our_rest) = number(ours);
        let (their_number, their_rest) = number(theirs);
        // Without leading zeros the longer number is the greater.
        match our_number.len().cmp(&their_number.len()).then_with(|| our_number.cmp(their_number)) {
            Ordering::Equal => (ours, theirs) = (our_rest, their_rest),
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// A tilde sorts before the end, letters before everything else that is no digit.
fn rank(byte: Option<u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(letter),
        Some(other) => i32::from(other) + 256,
    }
}

/// The number at the front without leading zeros, and what follows it.
fn number(part: &[u8]) -> (&[u8], &[u8]) {
    let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zeros = part[..digits].iter().take_while(|byte| **byte == b'0').count();
    (&part[zeros..digits], &part[digits..])
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
