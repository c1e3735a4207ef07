//! What `show info` says of the process.

use std::time::Duration;

/// The process that answers, <https://docs.haproxy.org/2.6/management.html#9.3-show%20info>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its version, such as `2.6.12-1+deb12u4`.
    pub version: String,
    /// The name of its node; the host's unless configured.
    pub node: String,
    /// How long it has been running, in whole seconds.
    pub uptime: Duration,
    /// Whether it is about to end: it serves what it has, and takes nothing new.
    pub stopping: bool,
    /// Which process this is: another one after a reload or a restart, with none of the runtime state of the former.
    pub started: Started,
}

/// What tells one process of HAProxy from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Started {
    /// Its process id, as it sees it itself: inside a container, that of the container.
    pub pid: u32,
    /// When it started, in seconds since 1970; none before HAProxy 2.5, which does not say.
    pub time: Option<u64>,
}
