//! The listening socket and the thread that accepts.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::failure::Failure;
use crate::http::connection;
use crate::http::response::{Response, Reuse};
use crate::service::Service;

/// A connection's stack, most of it never touched.
const STACK: usize = 256 * 1024;

/// The kernel's queue of connections that nobody has accepted yet.
const BACKLOG: u16 = 1024;

/// A socket that accepts connections until it is closed.
pub(crate) struct Listener {
    address: SocketAddr,
    thread: JoinHandle<()>,
}

impl Listener {
    /// Listens at the service's address.
    ///
    /// # Errors
    /// The address is taken, not the host's, or not for this user.
    pub(crate) fn start(service: &Arc<Service>) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::failed(format!("cannot listen on `{}`", service.address))
                .cause(error)
                .hint("`PORT` and `VEZA_LISTEN` choose another address")
        };
        let listener = TcpListener::bind(service.address).map_err(failed)?;
        // Std asks for 128; on a socket that listens already, listen(2) sets the length anew.
        rustix::net::listen(&listener, BACKLOG.into()).map_err(|error| failed(error.into()))?;
        let address = listener.local_addr().map_err(failed)?;
        let service = Arc::clone(service);
        let accepting = thread::Builder::new().name("accept".into()).spawn(move || accept(&listener, &service));
        let thread = accepting.map_err(|error| Failure::failed("cannot start a thread").cause(error))?;
        Ok(Self { address, thread })
    }

    /// Where it listens, with the real port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the socket once the service is stopping: from then on the host refuses connections.
    pub(crate) fn close(self) {
        // Nothing but a connection ends accept(2); a queue too full for this one will wake it as well.
        let here = match self.address.ip() {
            IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            address => address,
        };
        let woken = TcpStream::connect_timeout(&SocketAddr::new(here, self.address.port()), Duration::from_secs(1));
        if woken.is_ok() {
            // The thread has nothing left to do that could fail, and a panic there was told on stderr already.
            self.thread.join().unwrap_or_default();
        }
    }
}

/// Accepts until the service stops, then takes what stands in the queue already: those clients were let in.
fn accept(listener: &TcpListener, service: &Arc<Service>) {
    while !service.stopping() {
        match listener.accept() {
            Ok((stream, peer)) => admit(stream, peer, service),
            // Out of descriptors or memory: only time helps, and a loop without a pause would take the processor too.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
    if listener.set_nonblocking(true).is_ok() {
        for (stream, peer) in std::iter::from_fn(|| listener.accept().ok()).take(BACKLOG.into()) {
            admit(stream, peer, service);
        }
    }
}

/// Gives a connection its thread, or refuses it with 503 when there are too many.
fn admit(mut stream: TcpStream, peer: SocketAddr, service: &Arc<Service>) {
    let Some(slot) = service.connections.enter() else {
        // The socket's buffer is empty: this cannot block, and a client that has gone loses nothing.
        let refusal = Response::error(503, "too many connections").bytes(Reuse::Close, true);
        stream.write_all(&refusal).unwrap_or_default();
        return;
    };
    let service = Arc::clone(service);
    let serve = move || {
        connection::serve(stream, peer, &service);
        drop(slot);
    };
    // Without a thread to be had, under a limit on processes, the connection is dropped: the client may try again.
    drop(thread::Builder::new().stack_size(STACK).spawn(serve));
}
