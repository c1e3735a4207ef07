//! Whether enough servers could serve at every moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Haproxy;
use super::haproxy::ask;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(50);

/// Looks at all servers of a balancer until it is stopped.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Availability>>,
}

/// What was seen of them.
#[derive(Debug)]
pub(crate) struct Availability {
    /// Looks that were answered.
    pub(crate) looks: usize,
    /// Servers that HAProxy gives requests to, when they were fewest.
    pub(crate) fewest: usize,
    /// The state of each server at that time, for people.
    pub(crate) then: String,
}

impl Watch {
    pub(crate) fn start(haproxy: &Haproxy) -> Self {
        let (stop, admin) = (Arc::new(AtomicBool::new(false)), haproxy.admin());
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || watch(admin, &stopped));
        Self { stop, thread: Some(thread) }
    }

    pub(crate) fn stop(mut self) -> Availability {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("it is stopped once").join().expect("it only looks")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Availability {
    /// # Panics
    /// When there were fewer at any time, or nobody looked.
    pub(crate) fn assert_at_least(&self, wanted: usize) {
        assert!(self.looks > 20 && self.fewest >= wanted, "{self:?}");
    }
}

fn watch(admin: SocketAddr, stop: &AtomicBool) -> Availability {
    let mut seen = Availability { looks: 0, fewest: usize::MAX, then: String::new() };
    while !stop.load(Ordering::Relaxed) {
        let answer = ask(admin, "show stat");
        let mut lines = answer.trim_start_matches("# ").lines().map(|line| line.split(',').collect::<Vec<_>>());
        let column = lines.next().and_then(|names| names.iter().position(|name| *name == "status"));
        if let Some(column) = column {
            let servers = lines.filter(|row| row.first() == Some(&"api_pool") && row.get(1) != Some(&"BACKEND"));
            let states: Vec<_> =
                servers.filter_map(|row| Some((row.get(1)?.to_string(), row.get(column)?.to_string()))).collect();
            let up = states.iter().filter(|(_, state)| state.starts_with("UP")).count();
            seen.looks += 1;
            if up < seen.fewest {
                (seen.fewest, seen.then) = (up, format!("{states:?}"));
            }
        }
        thread::sleep(INTERVAL);
    }
    seen
}
