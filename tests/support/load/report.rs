//! What a load has seen.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Shape;
use super::histogram::Histogram;

/// The most failures and WebSocket sessions that are kept one by one; beyond, they are counted.
const KEPT: usize = 2000;

/// What a client was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// `GET /api/v1/health`.
    Get,
    /// `POST /api/v1/slow`.
    Post,
    /// Opening a WebSocket, or waiting for its echo.
    Socket,
}

/// In which way a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nobody listens, or the connection could not be made.
    Refused,
    /// The connection was reset before the whole answer.
    Reset,
    /// The connection was closed before the whole answer.
    Closed,
    /// Another status than 200, or than 101 for a WebSocket.
    Status(u16),
    /// Not HTTP, or not what this request is answered with.
    Answer,
    /// No whole answer within [`super::LIMIT`].
    Late,
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// When it failed, since the load began.
    pub(crate) at: Duration,
    /// How long it had taken by then.
    pub(crate) after: Duration,
    pub(crate) what: What,
    pub(crate) kind: Kind,
    /// The system's words, or the start of the answer.
    pub(crate) detail: String,
    /// The server that the client's cookie named.
    pub(crate) cookie: Option<String>,
}

/// One WebSocket from its handshake to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Which client; its next session in the list is its reconnection.
    pub(crate) client: usize,
    /// Who serves it, as its handshake says. The cookie does not tell: where HAProxy ignores it (`ignore-persist`), it sets
    /// no other either.
    pub(crate) host: String,
    pub(crate) version: String,
    /// When the handshake was over, since the load began.
    pub(crate) opened: Duration,
    /// Messages that came back.
    pub(crate) echoes: u64,
    /// None for those that the load itself ended.
    pub(crate) closed: Option<Close>,
}

/// How somebody else ended a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    /// When, since the load began.
    pub(crate) at: Duration,
    /// The code of the close frame; none when the connection just ended.
    pub(crate) code: Option<u16>,
}

/// Requests of one method.
#[derive(Clone, Default)]
pub(crate) struct Requests {
    /// All that were begun and came to an end.
    pub(crate) count: u64,
    pub(crate) failed: u64,
    /// Of those that succeeded.
    pub(crate) latency: Histogram,
}

/// What a load has seen.
#[derive(Clone)]
pub(crate) struct Report {
    /// The clients that there were.
    pub(super) shape: Shape,
    pub(crate) lasted: Duration,
    pub(crate) gets: Requests,
    pub(crate) posts: Requests,
    /// WebSocket handshakes and echoes; an end is neither.
    pub(crate) sockets: Requests,
    /// The first of them, by time.
    pub(crate) failures: Vec<Failure>,
    /// The first of each client, by client and time.
    pub(crate) sessions: Vec<Session>,
    /// GETs sent once more because an idle connection had been closed.
    pub(crate) retried: u64,
    /// Answers to GET and POST by host and version.
    pub(crate) answers: BTreeMap<(String, String), u64>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            shape: Shape { gets: 0, posts: 0, sockets: 0, pause: Duration::ZERO },
            lasted: Duration::ZERO,
            gets: Requests::default(),
            posts: Requests::default(),
            sockets: Requests::default(),
            failures: Vec::new(),
            sessions: Vec::new(),
            retried: 0,
            answers: BTreeMap::new(),
        }
    }

    pub(super) fn requests(&mut self, what: What) -> &mut Requests {
        match what {
            What::Get => &mut self.gets,
            What::Post => &mut self.posts,
            What::Socket => &mut self.sockets,
        }
    }

    pub(super) fn succeed(&mut self, what: What, took: Duration) {
        let requests = self.requests(what);
        requests.count += 1;
        requests.latency.add(took);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        let requests = self.requests(failure.what);
        requests.count += 1;
        requests.failed += 1;
        if self.failures.len() < KEPT {
            self.failures.push(failure);
        }
    }

    pub(super) fn open(&mut self, session: Session) {
        if self.sessions.len() < KEPT {
            self.sessions.push(session);
        }
    }

    /// Adds what another client has seen.
    pub(super) fn merge(&mut self, other: Self) {
        for what in [What::Get, What::Post, What::Socket] {
            let (mut other, own) = (other.clone(), self.requests(what));
            let added = other.requests(what);
            own.count += added.count;
            own.failed += added.failed;
            own.latency.merge(&added.latency);
        }
        self.failures.extend(other.failures);
        self.failures.sort_by_key(|failure| failure.at);
        self.failures.truncate(KEPT);
        self.sessions.extend(other.sessions);
        self.retried += other.retried;
        for (who, count) in other.answers {
            *self.answers.entry(who).or_default() += count;
        }
    }

    /// GETs, POSTs, handshakes and echoes that failed.
    pub(crate) fn failed(&self) -> u64 {
        self.gets.failed + self.posts.failed + self.sockets.failed
    }

    /// # Panics
    /// When a request failed, or a method that there were clients for was never answered; with the whole report.
    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.failed(), 0, "{self}");
        let Shape { gets, posts, sockets, .. } = self.shape;
        for (clients, requests) in [(gets, &self.gets), (posts, &self.posts), (sockets, &self.sockets)] {
            assert_eq!(clients > 0, requests.latency.count() > 0, "{self}");
        }
    }

    /// Answers to GET and POST of this version, whichever the host.
    pub(crate) fn answers_of(&self, version: &str) -> u64 {
        self.answers.iter().filter(|((_, seen), _)| seen == version).map(|(_, count)| count).sum()
    }

    /// WebSockets that somebody else ended: each with the session that its client opened next.
    pub(crate) fn reconnections(&self) -> Vec<(&Session, &Close, Option<&Session>)> {
        let ended = self.sessions.iter().enumerate();
        ended
            .filter_map(|(index, session)| {
                let next = self.sessions.get(index + 1).filter(|next| next.client == session.client);
                Some((session, session.closed.as_ref()?, next))
            })
            .collect()
    }
}

/// The figures, then failures one a line, then the ends of WebSockets one a line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        writeln!(f, "{:.1} s of load", self.lasted.as_secs_f64())?;
        for (name, requests) in [("GET", &self.gets), ("POST", &self.posts), ("WebSocket", &self.sockets)] {
            let Requests { count, failed, latency } = requests;
            writeln!(f, "{name}: {failed} of {count} failed, {latency}")?;
        }
        for ((host, version), count) in &self.answers {
            writeln!(f, "{count} answers by {host}, {version}")?;
        }
        writeln!(f, "{} GETs retried on a fresh connection", self.retried)?;
        let seconds = |duration: &Duration| duration.as_secs_f64();
        for failure in self.failures.iter().take(SHOWN) {
            let Failure { at, after, what, kind, detail, cookie } = failure;
            let (at, after, cookie) = (seconds(at), seconds(after), cookie.as_deref().unwrap_or("no cookie"));
            writeln!(f, "at {at:.2} s, after {after:.2} s: {what:?} ({cookie}): {kind:?}: {detail}")?;
        }
        for (session, close, next) in self.reconnections().iter().take(SHOWN) {
            let (client, host, at) = (session.client, &session.host, seconds(&close.at));
            let code = close.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
            let next = next.map_or("nowhere", |next| &next.host);
            writeln!(f, "at {at:.2} s: WebSocket {client} on {host} closed with {code}, reconnected to {next}")?;
        }
        Ok(())
    }
}
