//! What all connections share.

use std::net::SocketAddr;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::log::Log;

/// The service's state.
pub(crate) struct Service {
    /// Where it was told to listen; port 0 stands for any.
    pub(crate) address: SocketAddr,
    /// The host's name.
    pub(crate) host: String,
    /// The version to report.
    pub(crate) version: String,
    /// The process.
    pub(crate) pid: u32,
    /// Where requests are logged.
    pub(crate) log: Log,
    /// The open connections.
    pub(crate) connections: Arc<Connections>,
    started: Instant,
    healthy: AtomicBool,
    stopping: AtomicBool,
}

impl Service {
    /// A service that has not begun to listen.
    pub(crate) fn new(config: Config, host: String, log: Log, started: Instant) -> Self {
        Self {
            address: config.address,
            host,
            version: config.version,
            pid: process::id(),
            log,
            connections: Arc::default(),
            started,
            healthy: AtomicBool::new(config.healthy),
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether health answers 200.
    pub(crate) fn healthy(&self) -> bool {
        self.healthy.load(Ordering::SeqCst)
    }

    /// Turns healthy into unhealthy or back, and returns whether it is healthy now.
    pub(crate) fn toggle_health(&self) -> bool {
        !self.healthy.fetch_xor(true, Ordering::SeqCst)
    }

    /// Whether connections are to end after what they are doing.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Makes connections end after what they are doing.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whole seconds since the start.
    pub(crate) fn uptime_s(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

/// How many connections are open.
#[derive(Default)]
pub(crate) struct Connections {
    open: Mutex<usize>,
    closed: Condvar,
}

impl Connections {
    /// At most so many at once: each costs a thread.
    const MOST: usize = 4096;

    /// Counts one more until the slot is dropped; none when there are too many already.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Slot> {
        let mut open = self.lock();
        (*open < Self::MOST).then(|| {
            *open += 1;
            Slot(Arc::clone(self))
        })
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        *self.lock()
    }

    /// Waits until none is open, or `limit` has passed; returns how many still are.
    pub(crate) fn wait_until_none(&self, limit: Duration) -> usize {
        let waited = self.closed.wait_timeout_while(self.lock(), limit, |open| *open > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place among the open ones.
pub(crate) struct Slot(Arc<Connections>);

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.closed.notify_all();
    }
}
