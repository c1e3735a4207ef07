//! What becomes of one session.

use std::time::Instant;

use serde::Serialize;

use crate::rollout::receipt::seconds;

/// A WebSocket, and those that took its place after it was closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Session {
    /// The instance that it was with when it was opened; none when nobody can tell.
    pub was_with: Option<String>,
    /// From the stop of the container until it was closed by the other side, in seconds; none while it stays open.
    pub closed_after: Option<f64>,
    /// Times that it was tried to open it again.
    pub attempts: u32,
    /// From then until it was open again, in seconds.
    pub away: Option<f64>,
    /// Whether it is open.
    pub is_open: bool,
    /// The instance that it is with; none when nobody can tell, or it is not open.
    pub is_with: Option<String>,
    /// Why the last attempt to open it failed.
    pub trouble: Option<String>,
    /// When it was closed last.
    #[serde(skip)]
    pub(in crate::drill) closed: Option<Instant>,
}

impl Session {
    pub(super) fn opened(with: Option<String>) -> Self {
        Self { was_with: with.clone(), is_open: true, is_with: with, ..Self::default() }
    }

    /// The other side closed it; the container was stopped then, if it was.
    pub(super) fn close(&mut self, stopped: Option<Instant>) {
        let now = Instant::now();
        if self.closed_after.is_none() {
            let since = stopped.map(|stopped| now.saturating_duration_since(stopped)).unwrap_or_default();
            self.closed_after = Some(seconds(since));
        }
        (self.is_open, self.is_with, self.closed) = (false, None, Some(now));
    }

    /// It could not be opened again.
    pub(super) fn fail(&mut self, why: String) {
        self.attempts += 1;
        self.trouble = Some(why);
    }

    /// It is open again.
    pub(super) fn come_back(&mut self, with: Option<String>) {
        self.attempts += 1;
        self.away = self.closed.map(|closed| seconds(closed.elapsed()));
        (self.is_open, self.is_with, self.trouble) = (true, with, None);
    }
}
