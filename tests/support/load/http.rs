//! HTTP/1.1 clients.

use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cookie::Jar;
use super::exchange::{Answer, Fault, exchange};
use super::report::{Failure, Kind, Report, What};
use super::{AFTER_FAILURE, Common, LIMIT, SLOW_MS};

/// Asks for health until the load is over.
pub(super) fn getter(common: &Common, number: usize, pause: Duration) -> Report {
    let mut client = Client::new(common, What::Get, number);
    while !common.over() {
        client.ask("GET /api/v1/health HTTP/1.1\r\n", "", &|answer| answer["status"] == "ok");
        sleep(pause);
    }
    client.report
}

/// POSTs until the load is over, bodies of another length each time, so that no answer passes for another's.
pub(super) fn poster(common: &Common, number: usize, _: Duration) -> Report {
    let mut client = Client::new(common, What::Post, number);
    let mut length = number * 100;
    while !common.over() {
        length = (length + 1) % 8000;
        let head = format!("POST /api/v1/slow?ms={SLOW_MS} HTTP/1.1\r\nContent-Length: {length}\r\n");
        client.ask(&head, &"x".repeat(length), &|answer| {
            answer["status"] == "ok" && answer["ms"] == SLOW_MS && answer["bytes"] == length
        });
    }
    client.report
}

/// One client with its connection and its cookie.
struct Client<'a> {
    common: &'a Common,
    what: What,
    jar: Jar,
    idle: Option<TcpStream>,
    report: Report,
}

impl<'a> Client<'a> {
    fn new(common: &'a Common, what: What, number: usize) -> Self {
        let jar = Jar::of_client(number);
        Self { common, what, jar, idle: None, report: Report::new() }
    }

    /// Makes one request and notes what became of it.
    fn ask(&mut self, head: &str, body: &str, right: &dyn Fn(&Value) -> bool) {
        let began = Instant::now();
        let request = format!("{head}Host: {}\r\n{}\r\n{body}", self.common.address, self.jar.header());
        match self.answered(request.as_bytes(), began + LIMIT, right) {
            Ok(by) => {
                self.report.succeed(self.what, began.elapsed());
                *self.report.answers.entry(by).or_default() += 1;
            }
            Err(Fault { kind, detail, .. }) => {
                let (at, after) = (self.common.began.elapsed(), began.elapsed());
                let cookie = self.jar.server().map(str::to_owned);
                self.report.fail(Failure { at, after, what: self.what, kind, detail, cookie });
                sleep(AFTER_FAILURE);
            }
        }
    }

    /// The host and the version that gave the right answer.
    fn answered(
        &mut self,
        request: &[u8],
        deadline: Instant,
        right: &dyn Fn(&Value) -> bool,
    ) -> Result<(String, String), Fault> {
        let answer = self.exchanged(request, deadline)?;
        self.jar.take(&answer.set_cookies);
        let text = String::from_utf8_lossy(&answer.body);
        let fault = |kind| Fault { kind, detail: text.chars().take(200).collect(), unanswered: false };
        if answer.status != 200 {
            return Err(fault(Kind::Status(answer.status)));
        }
        let told: Value = serde_json::from_slice(&answer.body).map_err(|_| fault(Kind::Answer))?;
        let name = |key: &str| told[key].as_str().map(str::to_owned);
        let (Some(host), Some(version), true) = (name("host"), name("version"), right(&told)) else {
            return Err(fault(Kind::Answer));
        };
        if let Some(stream) = answer.reusable {
            self.idle = Some(stream);
        }
        Ok((host, version))
    }

    /// The whole answer, on the idle connection if there is one, else on a fresh one.
    fn exchanged(&mut self, request: &[u8], deadline: Instant) -> Result<Answer, Fault> {
        if let Some(stream) = self.idle.take().filter(is_open) {
            match exchange(stream, request, deadline) {
                Err(fault) if fault.unanswered && self.what == What::Get => self.report.retried += 1,
                done => return done,
            }
        }
        exchange(connect(self.common.address, deadline)?, request, deadline)
    }
}

/// Whether an idle connection has neither ended nor received what nobody asked for.
fn is_open(stream: &TcpStream) -> bool {
    let quiet = || {
        stream.set_nonblocking(true)?;
        let seen = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        seen
    };
    quiet().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

/// A connection, made before the deadline.
pub(super) fn connect(address: SocketAddr, deadline: Instant) -> Result<TcpStream, Fault> {
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let connected = TcpStream::connect_timeout(&address, left).and_then(|stream| {
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    connected.map_err(|error| {
        let late = error.kind() == std::io::ErrorKind::TimedOut;
        let kind = if late { Kind::Late } else { Kind::Refused };
        Fault { kind, detail: error.to_string(), unanswered: false }
    })
}
