//! HTTP over a unix socket.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, time};
use ureq::{Error, Timeout};

use super::turns_away;

/// Connects to the socket at this path, whatever the address of a request.
#[derive(Debug)]
pub(in crate::incus) struct Unix(pub(in crate::incus) PathBuf);

impl Connector for Unix {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, Error> {
        let socket =
            connect(&self.0, limit(details.timeout)?).map_err(|cause| timed_out(cause, details.timeout.reason))?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Connection { socket, buffers, is_turned_away: false }))
    }
}

/// A connection to the socket.
#[derive(Debug)]
pub(in crate::incus) struct Connection {
    socket: UnixStream,
    buffers: LazyBuffers,
    is_turned_away: bool,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_turned_away {
            return Ok(());
        }
        let timeout = timeout.for_write();
        self.socket.set_write_timeout(limit(timeout)?)?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        match self.socket.write_all(output) {
            Err(cause) if turns_away(&cause) => self.is_turned_away = true,
            written => written.map_err(|cause| timed_out(cause, timeout.reason))?,
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let deadline = limit(timeout)?.map(|limit| Instant::now() + limit);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(Error::Timeout(timeout.reason));
            }
            self.socket.set_read_timeout(left)?;
            match self.socket.read(self.buffers.input_append_buf()) {
                // A time limit makes Linux end a read when a signal comes, instead of going on with it.
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(timed_out(cause, timeout.reason)),
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // A new one costs less than to find out.
        false
    }
}

/// connect(2) waits only while the daemon's backlog is full, and then for as long as the socket may write.
fn connect(path: &Path, limit: Option<Duration>) -> io::Result<UnixStream> {
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    net::sockopt::set_socket_timeout(&socket, net::sockopt::Timeout::Send, limit)?;
    net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
}

/// How long the socket may wait; an error when that is over already.
fn limit(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    match timeout.after {
        time::Duration::NotHappening => Ok(None),
        time::Duration::Exact(left) if left.is_zero() => Err(Error::Timeout(timeout.reason)),
        time::Duration::Exact(left) => Ok(Some(left)),
    }
}

fn timed_out(cause: io::Error, reason: Timeout) -> Error {
    match cause.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(reason),
        _ => Error::Io(cause),
    }
}

/// Resolves no name: a socket has none.
#[derive(Debug)]
pub(in crate::incus) struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
