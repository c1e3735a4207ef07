//! What people are told about a lock.

use std::time::Duration;

use jiff::Timestamp;

use super::holder::Holder;
use super::place::Place;
use super::{LIFE, RENEWAL};
use crate::Error;

/// From one time to a later one; nothing when it is not later.
pub(super) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// A duration in whole seconds, and less exactly the longer it is: `41 s`, `3 min 05 s`, `2 h 05 min`, `3 d 4 h`.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {:02} s", seconds % 60),
        3600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

/// The time of day, with the date when that is another one than `now` has.
fn time_of_day(time: Timestamp, now: Timestamp) -> String {
    let date = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let format = if date(time) == date(now) { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    time.strftime(format).to_string()
}

/// Somebody else holds it.
pub(super) fn held(place: &Place, holder: &Holder, has_journal: bool, now: Timestamp) -> Error {
    let Holder { user, verb, since, renewed, .. } = holder;
    let (host, pid) = (holder.host(), holder.pid());
    let sentence = format!(
        "the pool `{}` is locked by `{user}` on `{host}`, who runs `vezaimg {verb}` since {} ({} ago) and last renewed \
         the lock {} ago",
        place.pool(),
        time_of_day(*since, now),
        spoken(between(*since, now)),
        spoken(holder.age(now)),
    );
    let renewal = RENEWAL.as_secs();
    let use_of_it = if holder.is_here() {
        format!("it is in use: process {pid} of this machine lives, and renews it every {renewal} s")
    } else {
        let expiry = renewed.checked_add(LIFE).unwrap_or(*renewed);
        format!(
            "process {pid} of `{host}` renews it every {renewal} s; if that process is dead, the lock expires at {}, \
             in {}",
            time_of_day(expiry, now),
            // Right at the end of its life is not beyond it.
            spoken(between(now, expiry) + Duration::from_secs(1)),
        )
    };
    // What was begun is written in the lock: only what holds no journal may go as a whole.
    let release = if has_journal { place.releasing() } else { place.deleting() };
    Error::refused(sentence).hint(use_of_it).hint(format!("if you know that it is dead, `{release}` frees the pool"))
}

/// How a lock was lost.
#[derive(Clone, Debug)]
pub(super) enum Loss {
    /// Nothing is in its place any more.
    Deleted,
    /// Its holder was taken out, or written over with something else.
    Freed,
    /// Somebody else holds it, or held it.
    Taken(Box<Holder>),
}

impl Loss {
    /// As the one is told who held it.
    pub(super) fn error(&self, place: &Place) -> Error {
        let pool = place.pool();
        let error = match self {
            Self::Deleted => Error::refused(format!("the lock of the pool `{pool}` was deleted while it was held")),
            Self::Freed => Error::refused(format!("the lock of the pool `{pool}` was freed by hand while it was held")),
            Self::Taken(holder) => Error::refused(format!(
                "the lock of the pool `{pool}` was taken over by `{}` on `{}`, who runs `vezaimg {}`",
                holder.user,
                holder.host(),
                holder.verb
            )),
        };
        error.hint("nothing more was changed; `vezaimg status` shows how the pool stands")
    }
}

/// It could not be renewed for so long that others may soon take it over.
pub(super) fn expired(place: &Place, since: Duration, failure: &crate::incus::Failure) -> Error {
    let pool = place.pool();
    Error::failed(format!("the lock of the pool `{pool}` could not be renewed for {}", spoken(since))).cause(failure)
}

/// What people read in `incus profile list` while it is held.
pub(super) fn held_description(place: &Place, holder: &Holder) -> String {
    let (user, host, verb) = (&holder.user, holder.host(), &holder.verb);
    format!("lock of the pool {}, held by {user} on {host} for vezaimg {verb}; see vezaimg status", place.pool())
}

/// What people read there when an operation was interrupted.
pub(super) fn left_description(place: &Place) -> String {
    format!("lock of the pool {}, held by nobody, with what was left unfinished; see vezaimg status", place.pool())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_less_exactly_the_longer_they_are() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (185, "3 min 05 s"), (7_500, "2 h 05 min"), (273_600, "3 d 4 h")]
        {
            assert_eq!(spoken(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_time_of_another_day_bears_its_date() {
        let time: Timestamp = "2026-11-22T23:59:58.5Z".parse().unwrap();
        let later = |seconds| time.checked_add(Duration::from_secs(seconds)).unwrap();
        assert_eq!(time_of_day(time, later(1)), "23:59:58 UTC");
        assert_eq!(time_of_day(time, later(2)), "2026-11-22 23:59:58 UTC");
        assert_eq!(between(time, later(2)), Duration::from_secs(2));
        assert_eq!(between(later(2), time), Duration::ZERO);
    }
}
