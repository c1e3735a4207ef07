//! Times, as a person compares them.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// How long ago something was, in its largest unit: `41 s`, `3 min`, `5 h`, `12 d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age(pub(super) Duration);

impl Age {
    /// From one time to a later one; nothing when it is not later.
    pub(super) fn between(earlier: Timestamp, later: Timestamp) -> Self {
        Self(Duration::try_from(later.duration_since(earlier)).unwrap_or_default())
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{seconds} s"),
            60..3600 => write!(f, "{} min", seconds / 60),
            3600..172_800 => write!(f, "{} h", seconds / 3600),
            _ => write!(f, "{} d", seconds / 86_400),
        }
    }
}

/// `2026-11-22 07:51 UTC (3 h)`, whatever the time zone here.
pub(super) fn moment(time: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", time.strftime("%Y-%m-%d %H:%M UTC"), Age::between(time, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (172_799, "47 h"), (172_800, "2 d")]
        {
            assert_eq!(Age(Duration::from_secs(seconds)).to_string(), text);
        }
    }

    #[test]
    fn a_moment_is_in_utc_and_one_ahead_is_now() {
        let time: Timestamp = "2026-11-22T07:51:59Z".parse().unwrap();
        let later: Timestamp = "2026-11-22T11:00:00Z".parse().unwrap();
        assert_eq!(moment(time, later), "2026-11-22 07:51 UTC (3 h)");
        assert_eq!(moment(later, time), "2026-11-22 11:00 UTC (0 s)");
    }
}
