//! Programs, looked through as they are read.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::{Finding, MOST_FINDINGS, Spot, keys, shapes};

/// What is looked through at once.
const PIECE: usize = 1 << 20;

/// What two pieces have in common: a secret that begins before it is whole in the first one.
const OVERLAP: usize = 2 * keys::LONGEST;

/// What was read and not looked at may be so many reads' worth.
const AHEAD: usize = 16;

/// The secrets of a program that is in memory.
pub(super) fn find(content: &[u8]) -> Vec<Finding> {
    let mut scan = Scan::default();
    content.chunks(PIECE).for_each(|piece| scan.push(piece));
    scan.finish()
}

/// A reader that has a thread look for secrets in what passes, so that whoever reads does not wait for it. No more is
/// held than a piece and a few reads.
pub(crate) struct Scanning<R> {
    inner: R,
    passed: SyncSender<Vec<u8>>,
    scan: JoinHandle<Vec<Finding>>,
}

impl<R: Read> Scanning<R> {
    /// Nothing has passed yet.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn new(inner: R) -> io::Result<Self> {
        let (passed, coming) = sync_channel::<Vec<u8>>(AHEAD);
        let scan = thread::Builder::new().name("secrets".to_owned()).spawn(move || {
            let mut scan = Scan::default();
            coming.iter().for_each(|bytes| scan.push(&bytes));
            scan.finish()
        })?;
        Ok(Self { inner, passed, scan })
    }

    /// The secrets in what has passed.
    ///
    /// # Errors
    /// The thread panicked.
    pub(crate) fn findings(self) -> io::Result<Vec<Finding>> {
        drop(self.passed);
        self.scan.join().map_err(|_| thread_lost())
    }
}

impl<R: Read> Read for Scanning<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default().to_vec();
        self.passed.send(bytes).map_err(|_| thread_lost())?;
        Ok(read)
    }
}

fn thread_lost() -> io::Error {
    io::Error::other("the thread that looks for secrets panicked")
}

/// The piece that has not been looked through yet, with the overlap before it.
#[derive(Default)]
struct Scan {
    piece: Vec<u8>,
    /// The place of the piece's first byte.
    start: u64,
    findings: BTreeSet<Finding>,
}

impl Scan {
    fn push(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE + OVERLAP {
            let end = self.piece.len() - OVERLAP;
            self.look(end);
            self.piece.drain(..end);
            self.start += end as u64;
        }
    }

    fn finish(mut self) -> Vec<Finding> {
        self.look(self.piece.len());
        self.findings.into_iter().collect()
    }

    /// Finds what begins before `end`.
    fn look(&mut self, end: usize) {
        let left = MOST_FINDINGS.saturating_sub(self.findings.len());
        let found = shapes::in_program(&self.piece).take_while(|(at, _)| *at < end).take(left);
        let start = self.start;
        let finding = |(at, secret)| Finding { spot: Spot::Byte(start + at as u64), secret };
        self.findings.extend(found.map(finding));
    }
}
