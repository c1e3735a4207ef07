//! What is sent as the content of a request, or comes as that of an answer: a reader of so many bytes, no fewer and no more.

use std::io::{self, Read};

/// A reader that ends in an error, rather than at another size than was said, and remembers that error: to the
/// connection it is like any other.
pub(crate) struct Content<'a> {
    inner: &'a mut dyn Read,
    left: u64,
    fault: Option<String>,
}

impl<'a> Content<'a> {
    pub(crate) fn new(inner: &'a mut dyn Read, size: u64) -> Self {
        Self { inner, left: size, fault: None }
    }

    /// Why it could not be read as said.
    pub(crate) fn fault(self) -> Option<String> {
        self.fault
    }

    /// # Errors
    /// There are bytes behind the last.
    pub(super) fn check_end(&mut self) -> io::Result<()> {
        match self.take_some(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.spoilt("it is longer than was said")),
            Err(cause) => Err(cause),
        }
    }

    fn take_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(self.spoilt(cause)),
                read => return read,
            }
        }
    }

    fn spoilt(&mut self, why: impl ToString) -> io::Error {
        let why = self.fault.insert(why.to_string());
        io::Error::other(why.clone())
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(room) = buffer.get_mut(..most).filter(|room| !room.is_empty()) else { return Ok(0) };
        let taken = self.take_some(room)?;
        if taken == 0 {
            return Err(self.spoilt("it is shorter than was said"));
        }
        self.left -= taken as u64;
        if self.left == 0 {
            // Before the last bytes go: whoever gets them would take the content for whole.
            self.check_end()?;
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(content: &[u8], size: u64) -> Result<Vec<u8>, String> {
        let mut inner = content;
        let mut content = Content::new(&mut inner, size);
        let mut sent = Vec::new();
        let read = content.read_to_end(&mut sent);
        let fault = content.fault();
        assert_eq!(read.err().map(|error| error.to_string()), fault);
        fault.map_or(Ok(sent), Err)
    }

    #[test]
    fn content_of_another_size_than_was_said_is_an_error_before_its_last_byte() {
        assert_eq!(sent(b"abc", 3), Ok(b"abc".to_vec()));
        assert_eq!(sent(b"", 0), Ok(Vec::new()));
        assert_eq!(sent(b"abc", 4), Err("it is shorter than was said".to_owned()));
        assert_eq!(sent(b"abcd", 3), Err("it is longer than was said".to_owned()));
    }
}
