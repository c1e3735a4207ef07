//! Answers that are not what Incus answers.

use std::time::Duration;

use super::super::{Client, Failure, InstanceName, Kind, NewVolume};
use super::{Server, answer, json};
use crate::rootfs::TargetPath;

/// What comes of asking for the profiles.
fn refusal(bytes: Vec<u8>) -> Failure {
    Server::new(vec![bytes]).client().profiles().unwrap_err()
}

#[test]
fn an_answer_that_is_not_the_apis_is_malformed_and_quotes_nothing() {
    let page = "<html><body>s3cret</body></html>";
    for (bytes, cause) in [
        (json(page), "no JSON, at line 1, column 1"),
        (json(""), "no JSON, at line 1, column 0"),
        (json("[1, 2]"), "another value than expected, at line 1, column 2"),
        (json(r#"{"type":"sync","metadata":"s3cret"}"#), "another value than expected, at line 1, column 34"),
        (json(r#"{"type":"sync"}"#), "another value than expected, at line 1, column 15"),
        (json(r#"{"type":"s\u001bync","metadata":[]}"#), "an answer of the type `s\\x1bync`"),
        (json(r#"{"type":"sync","metadata":[{"name":1}]}"#), "another value than expected, at line 1, column 36"),
        (answer("500 Oh", "", page), "HTTP status 500 Internal Server Error, and no reason in JSON"),
        (answer("302 Found", "Location: http://elsewhere/\r\n", ""), "HTTP status 302 Found, and no reason in JSON"),
    ] {
        let failure = refusal(bytes);
        let message = "what Incus answered when it was asked to list its profiles makes no sense";
        assert_eq!((failure.kind(), failure.message()), (Kind::Malformed, message));
        assert_eq!(failure.causes(), [cause]);
    }
    assert_eq!(refusal(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()).kind(), Kind::Malformed);
}

#[test]
fn an_answer_without_an_end_is_read_no_further_than_16_mib() {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    let failure = refusal([head, vec![b' '; 17 << 20]].concat());
    assert_eq!((failure.kind(), failure.causes()), (Kind::Malformed, ["more than 16 MiB".to_owned()].as_slice()));
}

#[test]
fn an_answer_that_breaks_off_is_lost() {
    let whole = json(r#"{"type":"sync","metadata":[]}"#);
    for length in [0, 10, whole.len() - 1] {
        let failure = refusal(whole[..length].to_vec());
        assert_eq!(failure.kind(), Kind::Lost, "{failure}");
        assert_eq!(failure.message(), "Incus was lost while it was asked to list its profiles");
    }
}

#[test]
fn a_reason_is_shown_short_and_without_control_characters() {
    let reason = format!("no \\u001b[2J{}", "é".repeat(5_000));
    let body = format!(r#"{{"type":"error","error_code":403,"error":"{reason}"}}"#);
    let failure = refusal(answer("403 Forbidden", "", &body));
    assert_eq!((failure.kind(), failure.message()), (Kind::Denied, "Incus cannot list its profiles"));
    assert!(failure.causes()[0].starts_with("no \\x1b[2Jéé") && failure.causes()[0].len() < 4_200);
}

#[test]
fn names_that_would_become_another_path_are_malformed() {
    let instance = |name: &str| {
        let body = format!(
            r#"{{"type":"sync","metadata":[{{"name":{name:?},"type":"container","status":"Running","architecture":"x86_64",
               "created_at":"2026-01-01T00:00:00Z"}}]}}"#
        );
        Server::new(vec![json(&body)]).client().instances()
    };
    assert_eq!(instance("web").unwrap()[0].name.as_str(), "web");
    assert_eq!(instance("../web").unwrap_err().kind(), Kind::Malformed);

    let listing = |name: &str| {
        let headers = "X-Incus-type: directory\r\nX-Incus-uid: 0\r\nX-Incus-gid: 0\r\nX-Incus-mode: 0755\r\n";
        let body = format!(r#"{{"type":"sync","metadata":[{name:?}]}}"#);
        let server = Server::new(vec![answer("200 OK", headers, &body)]);
        server.client().read(&InstanceName::parse("web").unwrap(), &TargetPath::parse("/srv").unwrap())
    };
    assert!(listing("log").is_ok());
    for name in ["..", "", "a/b"] {
        assert_eq!(listing(name).unwrap_err().kind(), Kind::Malformed, "{name}");
    }
}

#[test]
fn an_operation_elsewhere_is_not_followed() {
    for path in ["http://elsewhere/", "/1.0/instances/web", "/1.0/operations/../instances", "/1.0/operations/"] {
        let started = format!(r#"{{"type":"async","operation":{path:?},"metadata":null}}"#);
        let server = Server::new(vec![json(&started)]);
        let failure = server.client().start(&InstanceName::parse("web").unwrap()).unwrap_err();
        assert_eq!((failure.kind(), server.heard().len()), (Kind::Malformed, 1), "{path}");
    }
}

#[test]
fn an_operation_that_never_ends_times_out() {
    let started = json(r#"{"type":"async","operation":"/1.0/operations/1-a","metadata":null}"#);
    let running = json(r#"{"type":"sync","metadata":{"status_code":103}}"#);
    let server = Server::new(vec![started, running]);
    let deadline = Duration::from_millis(200);
    let web = InstanceName::parse("web").unwrap();
    let failure = server.client().exec(&web, &["true"], deadline).unwrap_err();
    assert_eq!((failure.kind(), failure.message()), (Kind::TimedOut, "Incus did not run `true` in `web` within 0.2 s"));
}

#[test]
fn what_incus_did_not_say_is_not_made_up() {
    let server = Server::new(vec![json(r#"{"type":"sync","metadata":{"name":"lock"}}"#)]);
    let client = server.client();
    assert_eq!(client.profile("lock").unwrap_err().causes(), ["its answer has no ETag"]);
    assert_eq!(client.now().unwrap_err().causes(), ["its answer has no date"]);
    let new = NewVolume { name: "logs".to_owned(), config: [].into(), description: String::new(), member: None };
    assert!(client.create_volume("default", &new).is_ok());
    let asked = "POST /1.0/storage-pools/default/volumes/custom?project=a%20b HTTP/1.1";
    assert_eq!(server.heard().last().map(String::as_str), Some(asked));
}

#[test]
fn a_server_of_something_else_is_no_incus() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("unix.socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        super::head(&mut socket);
        std::io::Write::write_all(&mut socket, &answer("200 OK", "", "<html>")).unwrap();
    });
    let error = Client::at(&path, None).unwrap_err();
    server.join().unwrap();
    assert_eq!(error.message(), format!("what answers at `{}` is no Incus", path.display()));
}
