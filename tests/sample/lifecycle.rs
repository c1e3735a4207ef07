//! How the sample service starts, refuses to start, stops and crashes, and what its log says of it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use super::HEALTH;
use super::client::{Client, websocket};
use super::service::{Launch, PROMPTLY, Sample, eventually};

#[test]
fn sigterm_closes_websockets_and_idle_connections() {
    let mut sample = Launch::new().start();
    let mut socket = websocket(sample.address);
    let mut idle = Client::connect(sample.address);
    assert_eq!(idle.ask(HEALTH).status, 200);
    sample.signal(Signal::TERM);
    let expected = CloseFrame { code: CloseCode::Away, reason: "the service stops".into() };
    assert_eq!(socket.read().unwrap(), Message::Close(Some(expected)));
    assert!(matches!(socket.read(), Err(tungstenite::Error::ConnectionClosed)));
    idle.expect_end();
    assert_eq!(sample.exit_code(), 0);
}

/// A slow POST of which the service is known to have read the head.
fn in_flight(sample: &Sample, ms: u32) -> Client {
    let mut client = Client::connect(sample.address);
    client.send(&format!(
        "POST /api/v1/slow?ms={ms} HTTP/1.1\r\nHost: veza\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    ));
    assert_eq!(client.receive_head(), "HTTP/1.1 100 Continue\n");
    client
}

#[test]
fn a_graceful_stop_finishes_what_is_in_flight_and_lets_nobody_in() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut sample = Launch::new().start();
        let mut client = in_flight(&sample, 100);
        sample.signal(signal);
        eventually("connections to be refused", || TcpStream::connect(sample.address).is_err().then_some(()));
        let reply = client.ask("hello");
        assert_eq!((reply.status, &reply.json_without("host")["bytes"]), (200, &json!(5)));
        assert!(reply.head.contains("\nConnection: close\n"), "{}", reply.head);
        client.expect_end();
        assert_eq!(sample.exit_code(), 0);
    }
}

#[test]
fn a_graceful_stop_gives_up_after_ten_seconds() {
    let mut sample = Launch::new().start();
    let mut client = in_flight(&sample, 60_000);
    client.send("hello");
    let began = Instant::now();
    sample.signal(Signal::TERM);
    assert_eq!(sample.exit_code(), 0);
    assert!(began.elapsed() >= Duration::from_secs(10), "{:?}", began.elapsed());
    let stop = sample.log().pop().unwrap();
    assert_eq!((&stop["event"], &stop["unfinished"]), (&json!("stop"), &json!(1)));
}

#[test]
fn a_stop_at_once_drops_what_is_in_flight() {
    let mut sample = Launch::new().env("VEZA_ON_SIGTERM", "at-once").start();
    let mut client = in_flight(&sample, 60_000);
    client.send("hello");
    let began = Instant::now();
    sample.signal(Signal::TERM);
    assert_eq!(sample.exit_code(), 0);
    assert!(began.elapsed() < PROMPTLY, "{:?}", began.elapsed());
    client.expect_end();
}

#[test]
fn it_crashes_when_it_is_told_to() {
    let began = Instant::now();
    let mut sample = Launch::new().env("VEZA_CRASH_AFTER", "1").start();
    assert_eq!(sample.exit_code(), 101);
    assert!(began.elapsed() >= Duration::from_secs(1));
    let listens = format!("veza-api 0.1.0 listens on {}\n", sample.address);
    assert_eq!(sample.stderr(), listens + "veza-api: crashing as `VEZA_CRASH_AFTER` says\n");
}

#[test]
fn the_log_has_a_line_a_request_between_start_and_stop() {
    let mut sample = Launch::new().env("VEZA_VERSION", "7").start();
    let (pid, address) = (sample.pid(), sample.address.to_string());
    let mut client = Client::connect(sample.address);
    client.ask("GET /api/v1/health?token=secret HTTP/1.1\r\nHost: veza\r\n\r\n");
    client.ask("POST /api/v1/slow?ms=1 HTTP/1.1\r\nHost: veza\r\nContent-Length: 5\r\n\r\nhello");
    client.ask("hello\r\n\r\n");
    client.expect_end();
    sample.signal(Signal::TERM);
    assert_eq!(sample.exit_code(), 0);

    let mut lines = sample.log();
    for line in &mut lines {
        let time = line["time"].take();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        for unsteady in ["host", "peer", "ms", "uptime_s"] {
            line.as_object_mut().unwrap().remove(unsteady);
        }
    }
    let health = "/api/v1/health";
    let expected = [
        json!({ "time": null, "event": "start", "address": address, "version": "7", "pid": pid }),
        json!({ "time": null, "event": "request", "method": "GET", "path": health, "status": 200, "bytes_in": 0 }),
        json!({ "time": null, "event": "request", "method": "POST", "path": "/api/v1/slow", "status": 200, "bytes_in": 5 }),
        json!({ "time": null, "event": "request", "status": 400, "bytes_in": 0 }),
        json!({ "time": null, "event": "stop", "signal": "SIGTERM", "unfinished": 0 }),
    ];
    assert_eq!(lines, expected);
    let mode = fs::metadata(sample.log_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn the_log_of_an_earlier_run_is_kept() {
    let mut first = Launch::new().start();
    first.signal(Signal::TERM);
    assert_eq!(first.exit_code(), 0);
    let second = Launch::new().env("VEZA_LOG_DIR", first.log_dir()).env("VEZA_ON_SIGTERM", "at-once");
    let mut second = second.start_after(first.log().len());
    second.signal(Signal::TERM);
    assert_eq!(second.exit_code(), 0);
    let events: Vec<Value> = first.log().iter_mut().map(|line| line["event"].take()).collect();
    assert_eq!(events, ["start", "stop", "start", "stop"]);
}

#[test]
fn a_log_directory_that_is_not_there_is_named() {
    Launch::new().env("VEZA_LOG_DIR", "/nonexistent/veza").refused(
        1,
        "veza-api: cannot open the log `/nonexistent/veza/veza-api.log`\n\
         cause: No such file or directory (os error 2)\n\
         hint: create the directory, or name another in `VEZA_LOG_DIR`\n",
    );
}

#[test]
fn a_log_directory_that_takes_no_file_is_named() {
    // A mode would not stop the tests when they run as root; a file in the directory's place does.
    Launch::new().env("VEZA_LOG_DIR", "/proc/self/status").refused(
        1,
        "veza-api: cannot open the log `/proc/self/status/veza-api.log`\n\
         cause: Not a directory (os error 20)\n\
         hint: make the directory writable for the service's user, or name another in `VEZA_LOG_DIR`\n",
    );
}

#[test]
fn missing_variables_are_named_and_no_value_is_shown() {
    Launch::new()
        .env("VEZA_REQUIRE_ENV", "DATABASE_URL,JWT_SECRET, REDIS_URL")
        .env("JWT_SECRET", "hunter2")
        .env("REDIS_URL", "")
        .refused(
            1,
            "veza-api: the environment lacks `DATABASE_URL`, `REDIS_URL`\n\
             hint: `VEZA_REQUIRE_ENV` asks for it: set it in the unit's EnvironmentFile=\n",
        );
}

#[test]
fn every_bad_variable_is_told_at_once() {
    Launch::new()
        .env("PORT", "65536")
        .env("VEZA_LISTEN", "localhost")
        .env("VEZA_ON_SIGTERM", "later")
        .env("VEZA_UNHEALTHY", "yes")
        .env("VEZA_CRASH_AFTER", "-1")
        .env("VEZA_VERSION", "1\n2")
        .env("VEZA_REQUIRE_ENV", "A,,B")
        .refused(
            2,
            "veza-api: `PORT` is `65536`, expected a port number from 0 to 65535\n\
             veza-api: `VEZA_LISTEN` is `localhost`, expected an IP address such as `0.0.0.0` or `[::]`\n\
             veza-api: `VEZA_ON_SIGTERM` is `later`, expected `graceful` or `at-once`\n\
             veza-api: `VEZA_UNHEALTHY` is `yes`, expected `0` or `1`\n\
             veza-api: `VEZA_CRASH_AFTER` is `-1`, expected a whole number of seconds\n\
             veza-api: `VEZA_VERSION` is `1\\n2`, expected printable and at most 128 bytes\n\
             veza-api: `VEZA_REQUIRE_ENV` is `A,,B`, expected names of variables separated by commas\n\
             hint: `veza-api --help` lists the variables and their defaults\n",
        );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    Launch::new().env("PORT", port.to_string()).refused(
        1,
        &format!(
            "veza-api: cannot listen on `127.0.0.1:{port}`\n\
             cause: Address already in use (os error 98)\n\
             hint: `PORT` and `VEZA_LISTEN` choose another address\n"
        ),
    );
}

#[test]
fn an_unexpected_argument_is_refused() {
    Launch::new().argument("--port").refused(
        2,
        "veza-api: unexpected argument `--port`\n\
         hint: it is configured by environment variables, which `veza-api --help` lists\n",
    );
}
