//! One HTTP/1.1 GET over a plain socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::seconds;

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Asks for `path` on a connection of its own, which the server is told to close.
///
/// # Errors
/// What the socket said, 5 seconds without an answer, or an answer that is not HTTP/1.1 with UTF-8 in its body.
pub(crate) fn http_get(address: impl Into<SocketAddr>, path: &str) -> io::Result<Reply> {
    /// Larger than any answer that a test expects.
    const MOST: u64 = 1 << 20;

    let address = address.into();
    let mut socket = TcpStream::connect_timeout(&address, seconds(5))?;
    socket.set_read_timeout(Some(seconds(5)))?;
    socket.set_write_timeout(Some(seconds(5)))?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    socket.take(MOST).read_to_end(&mut bytes)?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> io::Result<Reply> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let head = response.parse(bytes).map_err(io::Error::other)?;
    let (httparse::Status::Complete(end), Some(status)) = (head, response.code) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let body = String::from_utf8(bytes[end..].to_vec()).map_err(io::Error::other)?;
    Ok(Reply { status, body })
}
