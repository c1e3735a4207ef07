//! What broke off, and is gone on with.

use std::io::Write as _;

use super::downloads::{CONTENT, because};
use super::server::{Reply, Server};
use super::{Bench, digest, wanted};

#[test]
fn a_mirror_that_truncates_is_gone_on_with_a_bounded_number_of_times() {
    let server = Server::new(|_| Reply::Truncated("200 OK", Vec::new(), CONTENT.to_vec(), 10));
    let bench = Bench::new();
    let error = bench.fetcher(&[&server.url]).fetch(&[wanted("a", CONTENT)]).unwrap_err();
    assert_eq!(server.named("MIRROR", &error.to_string()), because("the connection was closed after 10 of 24 bytes"));
    assert_eq!(server.asked(), ["/pool/a.deb", "/pool/a.deb from 10", "/pool/a.deb from 10"]);
}

#[test]
fn what_broke_off_is_gone_on_with_from_the_next_mirror() {
    let first = Server::new(|request| match request.from {
        None => Reply::Truncated("200 OK", Vec::new(), CONTENT.to_vec(), 10),
        Some(_) => Reply::status("404 Not Found"),
    });
    let second = Server::new(|request| Reply::ranged(request, CONTENT));
    let bench = Bench::new();
    bench.fetcher(&[&first.url, &second.url]).fetch(&[wanted("a", CONTENT)]).unwrap();
    assert!(bench.has(CONTENT));
    assert_eq!(second.asked(), ["/pool/a.deb from 10"]);
}

/// Begins a download with these bytes, and goes on from a mirror of such replies.
fn resumed(begun: &[u8], reply: impl Fn(&super::server::Request) -> Reply + Send + Sync + 'static) -> Vec<String> {
    let (bench, server) = (Bench::new(), Server::new(reply));
    bench.store.partial(digest(CONTENT), CONTENT.len() as u64).unwrap().unwrap().write_all(begun).unwrap();
    bench.fetcher(&[&server.url]).fetch(&[wanted("a", CONTENT)]).unwrap();
    assert!(bench.has(CONTENT));
    server.asked()
}

#[test]
fn a_mirror_without_ranges_starts_over() {
    assert_eq!(resumed(&CONTENT[..10], |_| Reply::ok(CONTENT)), ["/pool/a.deb from 10"]);
}

#[test]
fn a_mirror_that_has_no_such_range_starts_over() {
    let reply = |request: &super::server::Request| match request.from {
        Some(_) => Reply::status("416 Range Not Satisfiable"),
        None => Reply::ok(CONTENT),
    };
    assert_eq!(resumed(&CONTENT[..10], reply), ["/pool/a.deb from 10", "/pool/a.deb"]);
}

#[test]
fn a_mirror_that_sends_another_range_starts_over() {
    let reply = |request: &super::server::Request| match request.from {
        Some(_) => {
            let range = "Content-Range: bytes 4-23/24".to_owned();
            Reply::Whole("206 Partial Content", vec![range], CONTENT[4..].to_vec())
        }
        None => Reply::ok(CONTENT),
    };
    assert_eq!(resumed(&CONTENT[..10], reply), ["/pool/a.deb from 10", "/pool/a.deb"]);
}

#[test]
fn what_was_begun_with_other_bytes_is_fetched_anew() {
    let reply = |request: &super::server::Request| Reply::ranged(request, CONTENT);
    assert_eq!(resumed(b"not these", reply), ["/pool/a.deb from 9", "/pool/a.deb"]);
}

#[test]
fn what_was_begun_beyond_its_end_is_fetched_anew() {
    let reply = |request: &super::server::Request| Reply::ranged(request, CONTENT);
    assert_eq!(resumed(&[b'x'; 30], reply), ["/pool/a.deb"]);
}
