//! Content that is known by its digest and never kept.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::{Digest, Summary};

/// A reader that digests what passes.
pub struct Digesting<R> {
    inner: R,
    size: u64,
    sha256: Sha256,
}

impl<R: Read> Digesting<R> {
    /// Nothing has passed yet.
    pub fn new(inner: R) -> Self {
        Self { inner, size: 0, sha256: Sha256::new() }
    }

    /// What has passed.
    pub fn summary(self) -> Summary {
        Summary { size: self.size, sha256: Digest(self.sha256.finalize().into()) }
    }

    /// What is left, of which at most so many bytes are read, beside what has passed.
    ///
    /// # Errors
    /// The reader's.
    pub fn drain(mut self, most: u64) -> io::Result<Summary> {
        io::copy(&mut self.by_ref().take(most), &mut io::sink())?;
        Ok(self.summary())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sha256.update(buffer.get(..read).unwrap_or_default());
        self.size += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_that_differ_in_a_byte_or_in_length_are_told_apart() {
        let of = |bytes: &'static [u8]| Digesting::new(bytes).drain(100).unwrap();
        assert!(of(b"secret") == of(b"secret"));
        assert!(of(b"secret") != of(b"secreT"));
        assert!(of(b"secret") != of(b"secret\0"));
    }

    #[test]
    fn of_what_does_not_end_no_more_is_read_than_was_said() {
        let contents = Digesting::new(io::repeat(b'x')).drain(6).unwrap();
        assert!(contents == Digesting::new(&b"xxxxxx"[..]).drain(7).unwrap());
    }
}
