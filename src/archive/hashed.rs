//! A writer that knows what went through it.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use crate::rootfs::{Digest, Summary};

#[cfg(test)]
mod tests;

/// Passes bytes on, counts them and takes their sha256: around the sink of an image, this is its fingerprint.
pub struct Hashed<W> {
    inner: W,
    sha256: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    /// Starts at no bytes.
    pub fn new(inner: W) -> Self {
        Self { inner, sha256: Sha256::new(), size: 0 }
    }

    /// The writer, and the size and sha256 of what it took.
    pub fn finish(self) -> (W, Summary) {
        (self.inner, Summary { size: self.size, sha256: Digest(self.sha256.finalize().into()) })
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.sha256.update(&bytes[..length]);
        self.size += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
