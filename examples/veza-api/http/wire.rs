//! A connection's bytes: what has arrived and nobody has consumed yet.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The longest that a read blocks: std cannot wake one, so each looks up this often whether the service stops.
const TICK: Duration = Duration::from_millis(200);

/// How long a client may refuse to take what is written.
const WRITE: Duration = Duration::from_secs(10);

/// How long a closed connection waits for the client to close as well, and how much it throws away meanwhile.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 256 * 1024);

/// What waiting for more bytes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// There are more.
    Bytes,
    /// There will be none: the client has closed, or died.
    Closed,
    /// None came in time.
    Overdue,
    /// None came in a tick, and the service stops.
    Stopping,
}

/// A connection and the bytes that have arrived on it.
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    /// Takes the stream over and sets how long its reads and writes block.
    ///
    /// # Errors
    /// The socket takes no options, as one whose client has died.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(WRITE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// What has arrived and is not consumed.
    pub(super) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Drops the first `count` bytes of the buffer.
    pub(super) fn consume(&mut self, count: usize) {
        self.buffer.drain(..count.min(self.buffer.len()));
    }

    /// Waits for more bytes until `deadline`, or until `stopping` says so; at most 8 KiB arrive at once.
    ///
    /// A tick always passes before a stop is heeded: a request already on its way is still taken.
    pub(super) fn fill(&mut self, deadline: Instant, stopping: impl Fn() -> bool) -> Fill {
        let mut chunk = [0; 8 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Fill::Closed,
                Ok(count) => {
                    self.buffer.extend_from_slice(&chunk[..count]);
                    return Fill::Bytes;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if stopping() {
                        return Fill::Stopping;
                    }
                    if Instant::now() >= deadline {
                        return Fill::Overdue;
                    }
                }
                Err(_) => return Fill::Closed,
            }
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The client has gone, or takes nothing.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Ends the connection without losing the answer that was just written.
    pub(super) fn close(self) {
        linger(&self.stream);
    }

    /// The stream and what has arrived on it, for another protocol.
    pub(super) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.buffer)
    }
}

/// Closes the sending side and waits for the client to close its own. Closing with unread bytes would reset the
/// connection, and the reset may overtake the answer.
pub(crate) fn linger(mut stream: &TcpStream) {
    let (limit, most) = LINGER;
    let deadline = Instant::now() + limit;
    let mut thrown = 0;
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    while thrown < most && Instant::now() < deadline {
        match stream.read(&mut [0; 8 * 1024]) {
            Ok(0) => return,
            Ok(count) => thrown += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
