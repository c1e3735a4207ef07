//! A content that is looked at while it goes by.

use std::io::{self, Read};

use md5::{Digest as _, Md5};

/// Copies and hashes what is read through it.
pub(super) struct Tap<R> {
    inner: R,
    copy: Option<Vec<u8>>,
    /// dpkg records configuration files by MD5.
    md5: Option<Md5>,
}

impl<R: Read> Tap<R> {
    /// A tap that keeps a copy, or the MD5, or neither.
    pub(super) fn new(inner: R, copied: bool, hashed: bool) -> Self {
        Self { inner, copy: copied.then(Vec::new), md5: hashed.then(Md5::new) }
    }

    /// Reads what is left.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink()).map(|_| ())
    }

    /// What was kept.
    pub(super) fn finish(self) -> (Option<Vec<u8>>, Option<[u8; 16]>) {
        (self.copy, self.md5.map(|md5| md5.finalize().into()))
    }
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(copy) = &mut self.copy {
            copy.extend_from_slice(&buffer[..read]);
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(&buffer[..read]);
        }
        Ok(read)
    }
}
