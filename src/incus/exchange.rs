//! One request and its answer: sent once, or again and again where it only reads, and bounded in size and time.

use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::request::Builder;
use ureq::http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, header};
use ureq::{AsSendBody, Body, SendBody};

use super::address;
use super::client::Client;
use super::content::Content;
use super::failure::{Failure, Kind, Result};
use super::profiles::Etag;

/// The most that an answer in JSON may hold.
const LARGEST: u64 = 16 << 20;

/// The most that is shown of what Incus says about a failure, in bytes.
const LONGEST_REASON: usize = 4_096;

/// For a whole exchange, but for files and images, which take as long as they come.
const WHOLE: Duration = Duration::from_secs(150);

/// For so long an instance's files are left alone once Incus has lost the helper through which it reads and writes them.
///
/// Incus listens for the helper at a path that bears the instance's name, and whoever waited for one removes what is at that
/// path when it ends: also the socket of the next, or that of another container which was given the name meanwhile. The
/// one whose socket is gone can be asked nothing, and ends after 15 seconds of that; who asks within them waits for its end,
/// and then finds the next one's socket removed. Only silence for longer than that ends it.
const SILENCE: Duration = Duration::from_secs(17);

/// A request: what is asked of which object, and in words.
pub(super) struct Call {
    method: Method,
    /// The path and the query, but for the project.
    target: String,
    /// What Incus is asked to do: `start `web-1``.
    wanted: String,
    headers: Vec<(HeaderName, String)>,
    body: Option<Value>,
    /// Whether it takes as long as its bytes come.
    is_unhurried: bool,
}

/// What Incus answered.
pub(super) struct Answer<T> {
    headers: HeaderMap,
    /// What the answer is about.
    pub(super) metadata: T,
    /// The path of the operation that goes on, or nothing.
    pub(super) operation: String,
}

/// The frame of every answer in JSON, apart from what the answer is about.
#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct About<T> {
    metadata: T,
}

impl Call {
    /// A request about the object of these segments, below `/1.0`.
    pub(super) fn new(method: Method, segments: &[&str], wanted: impl Into<String>) -> Self {
        let (target, wanted) = (address::path(segments), wanted.into());
        Self { method, target, wanted, headers: Vec::new(), body: None, is_unhurried: false }
    }

    /// One that only reads.
    pub(super) fn get(segments: &[&str], wanted: impl Into<String>) -> Self {
        Self::new(Method::GET, segments, wanted)
    }

    /// One that only reads, for the sake of this one.
    pub(super) fn beside(&self, segments: &[&str]) -> Self {
        Self::get(segments, self.wanted.clone())
    }

    /// Lets the exchange take as long as its bytes come.
    pub(super) fn unhurried(mut self) -> Self {
        self.is_unhurried = true;
        self
    }

    /// Adds a part of the query, its value as bytes.
    pub(super) fn query(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(key);
        self.target.push('=');
        self.target.push_str(&address::encoded(value.as_ref()));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Incus did not do it.
    pub(super) fn refused(&self, kind: Kind) -> Failure {
        Failure::new(kind, format!("Incus cannot {}", self.wanted))
    }

    /// It went on past its deadline.
    pub(super) fn timed_out(&self, deadline: Duration) -> Failure {
        Failure::new(Kind::TimedOut, format!("Incus did not {} within {} s", self.wanted, deadline.as_secs_f32()))
    }

    /// Nobody knows whether it was done.
    pub(super) fn lost(&self) -> Failure {
        Failure::new(Kind::Lost, format!("Incus was lost while it was asked to {}", self.wanted))
    }

    /// What came is not what Incus answers.
    pub(super) fn malformed(&self, why: impl std::fmt::Display) -> Failure {
        self.nonsense().cause(why)
    }

    fn nonsense(&self) -> Failure {
        let message = format!("what Incus answered when it was asked to {} makes no sense", self.wanted);
        Failure::new(Kind::Malformed, message)
    }

    pub(super) fn of_http(&self, error: ureq::Error) -> Failure {
        Failure::of_http(error, |kind| match kind {
            Kind::Malformed => self.nonsense(),
            Kind::Lost => self.lost(),
            kind => self.refused(kind),
        })
    }
}

impl<T> Answer<T> {
    /// A header as text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<String> {
        text(&self.headers, name)
    }

    /// The state of what was read.
    pub(super) fn etag(&self) -> Option<Etag> {
        self.header(&header::ETAG).map(Etag)
    }
}

impl Client {
    /// Sends what only reads, again while the connection is lost, and as long as there is patience.
    pub(super) fn read_one<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>> {
        self.patiently(|| call.answer(self.send(call, None)?))
    }

    /// The same, for what may not be there.
    pub(super) fn read_if_there<T: DeserializeOwned>(&self, call: &Call) -> Result<Option<Answer<T>>> {
        match self.read_one(call) {
            Err(failure) if failure.kind() == Kind::NotFound => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// The same, for an answer that is a file and no JSON.
    pub(super) fn read_raw(&self, call: &Call) -> Result<(HeaderMap, Body)> {
        self.patiently(|| {
            let (parts, body) = call.accepted(self.send(call, None)?)?.into_parts();
            Ok((parts.headers, body))
        })
    }

    /// Sends what changes something, once.
    pub(super) fn change(&self, call: &Call) -> Result<Answer<Value>> {
        call.answer(self.send(call, None)?)
    }

    /// Sends what changes something, with a content of so many bytes, once. Whether the content could be read is for the
    /// caller to ask it.
    pub(super) fn upload(&self, call: &Call, size: u64, content: &mut Content<'_>) -> Result<Answer<Value>> {
        if size == 0 {
            // Of no bytes none is read.
            content.check_end().map_err(|cause| call.of_http(cause.into()))?;
        }
        call.answer(self.send(call, Some((size, content)))?)
    }

    /// Asks until there is an answer or no more patience. An interrupt waits for the end of a rest as well: a rollout that is
    /// interrupted goes back, for which it asks for the same files, and one that is asked for too soon is lost again.
    fn patiently<T>(&self, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
        let begun = Instant::now();
        loop {
            match attempt() {
                Err(failure) if failure.kind() == Kind::Lost && begun.elapsed() + failure.rest() < self.patience => {
                    sleep(failure.rest());
                }
                outcome => return outcome,
            }
        }
    }

    fn send(&self, call: &Call, content: Option<(u64, &mut dyn Read)>) -> Result<Response<Body>> {
        let separator = if call.target.contains('?') { '&' } else { '?' };
        let project = address::encoded(self.project().as_bytes());
        let uri = format!("{}{}{separator}project={project}", self.base, call.target);
        let mut request = Request::builder().method(&call.method).uri(uri);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let with = |request: Builder, kind| request.header(header::CONTENT_TYPE, kind);
        match (content, &call.body) {
            (Some((size, content)), _) => {
                let request = with(request, OCTETS).header(header::CONTENT_LENGTH, size);
                self.perform(call, request.body(SendBody::from_reader(content)), None)
            }
            (None, Some(body)) => self.perform(call, with(request, JSON).body(body.to_string()), call.limit()),
            (None, None) => self.perform(call, request.body(()), call.limit()),
        }
    }

    fn perform(
        &self,
        call: &Call,
        request: ureq::http::Result<Request<impl AsSendBody>>,
        limit: Option<Duration>,
    ) -> Result<Response<Body>> {
        let request = request.map_err(|cause| call.refused(Kind::Refused).cause(cause))?;
        let request = self.agent.configure_request(request).timeout_global(limit).build();
        self.agent.run(request).map_err(|error| call.of_http(error))
    }
}

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

impl Call {
    fn limit(&self) -> Option<Duration> {
        (!self.is_unhurried).then_some(WHOLE)
    }

    /// The answer, unless it is a refusal.
    fn accepted(&self, response: Response<Body>) -> Result<Response<Body>> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let kind = kind_of(status);
        // The answer to this has no body.
        if self.method == Method::HEAD {
            return Err(self.failed(kind).cause(status));
        }
        match serde_json::from_slice::<Frame>(&self.bounded(response.into_body())?) {
            Ok(frame) if frame.kind == "error" => {
                let failure = match lost_helper(&frame.error) {
                    true => self.lost().resting(SILENCE),
                    false => self.failed(kind),
                };
                Err(failure.cause(shortened(&frame.error)))
            }
            _ if kind == Kind::Lost => Err(self.lost().cause(status)),
            _ => Err(self.malformed(format!("HTTP status {status}, and no reason in JSON"))),
        }
    }

    fn answer<T: DeserializeOwned>(&self, response: Response<Body>) -> Result<Answer<T>> {
        let (parts, body) = self.accepted(response)?.into_parts();
        let bytes = self.bounded(body)?;
        let frame: Frame = self.parsed(&bytes)?;
        match frame.kind.as_str() {
            "sync" | "async" => {}
            // Whoever waits for an operation gets the first half of the answer at once, and the status is a part of it.
            "error" => {
                let kind = StatusCode::from_u16(frame.error_code).map_or(Kind::Refused, kind_of);
                // What the operation missed, not what was asked for.
                let kind = if kind == Kind::NotFound { Kind::Refused } else { kind };
                return Err(self.failed(kind).cause(shortened(&frame.error)));
            }
            other => return Err(self.malformed(format!("an answer of the type `{}`", shortened(other)))),
        }
        let About { metadata } = self.parsed(&bytes)?;
        Ok(Answer { headers: parts.headers, metadata, operation: frame.operation })
    }

    fn parsed<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        // What the parser quotes could be a secret of a configuration: only where it is goes into the message.
        serde_json::from_slice(bytes).map_err(|cause| {
            let is_data = cause.classify() == serde_json::error::Category::Data;
            let what = if is_data { "another value than expected" } else { "no JSON" };
            self.malformed(format!("{what}, at line {}, column {}", cause.line(), cause.column()))
        })
    }

    fn failed(&self, kind: Kind) -> Failure {
        if kind == Kind::Lost { self.lost() } else { self.refused(kind) }
    }

    /// All of an answer that is not to be large.
    pub(super) fn bounded(&self, body: Body) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = body.into_reader().take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|cause| self.of_http(cause.into()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(self.malformed("more than 16 MiB"));
        }
        Ok(bytes)
    }
}

/// What a status of HTTP means.
fn kind_of(status: StatusCode) -> Kind {
    match status {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::PRECONDITION_FAILED => Kind::Changed,
        StatusCode::CONFLICT => Kind::Exists,
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Kind::Denied,
        // A daemon that starts or ends says so, and a proxy that has none behind it.
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Kind::Lost,
        _ => Kind::Refused,
    }
}

/// Whether Incus says that it cannot reach the helper through which it reads and writes an instance's files.
fn lost_helper(error: &str) -> bool {
    error.contains("forkfile.sock: connect: ")
}

/// A header as text, if it is some.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

pub(super) fn shortened(reason: &str) -> &str {
    let end = (0..=LONGEST_REASON.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end));
    reason.get(..end.unwrap_or_default()).unwrap_or_default()
}
