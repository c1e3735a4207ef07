//! A client that sends exactly what a test says and reads exactly one answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tungstenite::WebSocket;

/// The bound of every read and write, above the longest time-out under test.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The status line and the header fields but for `Date`, a line each.
    pub(super) head: String,
    pub(super) body: String,
}

impl Reply {
    /// The body without one of its keys, which must be there.
    pub(super) fn json_without(&self, key: &str) -> Value {
        let mut body: Value = serde_json::from_str(&self.body).unwrap();
        body.as_object_mut().unwrap().remove(key).unwrap();
        body
    }
}

/// A connection.
pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Self {
        Self { stream: connect(address), buffer: Vec::new() }
    }

    pub(super) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Sends and receives.
    pub(super) fn ask(&mut self, text: &str) -> Reply {
        self.send(text);
        self.receive()
    }

    /// Receives an answer with its body.
    pub(super) fn receive(&mut self) -> Reply {
        let head = self.receive_head();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
        while self.buffer.len() < length {
            assert!(self.fill(), "the connection ended in a body");
        }
        let body = String::from_utf8(self.buffer.drain(..length).collect()).unwrap();
        Reply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body }
    }

    /// Receives an answer that has no body, or leaves the body to come.
    pub(super) fn receive_head(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
                let lines = head.trim_end().split("\r\n").filter(|line| !line.starts_with("Date: "));
                return lines.map(|line| format!("{line}\n")).collect();
            }
            assert!(self.fill(), "the connection ended before an answer");
        }
    }

    /// Expects that the service ends the connection and sends nothing more.
    pub(super) fn expect_end(&mut self) {
        assert!(!self.fill() && self.buffer.is_empty(), "{}", String::from_utf8_lossy(&self.buffer));
    }

    /// Reads more; false at the end of the connection, a reset included.
    fn fill(&mut self) -> bool {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("waited {LIMIT:?} for the service: {error}"),
        }
    }
}

/// A WebSocket at `/ws`.
pub(super) fn websocket(address: SocketAddr) -> WebSocket<TcpStream> {
    let (socket, _) = tungstenite::client(format!("ws://{address}/ws"), connect(address)).unwrap();
    socket
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}
