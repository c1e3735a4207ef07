//! WebSocket clients, as a page in a browser keeps one open.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::HeaderValue;
use tungstenite::{Error, Message, WebSocket};

use super::cookie::Jar;
use super::exchange::Fault;
use super::http::connect;
use super::report::{Close, Failure, Kind, Report, Session, What};
use super::{AFTER_FAILURE, Common, LIMIT};

/// Between two messages.
const BETWEEN: Duration = Duration::from_secs(1);

/// How often a client that waits for the other side looks up whether the load is over.
const TICK: Duration = Duration::from_millis(50);

/// Keeps a WebSocket open, and opens the next whenever one ends, until the load is over.
pub(super) fn talker(common: &Common, number: usize, _: Duration) -> Report {
    let mut talker = Talker { common, number, jar: Jar::keeping(), report: Report::new() };
    while !common.over() {
        let began = Instant::now();
        match talker.open(began + LIMIT) {
            Ok((socket, session)) => {
                talker.report.succeed(What::Socket, began.elapsed());
                talker.talk(socket, session);
            }
            Err(fault) => {
                talker.fail(began, fault);
                sleep(AFTER_FAILURE);
            }
        }
    }
    talker.report
}

struct Talker<'a> {
    common: &'a Common,
    number: usize,
    jar: Jar,
    report: Report,
}

impl Talker<'_> {
    /// A WebSocket at `/ws`, and who it is with.
    fn open(&mut self, deadline: Instant) -> Result<(WebSocket<TcpStream>, Session), Fault> {
        let fault = |kind, detail: String| Fault { kind, detail, unanswered: false };
        let mut request = format!("ws://{}/ws", self.common.address).into_client_request().unwrap();
        if let Some(server) = self.jar.server() {
            request.headers_mut().insert("Cookie", HeaderValue::from_str(&format!("SERVERID={server}")).unwrap());
        }
        let stream = connect(self.common.address, deadline)?;
        stream.set_read_timeout(Some(LIMIT)).and_then(|()| stream.set_write_timeout(Some(LIMIT))).unwrap();
        let (socket, response) = tungstenite::client(request, stream).map_err(|error| match error {
            HandshakeError::Interrupted(_) => fault(Kind::Late, "no answer to the handshake".into()),
            HandshakeError::Failure(Error::Http(response)) => {
                fault(Kind::Status(response.status().as_u16()), "the handshake was refused".into())
            }
            HandshakeError::Failure(Error::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                fault(Kind::Closed, error.to_string())
            }
            HandshakeError::Failure(error @ Error::Io(_)) => fault(Kind::Reset, error.to_string()),
            HandshakeError::Failure(error) => fault(Kind::Closed, error.to_string()),
        })?;
        let cookies = response.headers().get_all("Set-Cookie").iter();
        let cookies: Vec<String> = cookies.map(|value| String::from_utf8_lossy(value.as_bytes()).into()).collect();
        self.jar.take(&cookies);
        socket.get_ref().set_read_timeout(Some(TICK)).unwrap();
        let field = |name: &str| response.headers().get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        let text = |name| String::from_utf8_lossy(field(name)).into_owned();
        let (host, version, opened) = (text("Veza-Host"), text("Veza-Version"), self.common.began.elapsed());
        Ok((socket, Session { client: self.number, host, version, opened, echoes: 0, closed: None }))
    }

    /// Echoes once a second until either side ends it, and notes the session.
    fn talk(&mut self, mut socket: WebSocket<TcpStream>, mut session: Session) {
        let code = self.converse(&mut socket, &mut session);
        if let Some(code) = code {
            session.closed = Some(Close { at: self.common.began.elapsed(), code });
        }
        self.report.open(session);
    }

    /// None when the load is over, else the close code that the other side gave, if it did.
    fn converse(&mut self, socket: &mut WebSocket<TcpStream>, session: &mut Session) -> Option<Option<u16>> {
        let mut code = None;
        let mut sent: Option<(Instant, String)> = None;
        let mut next = Instant::now();
        loop {
            if sent.is_none() && self.common.over() {
                // How the farewell goes is of no interest: the server has seen worse.
                socket.close(None).and_then(|()| socket.flush()).unwrap_or_default();
                return None;
            }
            if sent.is_none() && Instant::now() >= next {
                let text = format!("client {} message {}", self.number, session.echoes);
                let began = Instant::now();
                if socket.send(Message::text(&text)).is_ok() {
                    sent = Some((began, text));
                    next = began + BETWEEN;
                }
            }
            match (socket.read(), &sent) {
                (Ok(Message::Text(text)), Some((began, expected))) if text.as_str() == expected => {
                    self.report.succeed(What::Socket, began.elapsed());
                    session.echoes += 1;
                    sent = None;
                }
                (Ok(Message::Close(frame)), _) => code = frame.map(|frame| frame.code.into()),
                (Ok(Message::Ping(_) | Message::Pong(_)), _) => {}
                (Ok(other), _) => {
                    let began = sent.map_or_else(Instant::now, |(began, _)| began);
                    let detail = other.to_string().chars().take(200).collect();
                    self.fail(began, Fault { kind: Kind::Answer, detail, unanswered: false });
                    return Some(code);
                }
                (Err(Error::Io(error)), _) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                (Err(_), _) => return Some(code),
            }
            if let Some((began, _)) = &sent
                && began.elapsed() >= LIMIT
            {
                self.fail(*began, Fault { kind: Kind::Late, detail: "no echo".into(), unanswered: false });
                return Some(code);
            }
        }
    }

    fn fail(&mut self, began: Instant, fault: Fault) {
        let Fault { kind, detail, .. } = fault;
        let (at, after) = (self.common.began.elapsed(), began.elapsed());
        let cookie = self.jar.server().map(str::to_owned);
        self.report.fail(Failure { at, after, what: What::Socket, kind, detail, cookie });
    }
}
