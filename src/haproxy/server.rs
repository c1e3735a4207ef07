//! A server of a backend, as HAProxy sees it.

use std::net::IpAddr;

use super::ServerName;
use crate::incus::InstanceName;

/// A server, from `show servers state` and `show stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name and that of its backend.
    pub name: ServerName,
    /// Its address and port; none for a slot that was given no address, or one that is not an IP address.
    pub address: Option<(IpAddr, u16)>,
    /// The value of the persistence cookie that leads to it; none without one.
    pub cookie: Option<String>,
    /// What was decided about it.
    pub admin: Admin,
    /// Whether that was decided for this very server at run time or by an agent (`FMAINT`, `FDRAIN`); else it is
    /// inherited from the server that it tracks, or its name does not resolve.
    pub forced: bool,
    /// Whether its configuration has it start in maintenance (`disabled`); it says so as long as the process lives.
    pub disabled: bool,
    /// What its checks made of it.
    pub operation: Operation,
    /// Both in HAProxy's words, such as `UP`, `UP 1/2`, `DRAIN`, `MAINT (via api/a)`, `no check`; for people.
    pub status: String,
    /// The share of its weight that slow start grants it now, in per cent; none when slow start is over or not
    /// configured.
    pub throttle: Option<u8>,
    /// Streams on it now: requests in flight and tunnels.
    pub sessions: u64,
    /// Requests that wait for it in its own queue.
    pub queued: u64,
    /// Its weight, of 256 at most; zero takes it out of load balancing. Slow start and drain leave it as it is.
    pub weight: u32,
    /// Whether it serves only while no other server of its backend does.
    pub backup: bool,
    /// Its health check; none where it has none (a server that tracks another has none of its own).
    pub check: Option<Check>,
    /// Whether it has an agent check, which may change the state behind our back.
    pub agent: bool,
    /// The server whose health and state it follows.
    pub track: Option<ServerName>,
    /// What it has done since HAProxy started.
    pub counters: Counters,
}

/// What was decided about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Admin {
    /// It takes part.
    Ready,
    /// Nobody new; whom a cookie leads to it still comes.
    Drain,
    /// Nobody, and no checks.
    Maint,
}

/// What checks made of a server: `enum srv_state` of HAProxy's `include/haproxy/server-t.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Down.
    Stopped,
    /// Up, in slow start.
    Starting,
    /// Up.
    Running,
    /// Up, and wants to stop (a 404 to its check under `http-check disable-on-404`).
    Stopping,
}

/// A health check's last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// HAProxy's abbreviation, such as `L7OK`, `L4CON`, or `INI` before the first.
    pub status: String,
    /// The layer 7 code, such as an HTTP status.
    pub code: Option<u16>,
    /// Whether the last one that ended passed.
    pub passed: bool,
    /// Whether one is under way now.
    pub in_progress: bool,
    /// Whether it was not switched off by `disable health`.
    pub enabled: bool,
    /// What it says for people, such as `Connection refused`; escaped.
    pub description: String,
}

/// What a server has done since HAProxy started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// HTTP requests; connections in TCP mode.
    pub requests: u64,
    /// Sessions.
    pub sessions: u64,
    /// Connections that could not be made.
    pub connection_errors: u64,
    /// Answers that broke off or were malformed.
    pub response_errors: u64,
    /// Connections tried again.
    pub retries: u64,
    /// Requests given to another server.
    pub redispatches: u64,
    /// Answers with a status from 500 to 599, the server's own.
    pub answers_5xx: u64,
    /// Transfers that the client broke off.
    pub client_aborts: u64,
    /// Transfers that the server broke off.
    pub server_aborts: u64,
}

impl Server {
    /// Whether it gets its full share: ready, up, slow start over, with a weight.
    pub fn is_available(&self) -> bool {
        let unthrottled = self.throttle.is_none_or(|percent| percent >= 100);
        self.admin == Admin::Ready && self.operation == Operation::Running && unthrottled && self.weight > 0
    }

    /// Whether its checks let it serve, in slow start or not, whatever was decided about it.
    pub fn is_up(&self) -> bool {
        matches!(self.operation, Operation::Starting | Operation::Running)
    }
}

/// The servers that are this instance: by its name, or by one of its addresses, in every backend.
pub fn find<'a>(servers: &'a [Server], instance: &InstanceName, addresses: &[IpAddr]) -> Vec<&'a Server> {
    let is = |server: &&Server| {
        let here = server.address.is_some_and(|(address, _)| addresses.contains(&address));
        here || server.name.server == instance.as_str()
    };
    servers.iter().filter(is).collect()
}
