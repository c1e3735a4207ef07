//! How long nobody answers, as one sees it who asks all the time.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::http_get;

pub(super) struct Outage {
    stop: Arc<AtomicBool>,
    asker: JoinHandle<Duration>,
}

impl Outage {
    pub(super) fn watch(address: SocketAddr, path: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&stop);
        let asker = thread::spawn(move || {
            let (mut longest, mut last) = (Duration::ZERO, Instant::now());
            while !over.load(Ordering::Relaxed) {
                if answers(address, path) {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                thread::sleep(Duration::from_millis(10));
            }
            longest.max(last.elapsed())
        });
        Self { stop, asker }
    }

    /// From the last answer before it to the first one after it.
    pub(super) fn longest(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.asker.join().unwrap()
    }
}

pub(super) fn answers(address: SocketAddr, path: &str) -> bool {
    // Who is away is asked again soon, so that the first answer is not missed.
    let is_there = TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_ok();
    is_there && http_get(address, path).is_ok_and(|reply| reply.status == 200)
}
