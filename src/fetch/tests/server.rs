//! A mirror that does as the test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
pub(crate) struct Request {
    pub(crate) path: String,
    /// The first byte of a range.
    pub(crate) from: Option<usize>,
    /// Every line of its head.
    pub(crate) head: Vec<String>,
}

/// What is answered.
pub(crate) enum Reply {
    /// A status line's rest, header lines and a body. The length is declared, unless a header line does.
    Whole(&'static str, Vec<String>, Vec<u8>),
    /// The same, of whose body only so many bytes come before the connection is closed.
    Truncated(&'static str, Vec<String>, Vec<u8>, usize),
    /// The same, after which nothing comes any more.
    Stalled(&'static str, Vec<String>, Vec<u8>, usize),
}

impl Reply {
    pub(crate) fn ok(body: &[u8]) -> Self {
        Self::Whole("200 OK", vec!["Content-Type: application/octet-stream".to_owned()], body.to_vec())
    }

    pub(crate) fn status(status: &'static str) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }

    /// As a mirror that knows ranges.
    pub(crate) fn ranged(request: &Request, body: &[u8]) -> Self {
        match request.from {
            None => Self::ok(body),
            Some(from) => {
                let range = format!("Content-Range: bytes {from}-{}/{}", body.len() - 1, body.len());
                Self::Whole("206 Partial Content", vec![range], body[from..].to_vec())
            }
        }
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// Listens on a port of its own until it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (asked_too, stop_too) = (Arc::clone(&asked), Arc::clone(&stop));
        let handler: Arc<Handler> = Arc::new(handler);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop_too.load(Ordering::Relaxed) {
                    break;
                }
                let (handler, asked, stop) = (Arc::clone(&handler), Arc::clone(&asked_too), Arc::clone(&stop_too));
                // A client that goes away is no fault of the test's.
                std::thread::spawn(move || serve(stream.unwrap(), &*handler, &asked, &stop));
            }
        });
        Self { url, asked, stop, thread: Some(thread) }
    }

    /// What was asked so far: the path, and the first byte of a range.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A text in which this mirror's address is `NAME`.
    pub(crate) fn named(&self, name: &str, text: &str) -> String {
        text.replace(&self.url, name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
        let _ = self.thread.take().unwrap().join();
    }
}

fn serve(stream: TcpStream, handler: &Handler, asked: &Mutex<Vec<String>>, stop: &AtomicBool) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            head.push(line.trim().to_owned());
        }
        let path = head[0].split(' ').nth(1)?.to_owned();
        let range =
            head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
        let from = range.and_then(|range| range.trim_end_matches('-').parse().ok());
        asked.lock().unwrap().push(match from {
            Some(from) => format!("{path} from {from}"),
            None => path.clone(),
        });
        let (status, headers, body, length, stalls) = match handler(&Request { path, from, head }) {
            Reply::Whole(status, headers, body) => (status, headers, body, usize::MAX, false),
            Reply::Truncated(status, headers, body, length) => (status, headers, body, length, false),
            Reply::Stalled(status, headers, body, length) => (status, headers, body, length, true),
        };
        let mut reply = format!("HTTP/1.1 {status}\r\n");
        headers.iter().for_each(|header| reply += &format!("{header}\r\n"));
        if !headers.iter().any(|header| header.starts_with("Transfer-Encoding")) {
            reply += &format!("Content-Length: {}\r\n", body.len());
        }
        writer.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
        writer.write_all(&body[..length.min(body.len())]).ok()?;
        while stalls && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if length < body.len() {
            return None;
        }
    }
}
