//! Requests through the balancer, each on a connection of its own, as those of clients that come for the first time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use serde::Serialize;
use ureq::Agent;

use crate::rollout::fleet::Entry;
use crate::rollout::receipt::seconds;
use crate::rootfs::escaped;

/// What clients call themselves.
pub(super) const USER_AGENT: &str = concat!("vezaimg/", env!("CARGO_PKG_VERSION"));

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two requests that go on for as long as something lasts.
const PAUSE: Duration = Duration::from_millis(250);
/// The most failures that are told.
const TOLD: usize = 5;

/// What came of some requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Requests.
    pub sent: u32,
    /// Those that 200 answered.
    pub ok: u32,
    /// How long the slowest of those took, in seconds.
    pub slowest: f64,
    /// What came of the others, the first five.
    pub failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, outcome: Result<Duration, String>) {
        self.sent += 1;
        match outcome {
            Ok(took) => {
                self.ok += 1;
                self.slowest = self.slowest.max(seconds(took));
            }
            Err(why) if self.failures.len() < TOLD => self.failures.push(why),
            Err(_) => {}
        }
    }
}

/// Sends GETs of one path.
#[derive(Clone, Debug)]
pub(super) struct Getter {
    agent: Agent,
    url: String,
    path: String,
}

impl Getter {
    pub(super) fn new(entry: &Entry, path: &str) -> Self {
        let agent = Agent::config_builder()
            .proxy(None)
            .user_agent(USER_AGENT)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        Self { agent, url: format!("{entry}{path}"), path: path.to_owned() }
    }

    /// Sends so many, one after another.
    pub(super) fn send(&self, count: u32) -> Tally {
        let mut tally = Tally::default();
        (0..count).for_each(|_| tally.add(self.get()));
        tally
    }

    fn get(&self) -> Result<Duration, String> {
        let (path, begun) = (&self.path, Instant::now());
        match self.agent.get(&self.url).header("Connection", "close").call() {
            Ok(answer) if answer.status() == 200 => Ok(begun.elapsed()),
            Ok(answer) => Err(format!("`GET {path}` answers {}", answer.status().as_u16())),
            Err(error) => {
                let why = match error {
                    // Without ureq's word before it.
                    ureq::Error::Io(error) => error.to_string(),
                    ureq::Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
                    error => error.to_string(),
                };
                Err(format!("`GET {path}` is not answered: {}", escaped(why.as_bytes())))
            }
        }
    }
}

/// Requests one after another in a thread of their own, for as long as something lasts.
#[derive(Debug)]
pub(super) struct Stream {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Tally>,
}

impl Stream {
    /// # Errors
    /// No thread can be started.
    pub(super) fn start(getter: Getter) -> std::io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let send = move || {
            let mut tally = Tally::default();
            while !over.load(Ordering::Relaxed) {
                tally.add(getter.get());
                sleep(PAUSE);
            }
            tally
        };
        Ok(Self { is_over, thread: thread::Builder::new().name("requests".to_owned()).spawn(send)? })
    }

    /// Sends no more. The last one may not be answered yet.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// What came of them, once all are answered.
    pub(super) fn tally(self) -> Tally {
        self.end();
        self.thread.join().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers one connection after another with these statuses.
    fn serve(statuses: &'static [u16]) -> Entry {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let entry = Entry::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        thread::spawn(move || {
            for status in statuses {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                let count = stream.read(&mut request).unwrap();
                let request = String::from_utf8_lossy(&request[..count]).to_lowercase();
                assert!(request.contains("\r\nconnection: close\r\n"), "{request}");
                let location = if *status == 302 { "Location: https://elsewhere/\r\n" } else { "" };
                let answer = format!("HTTP/1.1 {status} Word\r\n{location}Content-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        entry
    }

    #[test]
    fn only_200_is_good_and_each_request_has_a_connection() {
        let tally = Getter::new(&serve(&[200, 503, 302, 200]), "/h").send(4);
        assert_eq!((tally.sent, tally.ok), (4, 2));
        assert_eq!(tally.failures, ["`GET /h` answers 503", "`GET /h` answers 302"]);
        assert!(tally.slowest < PATIENCE.as_secs_f64());
    }

    #[test]
    fn no_more_than_some_failures_are_told() {
        let entry = serve(&[]);
        let tally = Getter::new(&entry, "/h").send(8);
        assert_eq!((tally.sent, tally.ok, tally.failures.len()), (8, 0, TOLD));
        assert!(tally.failures[7 % TOLD].starts_with("`GET /h` is not answered: "), "{:?}", tally.failures);
    }
}
