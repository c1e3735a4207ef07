//! The load notices what it is there for: each kind of wrong server, and which kind it is.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tungstenite::Message;

use crate::support::load::{Kind, Load, Report, Shape, What};
use crate::support::seconds;

const GETS: Shape = Shape { gets: 2, posts: 0, sockets: 0, pause: Duration::from_millis(20) };
const POSTS: Shape = Shape { gets: 0, posts: 2, ..GETS };
const SOCKETS: Shape = Shape { gets: 0, sockets: 2, ..GETS };

/// A server that does the same to every connection, until it is dropped.
struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Server {
    fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let (stopped, serve) = (Arc::clone(&stop), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_read_timeout(Some(seconds(10))).unwrap();
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream));
            }
        });
        Self { address, stop }
    }

    /// Answers each request of a connection with the same bytes, then keeps it open, and closes it after so many.
    fn answering(answer: &'static str, requests: usize) -> Self {
        Self::start(move |mut stream| {
            for _ in 0..requests {
                if !read_request(&mut stream) || stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

/// Reads a request without looking at it; false at the end of the connection.
fn read_request(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 16 * 1024]).is_ok_and(|count| count > 0)
}

fn run(address: SocketAddr, shape: Shape, lasting: Duration) -> Report {
    let load = Load::start(address, shape);
    thread::sleep(lasting);
    load.stop()
}

/// Everything that was asked failed, in this way.
fn assert_all_fail(report: &Report, what: What, kind: Kind) {
    let seen = report.failures.iter().find(|failure| (failure.what, failure.kind) != (what, kind));
    assert!(report.failed() > 0 && seen.is_none(), "{report}");
    assert_eq!(report.failed(), report.gets.count + report.posts.count + report.sockets.count, "{report}");
}

#[test]
fn an_answer_that_is_not_the_requests_own_is_a_failure() {
    const HEALTHY: &str =
        "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"status\":\"ok\",\"host\":\"a\",\"version\":\"1.0\"}";
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Kind::Answer),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Kind::Answer),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}", Kind::Answer),
        ("HTTP/1.1 200 OK\r\n\r\n{}", Kind::Answer),
        ("SSH-2.0-OpenSSH\r\n", Kind::Answer),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", Kind::Status(503)),
        ("HTTP/1.1 301 Moved\r\nConnection: close\r\n\r\n", Kind::Status(301)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"status\":\"ok\"", Kind::Closed),
        ("", Kind::Closed),
    ];
    for (answer, kind) in cases {
        let server = Server::answering(answer, 1);
        assert_all_fail(&run(server.address, GETS, Duration::from_millis(300)), What::Get, kind);
    }
    // What is right for a GET is another request's answer to a POST.
    let server = Server::answering(HEALTHY, usize::MAX);
    run(server.address, GETS, Duration::from_millis(300)).assert_clean();
    assert_all_fail(&run(server.address, POSTS, Duration::from_millis(300)), What::Post, Kind::Answer);
}

#[test]
fn an_answer_that_does_not_come_is_a_failure() {
    let server = Server::start(|mut stream| while read_request(&mut stream) {});
    let shape = Shape { gets: 1, posts: 1, sockets: 1, ..GETS };
    let report = run(server.address, shape, seconds(1));
    let mut kinds: Vec<_> = report.failures.iter().map(|failure| (failure.what, failure.kind)).collect();
    kinds.sort();
    assert_eq!(kinds, [What::Get, What::Post, What::Socket].map(|what| (what, Kind::Late)), "{report}");
}

#[test]
fn nobody_listening_is_a_failure() {
    let shape = Shape { gets: 1, posts: 1, sockets: 1, ..GETS };
    // tcpmux, which nobody serves.
    let report = run(([127, 0, 0, 1], 1).into(), shape, Duration::from_millis(300));
    assert!(report.failures.iter().all(|failure| failure.kind == Kind::Refused), "{report}");
    assert!([report.gets.failed, report.posts.failed, report.sockets.failed].iter().all(|failed| *failed > 0));
}

#[test]
fn a_get_on_a_connection_that_ends_is_retried_once_and_a_post_never() {
    // Answers one request, reads the next, and hangs up: to the client, an idle connection that was about to be closed.
    let hang_up = |answer: &'static str| {
        Server::start(move |mut stream| {
            if read_request(&mut stream) && stream.write_all(answer.as_bytes()).is_ok() {
                read_request(&mut stream);
            }
        })
    };
    let get = "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"status\":\"ok\",\"host\":\"a\",\"version\":\"1.0\"}";
    let server = hang_up(get);
    let report = run(server.address, GETS, Duration::from_millis(500));
    report.assert_clean();
    assert!(report.retried > 0, "{report}");

    // One client, whose bodies are of 1, 2, 3… bytes.
    let post = "HTTP/1.1 200 OK\r\nContent-Length: 63\r\n\r\n\
                {\"status\":\"ok\",\"host\":\"a\",\"version\":\"1\",\"ms\":300,\"bytes\":    1}";
    let server = hang_up(post);
    let report = run(server.address, Shape { posts: 1, ..POSTS }, Duration::from_millis(500));
    assert_eq!((report.failures[0].kind, report.retried), (Kind::Closed, 0), "{report}");
}

#[test]
fn a_websocket_that_echoes_something_else_is_a_failure() {
    let server = Server::start(|stream| {
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        while socket.read().is_ok() && socket.send(Message::text("something else")).is_ok() {}
    });
    let report = run(server.address, SOCKETS, Duration::from_millis(300));
    assert!(report.failures.iter().any(|failure| failure.detail == "something else"), "{report}");
    assert!(report.failures.iter().all(|failure| (failure.what, failure.kind) == (What::Socket, Kind::Answer)));
}

#[test]
fn a_websocket_that_never_echoes_is_a_failure() {
    let server = Server::start(|stream| {
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        loop {
            match socket.read() {
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(_) => {}
                Err(_) => return,
            }
        }
    });
    let report = run(server.address, SOCKETS, seconds(1));
    assert_eq!(report.failures.iter().map(|failure| failure.kind).collect::<Vec<_>>(), [Kind::Late; 2], "{report}");
}
