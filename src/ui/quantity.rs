//! Sizes and times as people read them.

use std::fmt;
use std::time::Duration;

/// A number of bytes in decimal units, as disks and `ls --si` count: `62.1 MB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
        match UNITS.iter().find(|(unit, _)| self.0 >= *unit) {
            Some((unit, name)) => write!(f, "{}.{} {name}", self.0 / unit, self.0 % unit / (unit / 10)),
            None => write!(f, "{} B", self.0),
        }
    }
}

/// How long something took: `0.34 s`, `12.1 s`, `3 min 05 s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasted(pub Duration);

impl fmt::Display for Lasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match self.0.as_secs() {
            0..10 => write!(f, "{seconds:.2} s"),
            10..60 => write!(f, "{seconds:.1} s"),
            whole => write!(f, "{} min {:02} s", whole / 60, whole % 60),
        }
    }
}
