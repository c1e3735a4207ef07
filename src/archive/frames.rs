//! A stream cut into frames of a fixed size, each compressed on its own.

use std::io::{self, Write};
use std::mem;

use super::codec::Compression;
use super::pool::Pool;

#[cfg(test)]
mod tests;

/// Input bytes of every frame but the last of a segment. Part of the format.
///
/// Larger frames compress better and need more memory, smaller ones share better between threads.
pub(super) const SIZE: usize = 4 << 20;

/// One frame's input and, once compressed, its output. The buffers are used again for later frames.
pub(super) struct Frame {
    /// [`SIZE`] bytes, of which the first `filled` count.
    pub(super) input: Box<[u8]>,
    pub(super) filled: usize,
    pub(super) output: Vec<u8>,
}

impl Frame {
    pub(super) fn new() -> Self {
        Self { input: vec![0; SIZE].into_boxed_slice(), filled: 0, output: Vec::new() }
    }
}

/// Takes a stream and writes its frames to the sink, in order.
///
/// The sink is written to by the caller's thread alone. Dropped without [`finish`](Self::finish), it writes nothing
/// more.
pub(super) struct Frames<W: Write> {
    sink: W,
    /// The frame being filled; never full between calls.
    frame: Frame,
    pool: Pool,
}

impl<W: Write> Frames<W> {
    pub(super) fn new(sink: W, compression: &Compression) -> Self {
        let compression = *compression;
        let compress = move |frame: &mut Frame| compression.frame(&frame.input[..frame.filled], &mut frame.output);
        Self { sink, frame: Frame::new(), pool: Pool::new(compression.jobs(), compress) }
    }

    /// Where the next bytes of the stream belong: what is left of the present frame, at least one byte.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.frame.input[self.frame.filled..]
    }

    /// Counts the first `length` bytes of [`space`](Self::space) as written.
    ///
    /// # Errors
    /// The sink's, or a thread that cannot be started or panicked.
    pub(super) fn advance(&mut self, length: usize) -> io::Result<()> {
        self.frame.filled += length;
        if self.frame.filled < SIZE {
            return Ok(());
        }
        let empty = self.empty_frame()?;
        let full = mem::replace(&mut self.frame, empty);
        self.pool.push(full)
    }

    /// Writes bytes to the stream.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub(super) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let space = self.space();
            let length = space.len().min(bytes.len());
            let (now, later) = bytes.split_at(length);
            space[..length].copy_from_slice(now);
            self.advance(length)?;
            bytes = later;
        }
        Ok(())
    }

    /// Writes what is left and gives the sink back; a stream of no bytes has no frames.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    pub(super) fn finish(self) -> io::Result<W> {
        let Self { mut sink, frame, mut pool } = self;
        if frame.filled > 0 {
            pool.push(frame)?;
        }
        while let Some(frame) = pool.take() {
            sink.write_all(&frame?.output)?;
        }
        Ok(sink)
    }

    /// An empty frame: a new one, or the oldest that is under way once it is written.
    fn empty_frame(&mut self) -> io::Result<Frame> {
        if !self.pool.is_full() {
            return Ok(Frame::new());
        }
        let Some(oldest) = self.pool.take() else { return Ok(Frame::new()) };
        let mut frame = oldest?;
        self.sink.write_all(&frame.output)?;
        frame.filled = 0;
        Ok(frame)
    }
}
