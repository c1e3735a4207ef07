//! What Incus calls things, checked before it becomes part of a request.

use std::fmt;

/// The name of an instance: a host name of at most 63 letters, digits and dashes that begins with a letter and ends with
/// no dash, as Incus wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceName(String);

impl InstanceName {
    /// The longest, in bytes.
    pub const LONGEST: usize = 63;

    /// The name, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
        (fits && begins && !text.ends_with('-') && text.len() <= Self::LONGEST).then(|| Self(text.to_owned()))
    }

    /// The name of a container that stands beside this one, such as `NAME-prev`, if it is not too long.
    pub fn beside(&self, suffix: &str) -> Option<Self> {
        Self::parse(&format!("{self}-{suffix}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sha256 by which Incus knows an image: of the file of a unified one, of metadata and root file system of a split
/// one; 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint, if it is a whole one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (fits && text.len() == 64).then(|| Self(text.to_owned()))
    }

    /// As text, whole.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The twelve digits that `incus image list` shows.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_host_name_as_incus_wants_it() {
        for name in ["a", "backend-api-1", "A1", &"x".repeat(63)] {
            assert!(InstanceName::parse(name).is_some(), "{name}");
        }
        for name in ["", "1a", "-a", "a-", "a_b", "a.b", "a/b", "a b", "ä", "a\n", &"x".repeat(64)] {
            assert!(InstanceName::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_name_beside_a_long_one_is_refused_rather_than_cut() {
        let name = InstanceName::parse(&"x".repeat(59)).unwrap();
        assert!(name.beside("new").is_some());
        assert!(name.beside("prev").is_none());
    }

    #[test]
    fn a_fingerprint_is_whole_and_in_lower_case() {
        assert!(Fingerprint::parse(&"0a".repeat(32)).is_some());
        for text in ["", "0a", &"0A".repeat(32), &"0g".repeat(32), &"0a".repeat(33)] {
            assert!(Fingerprint::parse(text).is_none(), "{text}");
        }
    }
}
