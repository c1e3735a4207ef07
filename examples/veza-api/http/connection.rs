//! One connection: its requests, one after another.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::request::Request;
use super::response::{Response, Reuse};
use super::wire::{Fill, Wire};
use super::{Unread, body};
use crate::log::Event;
use crate::routes::{self, Action};
use crate::service::Service;
use crate::websocket;

/// How long a connection may stand without a request: longer than balancers keep one they do not use.
const IDLE: Duration = Duration::from_secs(75);

/// How long a request's head may take from its first byte.
const HEAD: Duration = Duration::from_secs(5);

/// How long a request's body may take.
const BODY: Duration = Duration::from_secs(60);

/// Answers requests until either side ends it.
pub(crate) fn serve(stream: TcpStream, peer: SocketAddr, service: &Service) {
    let Ok(wire) = Wire::new(stream) else { return };
    let mut connection = Connection { wire, peer, service };
    loop {
        let reuse = match connection.head() {
            Ok(Some(request)) => connection.answer(&request),
            Ok(None) | Err(Unread::Gone) => return,
            Err(Unread::Refused(code, why)) => connection.refuse(code, why),
        };
        match reuse {
            Some(Reuse::KeepAlive) => {}
            Some(Reuse::Close) => return connection.wire.close(),
            Some(Reuse::Upgrade) => {
                let (stream, early) = connection.wire.into_parts();
                return websocket::echo(stream, early, service);
            }
            None => return,
        }
    }
}

struct Connection<'a> {
    wire: Wire,
    peer: SocketAddr,
    service: &'a Service,
}

/// What is known of a request that has been read, for the log.
struct Read<'a> {
    request: Option<&'a Request>,
    since: Instant,
    bytes_in: u64,
}

impl Connection<'_> {
    /// Waits for a request's head; none when the client sends no more, or has been quiet for too long, or when the
    /// service stops before the first byte.
    fn head(&mut self) -> Result<Option<Request>, Unread> {
        let mut idle = self.wire.buffer().is_empty();
        let mut deadline = Instant::now() + if idle { IDLE } else { HEAD };
        loop {
            if let Some((request, length)) = Request::parse(self.wire.buffer())? {
                self.wire.consume(length);
                return Ok(Some(request));
            }
            match self.wire.fill(deadline, || idle && self.service.stopping()) {
                Fill::Bytes if idle => (idle, deadline) = (false, Instant::now() + HEAD),
                Fill::Bytes if Instant::now() < deadline => {}
                Fill::Overdue | Fill::Closed | Fill::Stopping if idle => return Ok(None),
                Fill::Bytes | Fill::Overdue => return Err(Unread::Refused(408, "the request's head took too long")),
                Fill::Closed | Fill::Stopping => return Err(Unread::Gone),
            }
        }
    }

    /// Does what the request asks for and answers it; none when the client has gone.
    fn answer(&mut self, request: &Request) -> Option<Reuse> {
        let since = Instant::now();
        let read = |bytes_in| Read { request: Some(request), since, bytes_in };
        let action = routes::action(request, self.service);
        let refused = match action {
            Action::Upgrade(response) => return self.send(&response, Reuse::Upgrade, read(0)),
            // A client that asks first is told, and keeps its body.
            Action::Respond(response) if request.expects_continue => {
                return self.send(&response, Reuse::Close, read(0));
            }
            Action::Respond(response) => match self.body(request) {
                Ok(bytes) => return self.send(&response, self.reuse(request), read(bytes)),
                Err(refused) => refused,
            },
            Action::Slow(pause) => match self.body(request) {
                Ok(bytes) => {
                    thread::sleep(pause);
                    let response = routes::slow(self.service, bytes, pause);
                    return self.send(&response, self.reuse(request), read(bytes));
                }
                Err(refused) => refused,
            },
        };
        match refused {
            Unread::Gone => None,
            Unread::Refused(code, why) => self.send(&Response::error(code, why), Reuse::Close, read(0)),
        }
    }

    /// Answers what is no request.
    fn refuse(&mut self, code: u16, why: &str) -> Option<Reuse> {
        let read = Read { request: None, since: Instant::now(), bytes_in: 0 };
        self.send(&Response::error(code, why), Reuse::Close, read)
    }

    /// Reads the body and returns its size.
    fn body(&mut self, request: &Request) -> Result<u64, Unread> {
        body::discard(&mut self.wire, request, Instant::now() + BODY)
    }

    /// Whether the connection goes on: not once the service stops.
    fn reuse(&self, request: &Request) -> Reuse {
        if request.keep_alive && !self.service.stopping() { Reuse::KeepAlive } else { Reuse::Close }
    }

    /// Sends an answer and logs the request; none when the client has gone.
    fn send(&mut self, response: &Response, reuse: Reuse, read: Read<'_>) -> Option<Reuse> {
        let method = read.request.map(|request| request.method.as_str());
        let sent = self.wire.write(&response.bytes(reuse, method != Some("HEAD")));
        self.service.log.write(&Event::Request {
            peer: self.peer,
            method,
            path: read.request.map(|request| request.path.as_str()),
            status: response.code(),
            bytes_in: read.bytes_in,
            ms: read.since.elapsed().as_millis(),
        });
        sent.ok().map(|()| reuse)
    }
}
