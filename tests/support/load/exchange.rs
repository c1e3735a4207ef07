//! One request and its answer on a connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::report::Kind;

/// Larger than any answer that is right.
const MOST: usize = 64 * 1024;

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    /// The values of `Set-Cookie`.
    pub(super) set_cookies: Vec<String>,
    pub(super) body: Vec<u8>,
    /// The connection, unless the answer says that it ends.
    pub(super) reusable: Option<TcpStream>,
}

/// Why there is no answer, or not a right one.
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) detail: String,
    /// The connection ended before one byte of an answer.
    pub(super) unanswered: bool,
}

/// Sends the request and reads its answer up to the last byte.
pub(super) fn exchange(mut stream: TcpStream, request: &[u8], deadline: Instant) -> Result<Answer, Fault> {
    let sent = stream.set_write_timeout(Some(left(deadline))).and_then(|()| stream.write_all(request));
    sent.map_err(|error| broken(&error, true))?;
    let mut bytes = Vec::new();
    loop {
        if let Some((answer, closes)) = parse(&bytes)? {
            return Ok(Answer { reusable: Some(stream).filter(|_| !closes), ..answer });
        }
        let mut chunk = [0; 4096];
        let read = stream.set_read_timeout(Some(left(deadline))).and_then(|()| stream.read(&mut chunk));
        match read {
            Ok(0) => {
                let detail = format!("after {} bytes of an answer", bytes.len());
                return Err(Fault { kind: Kind::Closed, detail, unanswered: bytes.is_empty() });
            }
            Ok(count) if bytes.len() + count <= MOST => bytes.extend_from_slice(&chunk[..count]),
            Ok(_) => return Err(malformed(format!("an answer of over {MOST} bytes"))),
            Err(error) => return Err(broken(&error, bytes.is_empty())),
        }
    }
}

/// What is left until the deadline, as sockets take it: never nothing.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

fn broken(error: &io::Error, unanswered: bool) -> Fault {
    let late = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
    let kind = if late { Kind::Late } else { Kind::Reset };
    Fault { kind, detail: error.to_string(), unanswered: unanswered && !late }
}

fn malformed(detail: impl ToString) -> Fault {
    Fault { kind: Kind::Answer, detail: detail.to_string(), unanswered: false }
}

/// The answer once all of it is there, and whether the connection ends with it. The body's length must be told, as both
/// the service and HAProxy do.
fn parse(bytes: &[u8]) -> Result<Option<(Answer, bool)>, Fault> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    let (start, status) = match response.parse(bytes).map_err(malformed)? {
        httparse::Status::Complete(start) => (start, response.code.unwrap_or_default()),
        httparse::Status::Partial => return Ok(None),
    };
    let values = |name: &'static str| {
        let named = response.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| String::from_utf8_lossy(field.value).into_owned())
    };
    let length = values("content-length").next().and_then(|value| value.parse::<usize>().ok());
    let length = match length {
        Some(length) if length <= MOST => length,
        // An error of the balancer is one whatever its body.
        _ if status != 200 => bytes.len() - start,
        _ => return Err(malformed("no `Content-Length`")),
    };
    let body = &bytes[start..];
    if body.len() > length {
        return Err(malformed(format!("{} bytes more than the answer has", body.len() - length)));
    }
    if body.len() < length {
        return Ok(None);
    }
    let closes = response.version != Some(1) || values("connection").any(|value| value.eq_ignore_ascii_case("close"));
    let set_cookies = values("set-cookie").collect();
    Ok(Some((Answer { status, set_cookies, body: body.to_vec(), reusable: None }, closes)))
}
