//! The client against tungstenite, whose words nobody doubts.

use std::net::TcpListener;
use std::thread;

use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::{Message, WebSocket as Peer, accept_hdr};

use super::*;

/// A server of one connection, in a thread of its own.
fn serve(serve: impl FnOnce(Peer<TcpStream>) + Send + 'static) -> Entry {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let entry = Entry::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    thread::spawn(move || {
        #[expect(clippy::result_large_err, reason = "tungstenite wants it so")]
        let greet = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            let cookie = request.headers().get("Cookie").map_or("none", |cookie| cookie.to_str().unwrap());
            response.headers_mut().append("Set-Cookie", format!("was={cookie}; path=/").parse().unwrap());
            Ok(response)
        };
        serve(accept_hdr(listener.accept().unwrap().0, greet).unwrap());
    });
    entry
}

#[test]
fn a_session_stays_and_answers_until_the_other_side_ends_it() {
    let entry = serve(|mut peer| {
        peer.send(Message::text("x".repeat(70_000))).unwrap();
        peer.send(Message::Ping(b"alive?".to_vec().into())).unwrap();
        assert_eq!(peer.read().unwrap(), Message::Pong(b"alive?".to_vec().into()));
        peer.close(None).unwrap();
        // Its own close frame comes back.
        assert!(peer.read().unwrap().is_close());
    });
    let cookie = Cookie { name: "SERVERID".to_owned(), value: "api-1".to_owned() };
    let opened = WebSocket::open(&entry, "/ws", Some(&cookie)).unwrap();
    assert_eq!(opened.cookies, [Cookie { name: "was".to_owned(), value: "SERVERID=api-1".to_owned() }]);
    assert_eq!(opened.socket.stay(|| false), Ended::There);
}

#[test]
fn a_session_that_is_over_says_goodbye() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let entry = serve(move |mut peer| sender.send(peer.read().unwrap()).unwrap());
    let opened = WebSocket::open(&entry, "/ws", None).unwrap();
    assert_eq!(opened.socket.stay(|| true), Ended::Here);
    let Message::Close(Some(frame)) = receiver.recv().unwrap() else { panic!("no close frame") };
    assert_eq!(u16::from(frame.code), 1000);
}

#[test]
fn a_session_is_cut_off_with_its_connection() {
    let entry = serve(drop);
    let opened = WebSocket::open(&entry, "/ws", None).unwrap();
    assert_eq!(opened.socket.stay(|| false), Ended::There);
}

#[test]
fn where_nobody_is_no_session_is_opened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let entry = Entry::parse(&format!("http://{address}")).unwrap();
    let why = WebSocket::open(&entry, "/ws", None).unwrap_err();
    assert!(why.starts_with(&format!("`GET /ws` at `http://{address}` is not answered: ")), "{why}");
}
