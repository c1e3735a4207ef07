//! What `show sess` says of the streams on each server.

use std::collections::BTreeMap;

use super::ServerName;

/// The streams on one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    /// Requests in flight: they end by themselves.
    pub requests: u64,
    /// WebSockets and other tunnels, TCP connections included: they end when either side wants.
    pub tunnels: u64,
}

/// The streams of all servers. A keep-alive connection that idles is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions(BTreeMap<ServerName, Streams>);

impl Sessions {
    /// The streams on a server; none where HAProxy shows none.
    pub fn on(&self, name: &ServerName) -> Streams {
        self.0.get(name).copied().unwrap_or_default()
    }
}
