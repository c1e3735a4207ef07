//! Load as a balancer meets it: clients on real sockets, who notice every request that fails.
//!
//! A request fails when its connection is refused, reset or closed before the whole answer, when the status is not 200,
//! when the answer is not the one to this very request, or after [`LIMIT`]. Clients behave as browsers do in what
//! decides whether a roll is noticed:
//! - a connection is kept alive, and one that the server has closed meanwhile is not used again;
//! - a GET that meets the end of a reused connection, before one byte of an answer, is sent once more on a fresh one
//!   (RFC 9110, 9.2.2: it is idempotent); a POST never is;
//! - every second client keeps `SERVERID` and sends it, the others never do;
//! - a WebSocket that ends is opened again at once, with the cookie.

mod cookie;
mod exchange;
mod histogram;
mod http;
mod report;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) use report::{Kind, Report, What};

/// How long an answer may take, connecting included.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// A client's pause after a failure, so that a dead balancer does not make failures a count of the processor's speed.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The pause of the service before it answers a POST, in milliseconds.
const SLOW_MS: u64 = 300;

/// How many clients of each kind, each a thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Clients that ask for health, one request at a time with a pause of [`Self::pause`] after each.
    pub(crate) gets: usize,
    /// Clients that POST to `/api/v1/slow?ms=300` without a pause: so many are in flight at any time.
    pub(crate) posts: usize,
    /// WebSockets that send a message a second.
    pub(crate) sockets: usize,
    pub(crate) pause: Duration,
}

impl Default for Shape {
    /// Some 150 requests a second, 16 of them always in flight: what two busy cores serve with latencies at rest that
    /// are still those of the service.
    fn default() -> Self {
        Self { gets: 4, posts: 16, sockets: 6, pause: Duration::from_millis(40) }
    }
}

/// What all clients of a load share.
struct Common {
    address: SocketAddr,
    began: Instant,
    stop: AtomicBool,
}

impl Common {
    fn over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Clients at work until they are stopped, or dropped.
pub(crate) struct Load {
    common: Arc<Common>,
    shape: Shape,
    clients: Vec<JoinHandle<Report>>,
}

impl Load {
    /// Puts a load onto whoever listens there.
    pub(crate) fn start(address: SocketAddr, shape: Shape) -> Self {
        let common = Arc::new(Common { address, began: Instant::now(), stop: AtomicBool::new(false) });
        let mut clients = Vec::new();
        let mut add = |client: fn(&Common, usize, Duration) -> Report, count| {
            for number in 0..count {
                let common = Arc::clone(&common);
                clients.push(thread::spawn(move || client(&common, number, shape.pause)));
            }
        };
        add(http::getter, shape.gets);
        add(http::poster, shape.posts);
        add(socket::talker, shape.sockets);
        Self { common, shape, clients }
    }

    /// A load for this long, by which a later one is measured.
    ///
    /// # Panics
    /// When a request fails: nothing that is proved by such a load would hold.
    pub(crate) fn at_rest(address: SocketAddr, shape: Shape, lasting: Duration) -> Report {
        let load = Self::start(address, shape);
        thread::sleep(lasting);
        let report = load.stop();
        report.assert_clean();
        report
    }

    /// The time by which the report tells when something was.
    pub(crate) fn elapsed(&self) -> Duration {
        self.common.began.elapsed()
    }

    /// Lets every client finish its request, for at most [`LIMIT`], and adds up what they have seen.
    pub(crate) fn stop(mut self) -> Report {
        self.common.stop.store(true, Ordering::Relaxed);
        let mut report = Report { shape: self.shape, ..Report::new() };
        for client in self.clients.drain(..) {
            report.merge(client.join().expect("a client does not panic"));
        }
        report.lasted = self.elapsed();
        report
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.common.stop.store(true, Ordering::Relaxed);
    }
}
