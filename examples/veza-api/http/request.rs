//! A request's head: RFC 9112, sections 3 to 7.

use super::Unread;

/// The largest head, in bytes.
const LARGEST: usize = 16 * 1024;

/// The most header fields.
const MOST: usize = 64;

/// How the body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes; zero for a request without body.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Request {
    /// As it was sent: methods are case-sensitive.
    pub(crate) method: String,
    /// Without query, scheme and authority.
    pub(crate) path: String,
    /// After the question mark.
    pub(crate) query: Option<String>,
    /// Whether the client would send another request on this connection.
    pub(super) keep_alive: bool,
    /// Whether it is HTTP/1.0, where keeping alive has to be said.
    pub(super) old: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
    /// How the body is delimited.
    pub(super) framing: Framing,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Reads a request from the front of `bytes`: the request and how many bytes its head takes, or none when there
    /// is more to come.
    ///
    /// # Errors
    /// The head is malformed, too large, or leaves open where the body ends.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Unread> {
        const TOO_LARGE: Unread = Unread::Refused(431, "the request's head is over 16 KiB or 64 fields");

        let mut headers = [httparse::EMPTY_HEADER; MOST];
        let mut parsed = httparse::Request::new(&mut headers);
        let length = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= LARGEST => length,
            Ok(httparse::Status::Partial) if bytes.len() < LARGEST => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(TOO_LARGE),
            Err(_) => return Err(malformed("the request is not HTTP/1.0 or HTTP/1.1")),
        };
        let target = parsed.path.and_then(split_target).ok_or(malformed("the request's target is not a path"))?;
        let field = |header: &httparse::Header<'_>| {
            (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).trim().to_owned())
        };
        let mut request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: target.0.to_owned(),
            query: target.1.map(str::to_owned),
            keep_alive: true,
            old: parsed.version == Some(0),
            expects_continue: false,
            framing: Framing::Length(0),
            headers: parsed.headers.iter().map(field).collect(),
        };
        request.frame()?;
        Ok(Some((request, length)))
    }

    /// Draws from the header fields what decides about the connection and the body.
    fn frame(&mut self) -> Result<(), Unread> {
        let hosts = self.values("host").count();
        if hosts > 1 || (hosts == 0 && !self.old) {
            return Err(malformed("the request has no `Host`, or several"));
        }
        self.keep_alive = match self.old {
            true => self.has_token("connection", "keep-alive") && !self.has_token("connection", "close"),
            false => !self.has_token("connection", "close"),
        };
        self.expects_continue = match self.header("expect") {
            Some(_) if self.old => false,
            Some(value) if value.eq_ignore_ascii_case("100-continue") => true,
            Some(_) => return Err(Unread::Refused(417, "the only expectation met is `100-continue`")),
            None => false,
        };
        self.framing = self.framing()?;
        Ok(())
    }

    /// What both fields say of the body's end. A request that two servers could delimit differently is refused, as
    /// RFC 9112 asks in 6.1 and 6.3: one behind a balancer must not be smuggled a second request.
    fn framing(&self) -> Result<Framing, Unread> {
        let mut codings = self.values("transfer-encoding");
        let mut lengths = self.values("content-length");
        match (codings.next(), lengths.next()) {
            (None, None) => Ok(Framing::Length(0)),
            (Some(coding), None) if !self.old && codings.next().is_none() => {
                match coding.eq_ignore_ascii_case("chunked") {
                    true => Ok(Framing::Chunked),
                    false => Err(Unread::Refused(501, "the only transfer coding is `chunked`")),
                }
            }
            (None, Some(length)) if lengths.all(|other| other == length) => {
                let digits = length.bytes().all(|byte| byte.is_ascii_digit());
                let length = digits.then(|| length.parse().ok()).flatten();
                length.map(Framing::Length).ok_or(malformed("`Content-Length` is not a number"))
            }
            _ => Err(malformed("`Content-Length` and `Transfer-Encoding` do not tell where the body ends")),
        }
    }

    /// Whether a body follows.
    pub(crate) fn has_body(&self) -> bool {
        self.framing != Framing::Length(0)
    }

    /// The first field of this name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Whether one of the fields of this name lists the token, in any case.
    pub(crate) fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name).flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |field| field.0 == name).map(|field| field.1.as_str())
    }
}

fn malformed(why: &'static str) -> Unread {
    Unread::Refused(400, why)
}

/// The path and the query of a target in origin, absolute or asterisk form.
fn split_target(target: &str) -> Option<(&str, Option<&str>)> {
    let scheme = ["http://", "https://"]
        .iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let local = match scheme {
        Some(scheme) => target[scheme.len()..].find('/').map_or("/", |slash| &target[scheme.len() + slash..]),
        None => target,
    };
    match local.split_once('?') {
        _ if local == "*" => Some((local, None)),
        _ if !local.starts_with('/') => None,
        Some((path, query)) => Some((path, Some(query))),
        None => Some((local, None)),
    }
}
