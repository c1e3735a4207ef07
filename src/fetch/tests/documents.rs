use super::Bench;
use super::server::{Reply, Server};
use crate::{Error, Result};

fn text(document: &[u8]) -> Result<String> {
    let text = String::from_utf8(document.to_vec()).unwrap();
    if text.starts_with("Origin: ") {
        Ok(text)
    } else {
        Err(Error::refused("it is no Release").cause("signed by nobody"))
    }
}

#[test]
fn the_first_document_that_is_accepted_is_taken() {
    let html = Server::new(|_| Reply::ok(b"<html>"));
    let good = Server::new(|_| Reply::ok(b"Origin: Debian"));
    let bench = Bench::new();
    let taken = bench.fetcher(&[&html.url, &good.url]).document("bookworm", "dists/bookworm/InRelease", 100, &text);
    assert_eq!(taken.unwrap(), "Origin: Debian");
    assert_eq!(
        bench.told.stages_and_notes().iter().map(|text| html.named("HTML", text)).collect::<Vec<_>>(),
        ["the mirror `HTML` did not give `dists/bookworm/InRelease`: it is no Release: signed by nobody"]
    );
}

#[test]
fn a_document_that_nobody_has_is_told_with_every_reason() {
    let html = Server::new(|_| Reply::ok(b"<html>"));
    let large = Server::new(|_| Reply::ok(&[b'x'; 101]));
    let cut = Server::new(|_| Reply::Truncated("200 OK", Vec::new(), b"Origin: Debian".to_vec(), 6));
    let none = Server::new(|_| Reply::status("404 Not Found"));
    let bench = Bench::new();
    let mirrors = [&html.url, &large.url, &cut.url, &none.url].map(String::as_str);
    let error = bench.fetcher(&mirrors).document("bookworm", "InRelease", 100, &text).unwrap_err();
    let said = none.named("NONE", &cut.named("CUT", &large.named("LARGE", &html.named("HTML", &error.to_string()))));
    assert_eq!(
        said,
        "`InRelease` cannot be fetched\n\
         cause: `HTML`: it is no Release: signed by nobody\n\
         cause: `LARGE`: sends more than 100 bytes\n\
         cause: `CUT`: the connection was closed\n\
         cause: `NONE`: 404 Not Found\n\
         hint: name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`"
    );
}
