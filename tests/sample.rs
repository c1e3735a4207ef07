//! The sample service `veza-api`, as clients, systemd and whoever reads its log meet it.

mod client;
mod lifecycle;
mod service;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use rustix::process::Signal;
use serde_json::{Value, json};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Bytes, Message};

use client::{Client, websocket};
pub(crate) use service::binary;
use service::{Launch, eventually};

const HEALTH: &str = "GET /api/v1/health HTTP/1.1\r\nHost: veza\r\n\r\n";

#[test]
fn it_is_linked_statically() {
    let bytes = fs::read(binary()).unwrap();
    let elf = ElfFile64::<object::Endianness>::parse(&*bytes).unwrap();
    let headers = elf.elf_header().program_headers(elf.endian(), &*bytes).unwrap();
    let interpreter = headers.iter().any(|header| header.p_type(elf.endian()) == object::elf::PT_INTERP);
    assert!(!interpreter, "veza-api asks for a dynamic linker: build it where cargo reads .cargo/config.toml");
}

#[test]
fn health_names_host_version_and_process() {
    let sample = Launch::new().env("VEZA_VERSION", "1.2.3-test").start();
    let mut client = Client::connect(sample.address);
    client.send(HEALTH);
    let reply = client.receive();
    let mut body: Value = serde_json::from_str(&reply.body).unwrap();
    assert!(body["uptime_s"].take().as_u64().unwrap() < 60);
    let host = String::from_utf8(Command::new("uname").arg("-n").output().unwrap().stdout).unwrap();
    let expected = json!({
        "status": "ok", "host": host.trim(), "version": "1.2.3-test", "pid": sample.pid(), "uptime_s": null,
    });
    assert_eq!(body, expected);
    let length = reply.body.len();
    assert_eq!(
        reply.head,
        format!(
            "HTTP/1.1 200 OK\nConnection: keep-alive\nCache-Control: no-store\nContent-Type: application/json\n\
             Content-Length: {length}\n"
        )
    );
}

#[test]
fn head_and_options_have_no_body() {
    let sample = Launch::new().start();
    let mut client = Client::connect(sample.address);
    client.send("HEAD /api/v1/health HTTP/1.1\r\nHost: veza\r\n\r\n");
    let head = client.receive_head();
    assert!(head.starts_with("HTTP/1.1 200 OK\nConnection: keep-alive\nCache-Control: no-store\n"), "{head}");
    client.send("OPTIONS /api/v1/slow HTTP/1.1\r\nHost: veza\r\n\r\n");
    let expected = "HTTP/1.1 204 No Content\nConnection: keep-alive\nAllow: POST, OPTIONS\n";
    assert_eq!(client.receive_head(), expected);
}

#[test]
fn it_can_be_told_to_start_unhealthy() {
    let sample = Launch::new().env("VEZA_UNHEALTHY", "1").start();
    let reply = Client::connect(sample.address).ask(HEALTH);
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((reply.status, &body["status"]), (503, &json!("unhealthy")));
}

#[test]
fn sigusr1_turns_health_over_and_back() {
    let sample = Launch::new().start();
    let mut client = Client::connect(sample.address);
    for status in [503, 200] {
        sample.signal(Signal::USR1);
        eventually("the health to turn", || (client.ask(HEALTH).status == status).then_some(()));
    }
}

#[test]
fn a_slow_post_counts_its_body_on_one_connection() {
    let sample = Launch::new().env("VEZA_VERSION", "7").start();
    let mut client = Client::connect(sample.address);
    let began = Instant::now();
    let plain = client.ask("POST /api/v1/slow HTTP/1.1\r\nHost: veza\r\nContent-Length: 5\r\n\r\nhello");
    assert!(began.elapsed() >= Duration::from_millis(300));
    let chunked = client.ask(
        "POST /api/v1/slow?ms=1 HTTP/1.1\r\nHost: veza\r\nTransfer-Encoding: chunked\r\n\r\n\
         5;note=x\r\nhello\r\nB\r\n hard world\r\n0\r\nChecksum: none\r\n\r\n",
    );
    let answers: Vec<Value> = [plain, chunked].iter().map(|reply| reply.json_without("host")).collect();
    let expected = [
        json!({ "status": "ok", "version": "7", "bytes": 5, "ms": 300 }),
        json!({ "status": "ok", "version": "7", "bytes": 16, "ms": 1 }),
    ];
    assert_eq!(answers, expected);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let sample = Launch::new().start();
    let mut client = Client::connect(sample.address);
    client.send(
        "POST /api/v1/slow?ms=50 HTTP/1.1\r\nHost: veza\r\nContent-Length: 2\r\n\r\nhi\
         GET /nothing HTTP/1.1\r\nHost: veza\r\n\r\n\
         GET /api/v1/health HTTP/1.1\r\nHost: veza\r\nConnection: close\r\n\r\n",
    );
    let statuses: Vec<u16> = (0..3).map(|_| client.receive().status).collect();
    assert_eq!(statuses, [200, 404, 200]);
    client.expect_end();
}

#[test]
fn http_1_0_is_closed_unless_it_asks() {
    let sample = Launch::new().start();
    let mut client = Client::connect(sample.address);
    let kept = client.ask("GET /api/v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(kept.head.contains("Connection: keep-alive\n"), "{}", kept.head);
    let closed = client.ask("GET /api/v1/health HTTP/1.0\r\n\r\n");
    assert!(closed.head.contains("Connection: close\n"), "{}", closed.head);
    client.expect_end();
}

#[test]
fn what_it_cannot_answer_is_refused_in_json() {
    let sample = Launch::new().start();
    let long = format!("GET / HTTP/1.1\r\nHost: veza\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\nHost: veza\r\n{}\r\n", "X: x\r\n".repeat(64));
    let post = |headers: &str, body: &str| format!("POST /api/v1/slow HTTP/1.1\r\nHost: v\r\n{headers}\r\n{body}");
    let cases = [
        ("GET /nothing HTTP/1.1\r\nHost: v\r\n\r\n".into(), 404, "keep-alive", "there is nothing at this path"),
        (
            "PUT /api/v1/health HTTP/1.1\r\nHost: v\r\n\r\n".into(),
            405,
            "keep-alive",
            "this path does not take the method",
        ),
        (
            "GET /api/v1/slow HTTP/1.1\r\nHost: v\r\n\r\n".into(),
            405,
            "keep-alive",
            "this path does not take the method",
        ),
        (
            "POST /api/v1/slow?ms=60001 HTTP/1.1\r\nHost: v\r\n\r\n".into(),
            400,
            "keep-alive",
            "`ms` is not a whole number of milliseconds up to 60000",
        ),
        ("GET /ws HTTP/1.1\r\nHost: v\r\n\r\n".into(), 426, "keep-alive", "this path speaks WebSocket only"),
        ("hello\r\n\r\n".into(), 400, "close", "the request is not HTTP/1.0 or HTTP/1.1"),
        ("GET / HTTP/2.0\r\n\r\n".into(), 400, "close", "the request is not HTTP/1.0 or HTTP/1.1"),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400, "close", "the request has no `Host`, or several"),
        ("GET veza HTTP/1.1\r\nHost: v\r\n\r\n".into(), 400, "close", "the request's target is not a path"),
        (long, 431, "close", "the request's head is over 16 KiB or 64 fields"),
        (many, 431, "close", "the request's head is over 16 KiB or 64 fields"),
        (post("Content-Length: -1\r\n", ""), 400, "close", "`Content-Length` is not a number"),
        (
            post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", ""),
            400,
            "close",
            "`Content-Length` and `Transfer-Encoding` do not tell where the body ends",
        ),
        (
            post("Content-Length: 1\r\nContent-Length: 2\r\n", ""),
            400,
            "close",
            "`Content-Length` and `Transfer-Encoding` do not tell where the body ends",
        ),
        (post("Transfer-Encoding: gzip\r\n", ""), 501, "close", "the only transfer coding is `chunked`"),
        (post("Expect: a miracle\r\n", ""), 417, "close", "the only expectation met is `100-continue`"),
        (post("Content-Length: 16777217\r\nExpect: 100-continue\r\n", ""), 413, "close", "the body is over 16 MiB"),
        (post("Transfer-Encoding: chunked\r\n", "FFFFFFFF\r\n"), 413, "close", "the body is over 16 MiB"),
        (
            post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\n"),
            400,
            "close",
            "the body's chunks are malformed",
        ),
        (post("Transfer-Encoding: chunked\r\n", "\r\n"), 400, "close", "the body's chunks are malformed"),
        (post("Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n"), 400, "close", "the body's chunks are malformed"),
    ];
    for (request, status, connection, error) in cases {
        let mut client = Client::connect(sample.address);
        let reply = client.ask(&request);
        let start = request.get(..60).unwrap_or(&request);
        assert_eq!((reply.status, reply.body), (status, json!({ "error": error }).to_string()), "{start}");
        assert!(reply.head.contains(&format!("\nConnection: {connection}\n")), "{start}: {}", reply.head);
        if connection == "close" {
            client.expect_end();
        }
    }
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let sample = Launch::new().start();
    let reply = Client::connect(sample.address).ask("DELETE /api/v1/health HTTP/1.1\r\nHost: veza\r\n\r\n");
    let expected = "HTTP/1.1 405 Method Not Allowed\nConnection: keep-alive\nAllow: GET, HEAD, OPTIONS\n\
                    Content-Type: application/json\nContent-Length: 46\n";
    assert_eq!(reply.head, expected);
}

#[test]
fn a_head_that_never_ends_times_out() {
    let sample = Launch::new().start();
    let mut client = Client::connect(sample.address);
    client.send("GET /api/v1/health HTTP/1.1\r\n");
    assert_eq!(client.receive().body, r#"{"error":"the request's head took too long"}"#);
    client.expect_end();
}

#[test]
fn the_websocket_echoes_and_answers_pings() {
    let sample = Launch::new().start();
    let mut socket = websocket(sample.address);
    let largest = Message::binary(vec![7; 1 << 20]);
    for message in [Message::text("grüße"), Message::binary(vec![0, 255]), Message::text(""), largest] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    socket.send(Message::Ping(Bytes::from_static(b"there?"))).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
    let goodbye = CloseFrame { code: CloseCode::Normal, reason: "done".into() };
    socket.close(Some(goodbye.clone())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Close(Some(goodbye)));
}

#[test]
fn a_message_over_the_limit_closes_the_websocket_with_1009() {
    let sample = Launch::new().start();
    let mut socket = websocket(sample.address);
    socket.send(Message::binary(vec![0; (1 << 20) + 1])).unwrap();
    let expected = CloseFrame { code: CloseCode::Size, reason: "".into() };
    assert_eq!(socket.read().unwrap(), Message::Close(Some(expected)));
}
