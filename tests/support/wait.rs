//! Waiting, never without a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// A duration as tests write it.
pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What `poll` gives once it gives something. It is asked ten times a second; an `Err` says what it saw instead.
///
/// # Panics
/// After the deadline, with what was awaited and what was seen last.
pub(crate) fn wait_for<T>(what: &str, deadline: Duration, poll: impl FnMut() -> Result<T, String>) -> T {
    try_wait_for(what, deadline, poll).unwrap_or_else(|message| panic!("{message}"))
}

/// As [`wait_for`], for a caller who has more to say than the message that it would panic with.
pub(crate) fn try_wait_for<T>(
    what: &str,
    deadline: Duration,
    mut poll: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match poll() {
            Err(seen) if start.elapsed() >= deadline => {
                return Err(format!("waited {} s for {what}, and saw last: {seen}", deadline.as_secs()));
            }
            Err(_) => sleep(Duration::from_millis(100)),
            done => return done,
        }
    }
}
