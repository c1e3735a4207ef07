//! What is asked again, and what is not.

use std::time::{Duration, Instant};

use super::super::{InstanceName, Kind, Node};
use super::{Server, answer, json};
use crate::error::Class;
use crate::interrupt::Interrupt;
use crate::rootfs::TargetPath;

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

#[test]
fn an_import_heeds_an_interrupt_while_it_sends() {
    let missing = r#"{"type":"error","error_code":404,"error":"Image not found"}"#;
    let server = Server::new(vec![answer("404 Not Found", "", missing), Vec::new()]);
    let (interrupt, file) = (Interrupt::default(), tempfile::NamedTempFile::new().unwrap());
    file.as_file().set_len(10_000_000).unwrap();
    let error = server.client().import(file.path(), None, None, &|_, _| interrupt.request(), &interrupt).unwrap_err();
    assert_eq!(error.class(), Class::Interrupted);
    assert_eq!(server.last_of(2), "POST /1.0/images?project=a%20b HTTP/1.1");
}

/// Incus reads files through a helper that ends when it is idle, and does so only while nobody asks for one.
#[test]
fn a_file_is_asked_for_again_after_a_silence_when_incus_has_lost_its_helper() {
    const GONE: &str = r#"{"type":"error","error_code":500,"error":"dial unix /proc/self/fd/16/forkfile.sock: connect: no such file or directory"}"#;
    let gone = answer("500 Internal Server Error", "", GONE);
    let headers = "X-Incus-uid: 0\r\nX-Incus-gid: 0\r\nX-Incus-mode: 0644\r\nX-Incus-type: file\r\n";
    let server = Server::new(vec![gone.clone(), gone, answer("200 OK", headers, "x")]);
    let (web, hostname) = (InstanceName::parse("web").unwrap(), TargetPath::known("/etc/hostname"));
    let client = server.client();
    // There is no time for a silence.
    let error = client.clone().with_patience(Duration::from_secs(10)).read(&web, &hostname).unwrap_err();
    assert_eq!(error.kind(), Kind::Lost);
    let begun = Instant::now();
    let read = client.with_patience(Duration::from_secs(60)).read(&web, &hostname).unwrap();
    assert!(matches!(read, Some(Node::File { size: Some(1), .. })), "{read:?}");
    // The helper ends 15 seconds after the last request.
    assert!(begun.elapsed() > Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(server.heard().len(), 3);
}
