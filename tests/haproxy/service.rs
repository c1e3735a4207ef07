//! The sample service at an address of its own, and clients that reach it through a balancer.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tungstenite::WebSocket;

use crate::sample::binary;
use crate::support::balancer::loopback;
use crate::support::{seconds, wait_for};

/// A service, killed with its value.
pub(super) struct Service {
    /// Where it listens, on port 8080.
    pub(super) address: Ipv4Addr,
    child: Child,
    _log_dir: TempDir,
}

impl Service {
    /// A healthy one, once it listens.
    pub(super) fn start() -> Self {
        Self::start_at(loopback())
    }

    pub(super) fn start_at(address: Ipv4Addr) -> Self {
        let log_dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary());
        command.env_clear().env("PORT", "8080").env("VEZA_LISTEN", address.to_string());
        command.env("VEZA_LOG_DIR", log_dir.path()).env("VEZA_ON_SIGTERM", "at-once");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let service = Self { address, child, _log_dir: log_dir };
        wait_for("the service to listen", seconds(20), || {
            TcpStream::connect((address, 8080)).map(drop).map_err(|error| error.to_string())
        });
        service
    }

    /// Its process id, which it answers with.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once.
    pub(super) fn kill(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).unwrap();
        wait_for("the port to be closed", seconds(20), || match TcpStream::connect((self.address, 8080)) {
            Ok(_) => Err("it is open".to_owned()),
            Err(_) => Ok(()),
        });
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It fails only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that accepts one connection, reads a request's head, and answers with a body of two parts, the second when
/// it is told to.
pub(super) struct Dribble {
    pub(super) address: SocketAddr,
    listener: TcpListener,
}

impl Dribble {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind((loopback(), 8080)).unwrap();
        Self { address: listener.local_addr().unwrap(), listener }
    }

    /// The first part; the connection takes the second.
    pub(super) fn answer_half(&self) -> TcpStream {
        let (mut stream, _) = self.listener.accept().unwrap();
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha").unwrap();
        stream
    }
}

/// A client's connection to a frontend.
pub(super) fn connect(address: (Ipv4Addr, u16)) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(seconds(30))).unwrap();
    stream
}

/// Sends a GET with these header lines, each ended by `\r\n`.
pub(super) fn send_get(stream: &mut TcpStream, path: &str, headers: &str) {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: veza\r\n{headers}\r\n").unwrap();
}

/// Reads an answer's head.
pub(super) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    String::from_utf8(head).unwrap()
}

/// A WebSocket at `/ws`, through a frontend.
pub(super) fn websocket(address: (Ipv4Addr, u16)) -> WebSocket<TcpStream> {
    let url = format!("ws://{}:{}/ws", address.0, address.1);
    tungstenite::client(url, connect(address)).unwrap().0
}
