//! Who holds a lock.

use jiff::Timestamp;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The operator's name there.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// The verb of its command line, such as `rollout`.
    pub verb: String,
    /// When it took the lock, by the daemon's clock.
    pub since: Timestamp,
    /// When it last said that it still lives, by the daemon's clock.
    pub renewed: Timestamp,
}
