//! The request that opens a WebSocket, and its answer: <https://www.rfc-editor.org/rfc/rfc6455#section-4.1>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::rollout::fleet::Entry;
use crate::rootfs::escaped;

/// What the server's proof is made of, beside the client's key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A cookie, as the balancer gives it and gets it back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::drill) struct Cookie {
    pub(in crate::drill) name: String,
    pub(in crate::drill) value: String,
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// The request, with this key and the client's cookie if it has one.
pub(super) fn request(entry: &Entry, path: &str, key: &str, cookie: Option<&Cookie>) -> String {
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{cookie}\r\n",
        entry.authority(),
        crate::drill::requests::USER_AGENT,
    )
}

/// A key: 16 bytes in base64.
pub(super) fn key(bytes: [u8; 16]) -> String {
    STANDARD.encode(bytes)
}

/// The cookies that came with an answer which opens a WebSocket.
///
/// # Errors
/// It is another answer: which, in words that go behind the path.
pub(super) fn answer(head: &[u8], key: &str) -> Result<Vec<Cookie>, String> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let code = status.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next());
    if code != Some("101") {
        return Err(match code {
            Some(code) => format!("answers {}", escaped(code.as_bytes())),
            None => "answers no HTTP".to_owned(),
        });
    }
    let fields: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let values = |wanted: &'static str| {
        fields.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let proof = STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
    if values("Sec-WebSocket-Accept").next() != Some(&proof) {
        return Err("answers 101, and not to this request: is there a cache in between?".to_owned());
    }
    Ok(values("Set-Cookie").filter_map(cookie).collect())
}

fn cookie(text: &str) -> Option<Cookie> {
    let (name, value) = text.split(';').next()?.trim().split_once('=')?;
    Some(Cookie { name: name.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    #[test]
    fn a_request_names_the_host_as_it_was_given() {
        let cookie = Cookie { name: "SERVERID".to_owned(), value: "api-1".to_owned() };
        let entry = Entry::parse("http://lb.example").unwrap();
        let text = request(&entry, "/ws", KEY, Some(&cookie));
        assert!(text.starts_with("GET /ws HTTP/1.1\r\nHost: lb.example\r\n"), "{text}");
        assert!(text.ends_with("\r\nCookie: SERVERID=api-1\r\n\r\n"), "{text}");
        assert_eq!(key(*b"the sample nonce"), KEY);
        let without = request(&entry, "/ws", KEY, None);
        assert!(without.ends_with(&format!("Sec-WebSocket-Key: {KEY}\r\n\r\n")), "{without}");
    }

    #[test]
    fn an_answer_proves_that_it_is_one() {
        let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\
                    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: SERVERID=api-1; path=/\r\n\
                    set-cookie: a=b\r\n\r\n";
        let cookies: Vec<_> = answer(head.as_bytes(), KEY).unwrap().iter().map(Cookie::to_string).collect();
        assert_eq!(cookies, ["SERVERID=api-1", "a=b"]);
        let stale = "answers 101, and not to this request: is there a cache in between?";
        assert_eq!(answer(head.as_bytes(), "another").unwrap_err(), stale);
    }

    #[test]
    fn another_answer_is_told() {
        for (head, why) in [
            ("HTTP/1.1 404 Not Found\r\n\r\n", "answers 404"),
            ("HTTP/1.1 \u{1b}[2J\r\n\r\n", "answers \\x1b[2J"),
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "answers no HTTP"),
            ("", "answers no HTTP"),
        ] {
            assert_eq!(answer(head.as_bytes(), KEY).unwrap_err(), why);
        }
    }
}
