//! Clients that keep WebSockets open through the balancer, and open them again when they are cut off, as pages in browsers
//! do: with the cookie that they were given.

mod guide;
mod session;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

pub(super) use self::guide::Guide;
pub use self::session::Session;
use super::websocket::{Cookie, Ended, Opened, WebSocket};
use crate::incus::InstanceName;
use crate::interrupt::Interrupt;
use crate::rollout::fleet::Entry;

/// Between two attempts to open one again.
const PAUSE: Duration = Duration::from_millis(250);

/// Sessions, each kept by a thread until the value goes.
#[derive(Debug)]
pub(super) struct Sessions {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads have in common.
#[derive(Debug)]
struct Shared {
    entry: Entry,
    path: String,
    guide: Guide,
    stopped: OnceLock<Instant>,
    is_over: AtomicBool,
    sessions: Mutex<Vec<Session>>,
}

impl Sessions {
    /// Opens so many at this path. Every second one begins as a client that was with `instance` before, where a cookie leads
    /// there: some are to lose theirs.
    ///
    /// # Errors
    /// One cannot be opened, or somebody interrupts: why.
    pub(super) fn open(
        entry: &Entry,
        path: &str,
        count: usize,
        guide: Guide,
        instance: &InstanceName,
        interrupt: &Interrupt,
    ) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            entry: entry.clone(),
            path: path.to_owned(),
            guide,
            stopped: OnceLock::new(),
            is_over: AtomicBool::new(false),
            sessions: Mutex::default(),
        });
        let mut opened = Self { shared: Arc::clone(&shared), threads: Vec::new() };
        for number in 0..count {
            if interrupt.is_requested() {
                return Err("interrupted".to_owned());
            }
            let cookie = shared.guide.cookie_of(instance).filter(|_| number % 2 == 0);
            let (socket, cookie, with) = shared.open(cookie)?;
            shared.sessions().push(Session::opened(with));
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name("websocket".to_owned());
            let thread = thread.spawn(move || shared.keep(number, socket, cookie));
            opened.threads.push(thread.map_err(|error| format!("no thread can be started: {error}"))?);
        }
        Ok(opened)
    }

    /// The container is being stopped now.
    pub(super) fn stopped(&self, at: Instant) {
        // It is stopped once.
        let _ = self.shared.stopped.set(at);
    }

    /// What became of them so far.
    pub(super) fn seen(&self) -> Vec<Session> {
        self.shared.sessions().clone()
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It says goodbye; how that went is of no interest.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, Vec<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// One that is open, the cookie that it has from then on, and with whom it is.
    fn open(&self, cookie: Option<Cookie>) -> Result<(WebSocket, Option<Cookie>, Option<String>), String> {
        let Opened { socket, cookies, from } = WebSocket::open(&self.entry, &self.path, cookie.as_ref())?;
        let cookie = self.guide.cookie_among(cookies).or(cookie);
        let with = self.guide.who(cookie.as_ref(), from).map(|instance| instance.to_string());
        Ok((socket, cookie, with))
    }

    /// Stays, and comes back, until all is over.
    fn keep(&self, number: usize, mut socket: WebSocket, mut cookie: Option<Cookie>) {
        while socket.stay(|| self.is_over()) == Ended::There {
            self.note(number, |session| session.close(self.stopped.get().copied()));
            socket = loop {
                if self.is_over() {
                    return;
                }
                match self.open(cookie.clone()) {
                    Ok((socket, given, with)) => {
                        cookie = given;
                        self.note(number, |session| session.come_back(with));
                        break socket;
                    }
                    Err(why) => self.note(number, |session| session.fail(why)),
                }
                sleep(PAUSE);
            };
        }
    }

    fn note(&self, number: usize, note: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions().get_mut(number) {
            note(session);
        }
    }
}
