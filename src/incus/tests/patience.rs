//! What is asked again, and what is not.

use std::time::{Duration, Instant};

use super::super::{InstanceName, Kind};
use super::{Server, answer, json};

const STARTING: &str = r#"{"type":"error","error_code":503,"error":"Daemon is starting up"}"#;

#[test]
fn what_reads_is_asked_again_until_it_is_answered() {
    let starting = answer("503 Service Unavailable", "", STARTING);
    let gateway = answer("502 Bad Gateway", "", "<html>");
    let server = Server::new(vec![Vec::new(), starting, gateway, json(r#"{"type":"sync","metadata":[]}"#)]);
    let client = server.client().with_patience(Duration::from_secs(10));
    assert_eq!(client.profiles().unwrap(), []);
    assert_eq!(server.heard(), vec!["GET /1.0/profiles?recursion=1&project=a%20b HTTP/1.1"; 4]);
}

#[test]
fn patience_has_an_end() {
    let server = Server::new(vec![answer("503 Service Unavailable", "", STARTING)]);
    let begun = Instant::now();
    let failure = server.client().with_patience(Duration::from_secs(1)).profiles().unwrap_err();
    assert_eq!((failure.kind(), failure.causes()), (Kind::Lost, ["Daemon is starting up".to_owned()].as_slice()));
    assert!((2..=5).contains(&server.heard().len()) && begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_changes_something_is_sent_once() {
    let server = Server::new(vec![Vec::new()]);
    let client = server.client().with_patience(Duration::from_secs(10));
    let web = InstanceName::parse("web").unwrap();
    assert_eq!(client.start(&web).unwrap_err().kind(), Kind::Lost);
    assert_eq!(server.heard(), ["PUT /1.0/instances/web/state?project=a%20b HTTP/1.1"]);
}

#[test]
fn an_answer_before_the_end_of_an_upload_is_heard() {
    let refusal = r#"{"type":"error","error_code":404,"error":"Instance not found"}"#;
    let server = Server::new(vec![answer("404 Not Found", "", refusal)]);
    let call = super::super::exchange::Call::new(ureq::http::Method::POST, &["images"], "import it");
    let size = 100_000_000;
    let mut zeros = std::io::Read::take(std::io::repeat(0), size);
    let mut content = super::super::content::Content::new(&mut zeros, size);
    let failure = server.client().upload(&call, size, &mut content).err().unwrap();
    assert_eq!((failure.kind(), failure.causes()), (Kind::NotFound, ["Instance not found".to_owned()].as_slice()));
}
