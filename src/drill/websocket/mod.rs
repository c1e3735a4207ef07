//! A client of WebSockets that opens one and stays: nothing is sent but signs of life.

mod frames;
mod handshake;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use self::frames::{Frame, Frames};
pub(super) use self::handshake::Cookie;
use crate::haproxy::Tcp;
use crate::rollout::fleet::Entry;
use crate::rootfs::escaped;

/// For a connection and the answer to its handshake. A balancer tries a server that is gone several times, some seconds
/// each, before it takes another one; a browser waits for that.
const PATIENCE: Duration = Duration::from_secs(20);
/// How soon a client that waits for the other side sees that it is to go.
const TICK: Duration = Duration::from_millis(100);
/// The longest head of an answer that is read, in bytes.
const LONGEST_HEAD: usize = 16 << 10;

const CLOSE: u8 = 0x8;
const PONG: u8 = 0xa;
/// Code 1000: it is done.
const DONE: [u8; 2] = [0x03, 0xe8];

/// One that is open.
#[derive(Debug)]
pub(super) struct WebSocket {
    stream: TcpStream,
    frames: Frames,
}

/// One that was just opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) socket: WebSocket,
    /// What the balancer, or the service, wants to be told the next time.
    pub(super) cookies: Vec<Cookie>,
    /// Where it comes from, as long as nobody between here and the balancer changes that.
    pub(super) from: Option<SocketAddr>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The other side closed it, in whichever way.
    There,
    /// This one wants to go.
    Here,
}

impl WebSocket {
    /// Opens one at this path.
    ///
    /// # Errors
    /// It was not opened: why, in a sentence.
    pub(super) fn open(entry: &Entry, path: &str, cookie: Option<&Cookie>) -> Result<Opened, String> {
        let end = Instant::now() + PATIENCE;
        let unanswered = |error: io::Error| {
            let why = match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => format!("no answer within {} s", PATIENCE.as_secs()),
                ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
                _ => escaped(error.to_string().as_bytes()),
            };
            format!("`GET {path}` at `{entry}` is not answered: {why}")
        };
        let mut stream = Tcp(entry.endpoint()).connect(end).map_err(unanswered)?;
        let key = handshake::key(random());
        let request = handshake::request(entry, path, &key, cookie);
        let (head, rest) = exchange(&mut stream, request.as_bytes(), end).map_err(unanswered)?;
        let cookies = handshake::answer(&head, &key).map_err(|why| format!("`GET {path}` at `{entry}` {why}"))?;
        stream.set_read_timeout(Some(TICK)).map_err(unanswered)?;
        let mut frames = Frames::default();
        frames.push(&rest);
        let from = stream.local_addr().ok();
        Ok(Opened { socket: Self { stream, frames }, cookies, from })
    }

    /// Answers signs of life until it ends.
    pub(super) fn stay(mut self, is_over: impl Fn() -> bool) -> Ended {
        let mut bytes = [0; 4096];
        loop {
            while let Some(frame) = self.frames.next() {
                let said = match frame {
                    Frame::Ping(payload) => self.say(PONG, &payload),
                    Frame::Close => self.say(CLOSE, &DONE).and(Err(ErrorKind::ConnectionAborted.into())),
                    Frame::Broken => Err(ErrorKind::InvalidData.into()),
                };
                if said.is_err() {
                    return Ended::There;
                }
            }
            if is_over() {
                // How the farewell goes is of no interest.
                let _ = self.say(CLOSE, &DONE);
                return Ended::Here;
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ended::There,
                Ok(count) => self.frames.push(bytes.get(..count).unwrap_or_default()),
                Err(error) if is_no_matter(&error) => {}
                Err(_) => return Ended::There,
            }
        }
    }

    fn say(&mut self, code: u8, payload: &[u8]) -> io::Result<()> {
        let [a, b, c, d, ..] = random();
        self.stream.write_all(&frames::control(code, payload, [a, b, c, d]))
    }
}

/// The head of the answer to a request, and what came behind it.
fn exchange(stream: &mut TcpStream, request: &[u8], end: Instant) -> io::Result<(Vec<u8>, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";

    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut head = Vec::new();
    let mut bytes = [0; 1024];
    loop {
        if let Some(at) = head.windows(END.len()).position(|window| window == END) {
            let rest = head.split_off(at + END.len());
            return Ok((head, rest));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        if head.len() > LONGEST_HEAD {
            return Err(io::Error::new(ErrorKind::InvalidData, "the head of the answer is too long"));
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => head.extend(bytes.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Nothing came within a tick, or a signal did.
fn is_no_matter(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Bytes that no two requests share. Nothing is kept secret by them.
fn random() -> [u8; 16] {
    let half = || RandomState::new().build_hasher().finish();
    (u128::from(half()) << 64 | u128::from(half())).to_be_bytes()
}

#[cfg(test)]
mod tests;
