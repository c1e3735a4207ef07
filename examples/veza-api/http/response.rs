//! An answer, and its bytes.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// It takes another request.
    KeepAlive,
    /// It is closed.
    Close,
    /// It speaks another protocol.
    Upgrade,
}

/// An answer with a JSON body, or without any.
#[derive(Debug)]
pub(crate) struct Response {
    code: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

#[derive(Serialize)]
struct Failing<'a> {
    error: &'a str,
}

impl Response {
    /// An answer with a JSON body.
    pub(crate) fn json(code: u16, body: &impl Serialize) -> Self {
        // Only a map with keys that are not text, or a failing writer, could fail here: the structs have neither.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { code, headers: Vec::new(), body: Some(body) }
    }

    /// An answer that says in its body what is wrong.
    pub(crate) fn error(code: u16, error: &str) -> Self {
        Self::json(code, &Failing { error })
    }

    /// An answer whose status has no body by definition: 101 or 204.
    pub(crate) fn empty(code: u16) -> Self {
        Self { code, headers: Vec::new(), body: None }
    }

    /// Adds a header field.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The status code.
    pub(crate) fn code(&self) -> u16 {
        self.code
    }

    /// The answer as it is sent, in one piece so that it leaves in one segment; without its body for a HEAD.
    pub(crate) fn bytes(&self, reuse: Reuse, with_body: bool) -> Vec<u8> {
        let connection = match reuse {
            Reuse::KeepAlive => "keep-alive",
            Reuse::Close => "close",
            Reuse::Upgrade => "Upgrade",
        };
        let mut head = format!("HTTP/1.1 {} {}\r\nConnection: {connection}\r\n", self.code, reason(self.code));
        // Only a year past 9999 has no such date.
        if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()) {
            head += &format!("Date: {date}\r\n");
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let body = self.body.as_deref();
        if let Some(body) = body {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.filter(|_| with_body).unwrap_or_default());
        bytes
    }
}

/// The phrase of RFC 9110 and RFC 6585; empty for a code that is not sent here, which is allowed.
fn reason(code: u16) -> &'static str {
    match code {
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    }
}
