//! Whatever else may listen at an address that a fleet file names.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};

use vezaimg::haproxy::{Kind, Socket};

use super::{DEFAULTS, admin, open};
use crate::support::Balancer;

/// A server that treats each connection so, after it has read a line.
fn pretend(treat: impl Fn(&mut TcpStream) + Send + 'static) -> Socket {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut byte = [0];
            while stream.read(&mut byte).unwrap_or(0) == 1 && byte != *b"\n" {}
            treat(&mut stream);
        }
    });
    open(&format!("tcp:{address}"))
}

fn says(bytes: impl Into<Vec<u8>>) -> Socket {
    let bytes = bytes.into();
    // Whoever reads no further closes early.
    pretend(move |stream| drop(stream.write_all(&bytes)))
}

/// What a HAProxy with one server answers to [`Socket::observe`].
fn honest() -> String {
    let balancer = Balancer::start(&format!("{DEFAULTS}backend b\n  server a 127.0.0.1:1\n"));
    let text = balancer.ask("show info;show servers state;show sess;show stat");
    assert!(admin(&balancer).observe().is_ok());
    assert_eq!(text.matches("b,a,").count(), 1);
    text
}

#[test]
fn nonsense_is_not_haproxys() {
    let cases: [(&str, Vec<u8>); 7] = [
        ("html", b"<!DOCTYPE html>\n\n".to_vec()),
        ("a banner", b"SSH-2.0-OpenSSH_9.2p1\r\n\n\n".to_vec()),
        ("bytes", [0xff, 0xfe, 0, 0x1b, b'[', b'2', b'J', b'\n', b'\n'].to_vec()),
        ("a long line", [vec![b'x'; 1_000_000], b"\n\n".to_vec()].concat()),
        ("many lines", "a: b\n".repeat(1_000_000).into_bytes().into_iter().chain(*b"\n\n").collect()),
        ("empty lines", vec![b'\n'; 1_000_000]),
        ("json", b"{\"error\":\"no\"}\n\n".to_vec()),
    ];
    for (what, bytes) in cases {
        let failure = says(bytes).observe().unwrap_err();
        assert_eq!(failure.kind(), Kind::NotHaproxy, "{what}: {failure}");
        let text = failure.to_string();
        assert!(text.len() < 1000 && !text.contains(char::is_control), "{what}: {text}");
    }
}

#[test]
fn an_answer_that_is_cut_anywhere_is_lost() {
    let text = honest();
    let ends = (0..text.len()).step_by(97).chain([text.len() - 1]);
    for end in ends {
        let failure = says(&text.as_bytes()[..end]).observe().unwrap_err();
        assert_eq!(failure.kind(), Kind::Lost, "cut at {end} of {}: {failure}", text.len());
    }
    assert!(says(text).observe().is_ok());
}

#[test]
fn a_forged_field_is_refused() {
    let text = honest();
    let cases = [
        ("a negative count", "b,a,0,0,0,", "b,a,0,0,-1,"),
        ("a count that is too large", "b,a,0,0,0,", "b,a,0,0,99999999999999999999,"),
        ("a command in a name", " b 1 a ", " b 1 a;shutdown "),
        ("a command in the other name", "\nb,a,", "\nb,a;x,"),
        ("a line in a name", "\nb,a,", "\nb,\"a\nb\","),
        ("an unknown state", " a 127.0.0.1 2 ", " a 127.0.0.1 9 "),
        ("a missing column", " srv_op_state ", " "),
        ("another missing column", ",scur,", ",x,"),
        ("a process id", "\nPid: ", "\nPid: -"),
        ("the same server twice", "\nb,a,", "\nb,a,0,0,0,0,,0,0,0,,0,,0,0,0,0,UP,1,1,0,,,1,,,1,2,1,,0,,2\nb,a,"),
    ];
    for (what, from, to) in cases {
        assert_eq!(text.matches(from).count(), 1, "{what}");
        let failure = says(text.replace(from, to)).observe().unwrap_err();
        assert_eq!(failure.kind(), Kind::NotHaproxy, "{what}: {failure}");
    }
}

#[test]
fn columns_and_lines_of_other_versions_are_passed_over() {
    let text = honest();
    let expected = says(text.clone()).observe().unwrap();
    let newer = text
        .replace("# pxname,svname,", "# new,pxname,svname,")
        .replace("\nb,", "\n\"x,\n\n\"\"y\",b,")
        .replace("# be_id ", "# new be_id ")
        .replace("\n2 b ", "\nx 2 b ")
        .replace("\nStopping: ", "\nNew: thing\nStopping: ");
    assert_ne!(newer, text);
    assert_eq!(says(newer).observe().unwrap(), expected);
}

#[test]
fn an_endless_answer_ends_at_the_bound() {
    let line = [b'x'; 1 << 16];
    let endless = pretend(move |stream| while stream.write_all(&line).is_ok() {});
    let failure = endless.observe().unwrap_err();
    assert!(failure.to_string().ends_with(": the answer is longer than 64 MiB"), "{failure}");
    assert_eq!(failure.kind(), Kind::NotHaproxy);
}

#[test]
fn silence_and_drops_end_at_the_deadline() {
    let silent = pretend(|_| thread::sleep(Duration::from_secs(60)));
    let slow = pretend(|stream| {
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    for socket in [silent, slow] {
        let start = Instant::now();
        let failure = socket.level().unwrap_err();
        let took = start.elapsed();
        assert_eq!(failure.kind(), Kind::Lost);
        assert!(failure.to_string().ends_with("broke off: it took more than 5 seconds"), "{failure}");
        assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(8), "{took:?}");
    }
}

#[test]
fn no_answer_at_all_is_lost() {
    let failure = pretend(|_| {}).level().unwrap_err();
    assert_eq!(failure.kind(), Kind::Lost);
    assert!(failure.to_string().ends_with(": the connection was closed without an answer"), "{failure}");
}

#[test]
fn a_socket_that_nobody_accepts_from_is_lost_at_the_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hung.sock");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    let start = Instant::now();
    let failure = open(&format!("unix:{}", path.display())).level().unwrap_err();
    assert_eq!(failure.kind(), Kind::Lost);
    assert!(failure.to_string().ends_with("cannot connect to HAProxy: it took more than 5 seconds"), "{failure}");
    assert!(start.elapsed() < Duration::from_secs(8));
}
