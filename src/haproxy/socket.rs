//! HAProxy's runtime API, typed.

use std::fmt;
use std::sync::Arc;

use super::{Address, Admin, Channel, Failure, Info, Inside, Kind, Map, Result, Server, ServerName, Sessions};

/// What a socket allows, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// To look, at nothing sensitive.
    User,
    /// To look, and clear counters; what a socket has by default.
    Operator,
    /// Everything.
    Admin,
}

/// What HAProxy says of itself at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The process.
    pub info: Info,
    /// Its servers, in the order of its configuration.
    pub servers: Vec<Server>,
    /// The streams on them.
    pub sessions: Sessions,
}

/// A socket of HAProxy's runtime API. Nothing is kept open: each call is a connection.
#[derive(Clone)]
pub struct Socket {
    address: Address,
    channel: Arc<dyn Channel>,
}

impl Socket {
    /// The socket at an address; one inside an instance is reached through `inside`. Nothing is asked yet.
    pub fn open(address: &Address, _inside: &Arc<dyn Inside>) -> Self {
        struct Later;
        impl Channel for Later {
            fn ask(&self, _: &str) -> Result<String> {
                Err(Failure::new(Kind::Lost, "not written yet"))
            }
        }
        Self::over(address, Arc::new(Later))
    }

    /// The socket at an address that is reached through a channel of the caller's.
    pub fn over(address: &Address, channel: Arc<dyn Channel>) -> Self {
        Self { address: address.clone(), channel }
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What it allows.
    pub fn level(&self) -> Result<Level> {
        self.later()
    }

    /// What HAProxy says of itself, its servers and their streams. It takes the level operator.
    pub fn observe(&self) -> Result<Snapshot> {
        self.later()
    }

    /// The lists of patterns.
    pub fn maps(&self) -> Result<Vec<Map>> {
        self.later()
    }

    /// A list's keys and values, in its order; an ACL's have empty values.
    pub fn entries(&self, _map: &Map) -> Result<Vec<(String, String)>> {
        self.later()
    }

    /// Sees to it that a map holds an entry: fine where it does already.
    pub fn add_entry(&self, _map: &Map, _key: &str, _value: &str) -> Result<()> {
        self.later()
    }

    /// Sees to it that a map does not hold a key: fine where it does not.
    pub fn remove_entry(&self, _map: &Map, _key: &str) -> Result<()> {
        self.later()
    }

    /// Decides about a server. One in maintenance is taken for UP as soon as it is ready, before any check:
    /// see [`restart_check`](Self::restart_check).
    pub fn set_admin(&self, _name: &ServerName, _admin: Admin) -> Result<()> {
        self.later()
    }

    /// Takes a server for down until its checks have passed as often as its `rise` says.
    pub fn restart_check(&self, _name: &ServerName) -> Result<()> {
        self.later()
    }

    /// Ends every stream on a server.
    pub fn shutdown_sessions(&self, _name: &ServerName) -> Result<()> {
        self.later()
    }

    fn later<T>(&self) -> Result<T> {
        self.channel.ask("").map(|_| ()).and(Err(Failure::new(Kind::Refused, "not written yet")))
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({})", self.address)
    }
}
