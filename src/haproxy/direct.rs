//! HAProxy on this machine or across the network: a unix socket, or TCP.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Channel, DEADLINE, Failure, Kind, LONGEST_ANSWER, Result, channel};

/// `HOST:PORT`.
pub(crate) struct Tcp(pub(crate) String);

impl Channel for Tcp {
    fn ask(&self, command: &str) -> Result<String> {
        let stream = self.connect(Instant::now() + DEADLINE).map_err(|error| unconnected(&error))?;
        converse(stream, command, LONGEST_ANSWER)
    }
}

impl Tcp {
    /// Tries each address that the host has, until one connects.
    pub(crate) fn connect(&self, end: Instant) -> io::Result<TcpStream> {
        let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
        for address in self.resolve(end)? {
            match TcpStream::connect_timeout(&address, remaining(end)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn resolve(&self, end: Instant) -> io::Result<Vec<SocketAddr>> {
        /// More than any balancer has; the rest would not be tried before the deadline anyway.
        const MOST: usize = 16;

        if let Ok(address) = self.0.parse() {
            return Ok(vec![address]);
        }
        let endpoint = self.0.clone();
        within(end, move || endpoint.to_socket_addrs().map(|addresses| addresses.take(MOST).collect()))
    }
}

/// The path of a socket.
pub(super) struct Unix(pub(super) PathBuf);

impl Channel for Unix {
    fn ask(&self, command: &str) -> Result<String> {
        let stream = connect(&self.0).map_err(|error| {
            let failure = unconnected(&error);
            match error.kind() {
                ErrorKind::PermissionDenied => failure.hint(
                    "the socket's own `user`, `group` and `mode` decide who may open it: run as one of those, or \
                     change its line in haproxy.cfg",
                ),
                _ => failure,
            }
        })?;
        converse(stream, command, LONGEST_ANSWER)
    }
}

/// A socket whose backlog is full, as that of a process that hangs is in the end, would keep us for ever.
fn connect(path: &Path) -> io::Result<UnixStream> {
    let path = path.to_owned();
    within(Instant::now() + DEADLINE, move || UnixStream::connect(path))
}

/// What `work` gives, unless it takes until the end. Its thread then goes on until the system lets it go.
fn within<T: Send + 'static>(end: Instant, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let (sender, receiver) = mpsc::channel();
    // Nobody may be waiting any more.
    thread::Builder::new().name("haproxy".into()).spawn(move || drop(sender.send(work())))?;
    receiver.recv_timeout(remaining(end)?).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// A connection whose reads and writes can be given a limit.
trait Limited: Read + Write {
    fn limit(&self, duration: Duration) -> io::Result<()>;

    /// Tells the other side that nothing more is written. HAProxy closes after the answers to one line anyway; its
    /// master waits for this.
    fn finish(&self) -> io::Result<()>;
}

impl Limited for TcpStream {
    fn limit(&self, duration: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(duration)).and_then(|()| self.set_read_timeout(Some(duration)))
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Limited for UnixStream {
    fn limit(&self, duration: Duration) -> io::Result<()> {
        self.set_write_timeout(Some(duration)).and_then(|()| self.set_read_timeout(Some(duration)))
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// Sends the line and reads to the end.
fn converse(mut stream: impl Limited, command: &str, longest: usize) -> Result<String> {
    let end = Instant::now() + DEADLINE;
    exchange(&mut stream, command, longest, end)
        .map_err(|error| Failure::new(Kind::Lost, "the connection to HAProxy broke off").cause(reason(&error)))
        .and_then(|answer| channel::text(answer, longest))
}

/// One byte more than `longest` at most, so that an answer which is too long shows.
fn exchange(stream: &mut impl Limited, command: &str, longest: usize, end: Instant) -> io::Result<Vec<u8>> {
    const CHUNK: usize = 64 << 10;

    stream.limit(remaining(end)?)?;
    stream.write_all(format!("{command}\n").as_bytes())?;
    stream.finish()?;
    let mut answer = Vec::new();
    let mut chunk = vec![0; CHUNK];
    while answer.len() <= longest {
        stream.limit(remaining(end)?)?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

fn remaining(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn unconnected(error: &io::Error) -> Failure {
    Failure::new(Kind::Lost, "cannot connect to HAProxy").cause(reason(error))
}

/// What the system says, or the deadline in words: a read that takes too long is `WouldBlock` to it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => format!("it took more than {} seconds", DEADLINE.as_secs()),
        _ => error.to_string(),
    }
}

/// A host without the brackets that an IPv6 address stands in.
pub(super) fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
