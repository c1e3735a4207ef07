//! The one time that an image knows.

use std::fmt;

use crate::{Error, Result};

/// Seconds since 1970, at least one: Incus takes no image of the year 1970's first second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

/// The last second of the year 9999, above which dates cannot be written.
const LATEST: u64 = 253_402_300_799;

impl Epoch {
    /// 1980-01-01, as ZIP's first day: what a directory gets, whose times are those of its unpacking.
    pub const TIMELESS: Self = Self(315_532_800);

    /// The nearest time that an image can bear.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds.clamp(1, LATEST))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// The time of the machine.
    pub fn now() -> Self {
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self::from_seconds(seconds.map(|since| since.as_secs()).unwrap_or_default())
    }

    /// What `SOURCE_DATE_EPOCH` says, where it is set.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_environment() -> Result<Option<Self>> {
        match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(text) => Self::parse(&text).map(Some),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::invalid("SOURCE_DATE_EPOCH is not a number")),
        }
    }

    /// A date such as `2026-01-01T00:00:00Z`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let seconds = text.parse::<jiff::Timestamp>().ok()?.as_second();
        Some(Self::from_seconds(u64::try_from(seconds).ok()?))
    }

    /// The value of `SOURCE_DATE_EPOCH`, <https://reproducible-builds.org/specs/source-date-epoch/>.
    ///
    /// # Errors
    /// It is not a number of seconds.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!(
                "SOURCE_DATE_EPOCH is `{}`, which is not a number of seconds since 1970 from 1 to {LATEST}",
                text.escape_debug()
            ))
            .hint("such as `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`")
        };
        let seconds = text.trim().parse().map_err(|_| wrong())?;
        if (1..=LATEST).contains(&seconds) { Ok(Self(seconds)) } else { Err(wrong()) }
    }
}

/// RFC 3339 in UTC, such as `2026-01-01T00:00:00Z`.
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_second(seconds) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "@{seconds}"),
        }
    }
}

/// How the times of a base's entries become those of the image, and what its epoch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The epoch is given: times above it become it.
    Given(Epoch),
    /// The epoch is the newest time in the base.
    Newest,
    /// The base's times say nothing: every entry bears the epoch.
    Timeless(Epoch),
}

impl Clock {
    /// The clock for a base whose times mean something, or do not.
    pub fn new(given: Option<Epoch>, base_has_times: bool) -> Self {
        match (given, base_has_times) {
            (Some(epoch), true) => Self::Given(epoch),
            (None, true) => Self::Newest,
            (epoch, false) => Self::Timeless(epoch.unwrap_or(Epoch::TIMELESS)),
        }
    }

    /// The time that an entry of the base gets.
    pub fn clamp(self, mtime: u64) -> u64 {
        match self {
            Self::Given(epoch) => mtime.min(epoch.0),
            Self::Newest => mtime.min(LATEST),
            Self::Timeless(epoch) => epoch.0,
        }
    }

    /// The image's epoch, once the newest time of the base is known.
    pub fn epoch(self, newest: u64) -> Epoch {
        match self {
            Self::Given(epoch) | Self::Timeless(epoch) => epoch,
            Self::Newest => Epoch::from_seconds(newest),
        }
    }
}
