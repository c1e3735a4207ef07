//! The list of a release's files: `.sha256`, as sha256sum(1) writes and checks it.

use std::fmt;

use crate::rootfs::Digest;

/// Digests by file name, in the list's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksums(Vec<(String, Digest)>);

impl Checksums {
    /// The longest list that is read, in bytes.
    pub const LONGEST: u64 = 64 << 10;

    /// A list.
    pub fn new(files: Vec<(String, Digest)>) -> Self {
        Self(files)
    }

    /// Reads a list as `vezaimg build` writes it; none for any other text.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let line = |line: &str| {
            let (digest, name) = line.split_once("  ")?;
            let is_name = !name.is_empty() && !name.contains('/') && !name.contains(char::is_control);
            Some((name.to_owned(), Digest::parse(digest)?)).filter(|_| is_name)
        };
        let list = Self(text.lines().map(line).collect::<Option<_>>()?);
        // In one way only: a byte more or less is another list.
        (list.to_string() == text).then_some(list)
    }

    /// The files and their digests.
    pub fn files(&self) -> &[(String, Digest)] {
        &self.0
    }
}

impl fmt::Display for Checksums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, digest)| writeln!(f, "{digest}  {name}"))
    }
}
