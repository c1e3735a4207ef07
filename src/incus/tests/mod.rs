//! What is made of a server that is none, or that goes away: a socket that says what a test wants.

mod hostile;
mod patience;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Client;

/// What the API's root says to whom it trusts.
const GREETING: &str = r#"{"type":"sync","metadata":{"auth":"trusted","environment":{"server_version":"6.0"}}}"#;

/// A server of which each connection gets the next answer, and those after the last one the last.
struct Server {
    directory: TempDir,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the first request with the greeting.
    fn new(answers: Vec<Vec<u8>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("unix.socket")).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (heard, asked) = (Arc::clone(&requests), AtomicUsize::new(0));
        let answers: Vec<_> = [json(GREETING)].into_iter().chain(answers).collect();
        // It ends with the process: nothing waits for it.
        thread::spawn(move || {
            for mut socket in listener.incoming().map_while(Result::ok) {
                let next = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
                heard.lock().unwrap().push(head(&mut socket));
                // Whoever has heard enough may be gone.
                let _ = socket.write_all(&answers[next]);
            }
        });
        Self { directory, requests }
    }

    fn client(&self) -> Client {
        let client = Client::at(&self.directory.path().join("unix.socket"), Some("a b")).unwrap();
        client.with_patience(Duration::ZERO)
    }

    /// The last of so many requests after the greeting, which may not have been written down yet.
    fn last_of(&self, count: usize) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.heard().len() < count && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        let heard = self.heard();
        assert_eq!(heard.len(), count, "{heard:?}");
        heard[count - 1].clone()
    }

    /// The first lines of the requests after the greeting.
    fn heard(&self) -> Vec<String> {
        self.requests.lock().unwrap()[1..].to_vec()
    }
}

/// The first line of a request, all of whose head has come.
fn head(socket: &mut UnixStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).unwrap_or_default() > 0 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned()
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}

fn json(body: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: application/json\r\n", body)
}
