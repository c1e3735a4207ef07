//! Progress: bytes of a base read so far, told a few times a second.

use std::cell::Cell;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use crate::ui::{Event, Listener};

/// The least time between two events: about 20 a second.
const INTERVAL: Duration = Duration::from_millis(50);

/// Counts what is read and tells a listener.
pub(crate) struct Meter<'a> {
    listener: &'a dyn Listener,
    done: Cell<u64>,
    total: Option<u64>,
    told: Cell<Option<Instant>>,
}

impl<'a> Meter<'a> {
    /// A meter of nothing read so far out of `total` bytes.
    pub(crate) fn new(listener: &'a dyn Listener, total: Option<u64>) -> Self {
        Self { listener, done: Cell::new(0), total, told: Cell::new(None) }
    }

    /// Counts `bytes` more.
    pub(crate) fn advance(&self, bytes: usize) {
        self.done.set(self.done.get() + bytes as u64);
        let now = Instant::now();
        if self.told.get().is_none_or(|told| now.duration_since(told) >= INTERVAL) {
            self.told.set(Some(now));
            self.tell();
        }
    }

    /// Tells what is done now that the base has been read, whenever it was told last.
    pub(crate) fn finish(&self) {
        self.tell();
    }

    fn tell(&self) {
        self.listener.event(Event::Progress { done: self.done.get(), total: self.total });
    }

    /// Whoever is told.
    pub(super) fn listener(&self) -> &'a dyn Listener {
        self.listener
    }
}

/// A reader whose bytes are counted.
pub(crate) struct Metered<'a, R> {
    inner: R,
    meter: &'a Meter<'a>,
}

impl<'a, R: Read> Metered<'a, R> {
    pub(super) fn new(inner: R, meter: &'a Meter<'a>) -> Self {
        Self { inner, meter }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Decompressors take an interrupted read for a failed one.
        let read = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.meter.advance(read);
        Ok(read)
    }
}
