//! Paragraphs of a deb822(5) text, one at a time.

use std::io::{self, BufRead, Read};

/// The longest paragraph in bytes. The longest of bookworm has 77,000.
const LONGEST_PARAGRAPH: usize = 1 << 20;

/// A reader of paragraphs, which blank lines part.
pub(super) struct Paragraphs<R> {
    input: R,
    text: String,
}

impl<R: BufRead> Paragraphs<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, text: String::new() }
    }

    /// The text of the next paragraph, which has at least one line.
    ///
    /// # Errors
    /// The input cannot be read, a paragraph has more than 1 MiB, or it is not UTF-8.
    pub(super) fn next(&mut self) -> io::Result<Option<&str>> {
        self.text.clear();
        loop {
            let before = self.text.len();
            let room = LONGEST_PARAGRAPH + 1 - before;
            let read = self.input.by_ref().take(room as u64).read_line(&mut self.text)?;
            if self.text.len() > LONGEST_PARAGRAPH {
                return Err(io::Error::other("a paragraph is longer than 1 MiB"));
            }
            let ends = self.text[before..].trim_ascii().is_empty();
            if ends && before > 0 {
                self.text.truncate(before);
                return Ok(Some(&self.text));
            }
            if read == 0 {
                return Ok(None);
            }
            if ends {
                self.text.clear();
            }
        }
    }
}
