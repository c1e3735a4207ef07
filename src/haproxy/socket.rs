//! HAProxy's runtime API, typed.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::answer::{Answers, complaint, shown, unexpected};
use super::direct::{Tcp, Unix};
use super::inside::Relay;
use super::{
    Address, Admin, Channel, Failure, Info, Inside, Kind, Map, Result, ServerName, Snapshot, map, sessions, snapshot,
};

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

/// A socket of HAProxy's runtime API. Nothing is kept open: each call is a connection.
#[derive(Clone)]
pub struct Socket {
    address: Address,
    channel: Arc<dyn Channel>,
}

impl Socket {
    /// The socket at an address; one inside an instance is reached through `inside`. Nothing is asked yet.
    pub fn open(address: &Address, inside: &Arc<dyn Inside>) -> Self {
        let channel: Arc<dyn Channel> = match address {
            Address::Tcp(endpoint) => Arc::new(Tcp(endpoint.clone())),
            Address::Unix(path) => Arc::new(Unix(path.clone())),
            Address::Incus { instance, endpoint } => {
                Arc::new(Relay { inside: Arc::clone(inside), instance: instance.clone(), endpoint: endpoint.clone() })
            }
        };
        Self::over(address, channel)
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
    ///
    /// # Errors
    /// As [`Channel::ask`], and what is not the runtime API of a process that serves: a master has levels too.
    pub fn level(&self) -> Result<Level> {
        self.read("show info;show cli level", |answer| {
            let mut answers = Answers::of(answer)?;
            Info::parse(answers.next()?)?;
            match answers.next()?.trim() {
                "user" => Ok(Level::User),
                "operator" => Ok(Level::Operator),
                "admin" => Ok(Level::Admin),
                other => Err(unexpected(other)),
            }
        })
    }

    /// What HAProxy says of itself, its servers and their streams.
    ///
    /// # Errors
    /// As [`Channel::ask`]; [`Kind::Denied`] below [`Level::Operator`], which sees neither streams nor cookies;
    /// [`Kind::NotHaproxy`] for what cannot be understood; [`Kind::Refused`] for two servers of one name, and for a
    /// master.
    pub fn observe(&self) -> Result<Snapshot> {
        self.read(snapshot::COMMANDS, Snapshot::parse)
    }

    /// The name of the persistence cookie of each backend that has one.
    ///
    /// # Errors
    /// As [`observe`](Self::observe); a level below [`Level::Operator`] sees no cookies, and is not told so.
    pub fn cookies(&self) -> Result<BTreeMap<String, String>> {
        self.read("show stat", snapshot::cookies)
    }

    /// The server that has the stream of a client, which this socket's HAProxy sees at that address; none when it sees no
    /// such client, or has given it to no server.
    ///
    /// # Errors
    /// As [`observe`](Self::observe).
    pub fn server_of(&self, client: SocketAddr) -> Result<Option<ServerName>> {
        self.read("show sess", |answer| sessions::server_of(Answers::of(answer)?.last()?, client))
    }

    /// The lists of patterns, maps and those of ACLs.
    ///
    /// # Errors
    /// As [`Channel::ask`]; [`Kind::Denied`], [`Kind::NotHaproxy`].
    pub fn maps(&self) -> Result<Vec<Map>> {
        self.read("show map;show acl", |answer| {
            let mut answers = Answers::of(answer)?;
            Map::parse_all(answers.next()?, answers.next()?)
        })
    }

    /// A list's keys and values, in its order; an ACL's have empty values.
    ///
    /// # Errors
    /// As [`Channel::ask`]; [`Kind::Unknown`] for a list that is not there (any more), [`Kind::Denied`],
    /// [`Kind::NotHaproxy`].
    pub fn entries(&self, map: &Map) -> Result<Vec<(String, String)>> {
        let command = format!("show {} {}", map.noun(), map.reference());
        self.read(&command, |answer| map::entries(Answers::of(answer)?.last()?))
    }

    /// Sees to it that a map holds an entry, whether or not it does already; HAProxy itself would add it again and
    /// again. An ACL's list takes the key alone.
    ///
    /// # Errors
    /// As [`entries`](Self::entries); [`Kind::Refused`] for a key or a value that is not one word of letters, digits
    /// and harmless punctuation, and for what HAProxy complains of.
    pub fn add_entry(&self, map: &Map, key: &str, value: &str) -> Result<()> {
        word(key)?;
        if map.map {
            word(value)?;
        }
        let entries = self.entries(map)?;
        let mut there = entries.iter().filter(|(name, _)| name == key).peekable();
        let (noun, reference) = (map.noun(), map.reference());
        if there.peek().is_none() {
            let value = if map.map { value } else { "" };
            return self.act(format!("add {noun} {reference} {key} {value}").trim_end());
        }
        if there.all(|(_, held)| held == value || !map.map) {
            return Ok(());
        }
        self.act(&format!("set {noun} {reference} {key} {value}"))
    }

    /// Sees to it that a map does not hold a key, whether or not it does now, or holds it several times.
    ///
    /// # Errors
    /// As [`add_entry`](Self::add_entry).
    pub fn remove_entry(&self, map: &Map, key: &str) -> Result<()> {
        word(key)?;
        let command = format!("del {} {} {key}", map.noun(), map.reference());
        self.read(&command, |answer| match Answers::of(answer)?.last()? {
            "" | "Key not found." => Ok(()),
            other => Err(complaint(other)),
        })
    }

    /// Decides about a server. One in maintenance is taken for up as soon as it is ready, before any check:
    /// [`restart_check`](Self::restart_check), in drain, comes before that.
    ///
    /// # Errors
    /// As [`Channel::ask`]; [`Kind::Unknown`], [`Kind::Denied`] below [`Level::Admin`], [`Kind::Refused`].
    pub fn set_admin(&self, name: &ServerName, admin: Admin) -> Result<()> {
        let state = match admin {
            Admin::Ready => "ready",
            Admin::Drain => "drain",
            Admin::Maint => "maint",
        };
        self.act(&format!("set server {name} state {state}"))
    }

    /// Takes a server for down until its health check has passed as often as its `rise` says.
    ///
    /// # Errors
    /// As [`set_admin`](Self::set_admin); [`Kind::Refused`] for a server that would stay down for ever, having no
    /// check, and for one in maintenance, where checks do not run.
    pub fn restart_check(&self, name: &ServerName) -> Result<()> {
        let refused = |why: &str| {
            let message = format!("`{}`: the health check of `{name}` cannot start over", self.address);
            Err(Failure::new(Kind::Refused, message).cause(why))
        };
        let states = self.read(&format!("show servers state {}", name.backend), |answer| {
            snapshot::states(Answers::of(answer)?.last()?)
        })?;
        let Some(state) = states.get(name) else {
            return Err(Failure::new(Kind::Unknown, format!("`{}` knows no server `{name}`", self.address)));
        };
        match state.check {
            None => return refused("it has none of its own"),
            Some(check) if !check.enabled => return refused("it was switched off by `disable health`"),
            Some(_) if state.admin == Admin::Maint => return refused("it is in maintenance"),
            Some(_) => {}
        }
        self.act(&format!("set server {name} health down"))
    }

    /// Ends every stream on a server, tunnels and requests in flight.
    ///
    /// # Errors
    /// As [`set_admin`](Self::set_admin).
    pub fn shutdown_sessions(&self, name: &ServerName) -> Result<()> {
        self.act(&format!("shutdown sessions server {name}"))
    }

    /// A command that HAProxy answers with nothing when it did it.
    fn act(&self, command: &str) -> Result<()> {
        self.read(command, |answer| match Answers::of(answer)?.last()?.trim() {
            "" => Ok(()),
            other => Err(complaint(other)),
        })
    }

    /// Asks, and reads the answer; a failure says where and what.
    fn read<T>(&self, command: &str, read: impl FnOnce(&str) -> Result<T>) -> Result<T> {
        let answer = self.channel.ask(command).and_then(|answer| read(&answer));
        answer.map_err(|failure| failure.about(&self.address, command))
    }
}

/// Refuses what a command would not carry as it is.
fn word(text: &str) -> Result<()> {
    match map::is_word(text) {
        true => Ok(()),
        false => Err(Failure::new(Kind::Refused, format!("{} cannot stand in a map of HAProxy's", shown(text)))),
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({})", self.address)
    }
}
