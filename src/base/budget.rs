//! Bounds on what a hostile base can make us do.

/// The most entries of a base; Debian's full desktop has some 300,000.
const MOST_ENTRIES: u64 = 4_000_000;
/// The most content of a base in bytes. A sparse file of a few hundred bytes can declare 8 EiB of zeros.
const MOST_CONTENT: u64 = 64 << 30;

/// What a base has used up so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    entries: u64,
    content: u64,
}

impl Budget {
    /// Counts one entry, or one header that only describes the next.
    ///
    /// # Errors
    /// The end of a sentence that begins with the base.
    pub(super) fn entry(&mut self) -> Result<(), &'static str> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES { Err("holds more than 4,000,000 entries") } else { Ok(()) }
    }

    /// Counts the content of one regular file, holes included.
    ///
    /// # Errors
    /// The end of a sentence that begins with the base.
    pub(super) fn content(&mut self, bytes: u64) -> Result<(), &'static str> {
        self.content = self.content.saturating_add(bytes);
        if self.content > MOST_CONTENT { Err("holds more than 64 GiB of files") } else { Ok(()) }
    }
}
