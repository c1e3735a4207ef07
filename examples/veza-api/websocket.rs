//! The WebSocket at `/ws`: an echo, RFC 6455.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Bytes, Error, Message, WebSocket};

use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::wire;
use crate::service::Service;

/// The largest message, in bytes.
const LARGEST: usize = 1 << 20;

/// Silence after which the client is asked for a sign of life.
const QUIET: Duration = Duration::from_secs(30);

/// Silence after which the client is taken for dead.
const DEAD: Duration = Duration::from_secs(60);

/// How long a client may take to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(2);

/// The answer that switches protocols.
///
/// # Errors
/// The answer to a request that is no WebSocket handshake.
pub(crate) fn accept(request: &Request) -> Result<Response, Response> {
    if !request.has_token("upgrade", "websocket") || !request.has_token("connection", "upgrade") {
        let response = Response::error(426, "this path speaks WebSocket only");
        return Err(response.header("Upgrade", "websocket"));
    }
    if request.header("sec-websocket-version") != Some("13") {
        let response = Response::error(426, "the WebSocket version is not 13");
        return Err(response.header("Upgrade", "websocket").header("Sec-WebSocket-Version", "13"));
    }
    let key = request.header("sec-websocket-key").filter(|key| is_nonce(key));
    match key {
        Some(_) if request.has_body() => Err(Response::error(400, "a WebSocket handshake has no body")),
        Some(key) => Ok(Response::empty(101)
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes()))),
        None => Err(Response::error(400, "`Sec-WebSocket-Key` is not 16 bytes in base64")),
    }
}

/// Whether it is 16 bytes in base64: 22 digits and the padding.
fn is_nonce(key: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    key.strip_suffix("==").is_some_and(|digits| digits.len() == 22 && digits.bytes().all(digit))
}

/// Echoes until either side closes; a service that stops closes with 1001, going away.
///
/// `stream` gives up a read after a tick, so that a stop and a silence are noticed; `early` is what the client sent
/// right behind its handshake.
pub(crate) fn echo(stream: TcpStream, early: Vec<u8>, service: &Service) {
    let config = WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let mut socket = WebSocket::from_partially_read(stream, early, Role::Server, Some(config));
    // How it ended is of no consequence: the client has closed, is gone, or was sent away.
    converse(&mut socket, service).unwrap_or_default();
    wire::linger(socket.get_ref());
}

/// Tungstenite reports even a proper close as an error.
fn converse(socket: &mut WebSocket<TcpStream>, service: &Service) -> tungstenite::Result<()> {
    let mut heard = Instant::now();
    let mut asked = false;
    let mut leave_by = None;
    loop {
        match socket.read() {
            Ok(message) => {
                (heard, asked) = (Instant::now(), false);
                if leave_by.is_none() && (message.is_text() || message.is_binary()) {
                    socket.send(message)?;
                }
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                let Some(code) = fault(&error) else { return Err(error) };
                return socket.close(Some(CloseFrame { code, reason: "".into() }));
            }
        }
        match leave_by {
            Some(deadline) if Instant::now() >= deadline => return Ok(()),
            Some(_) => {}
            None if service.stopping() => {
                socket.close(Some(CloseFrame { code: CloseCode::Away, reason: "the service stops".into() }))?;
                leave_by = Some(Instant::now() + FAREWELL);
            }
            None if heard.elapsed() >= DEAD => return Ok(()),
            None if heard.elapsed() >= QUIET && !asked => {
                socket.send(Message::Ping(Bytes::new()))?;
                asked = true;
            }
            None => {}
        }
    }
}

/// The close code for what the client did wrong, if it was the client.
fn fault(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(CloseCode::Size),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        _ => None,
    }
}
