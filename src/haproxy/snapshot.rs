//! One look at HAProxy: its process, its servers, their streams.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answers, unexpected};
use super::state::{self, State};
use super::table::Header;
use super::{Failure, Info, Kind, Result, Server, ServerName, Sessions, stat};

/// The commands, whose answers follow each other in this order. `show stat` is last, because what a server writes in answer to
/// a check stands in it: nothing there can be taken for the beginning of another answer.
pub(super) const COMMANDS: &str = "show info;show servers state;show sess;show stat";

/// More servers than any balancer has.
const MOST_SERVERS: usize = 1 << 16;

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

impl Snapshot {
    /// Reads the answers to [`COMMANDS`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut answers = Answers::of(text)?;
        let info = Info::parse(answers.next()?)?;
        let states = states(answers.next()?)?;
        let streams = answers.next()?;
        let servers = servers(answers.last()?, states)?;
        let sessions = Sessions::parse(streams, &servers.iter().map(|server| &server.name).collect())?;
        Ok(Self { info, servers, sessions })
    }
}

/// Reads `show servers state`: the version of its format, a header, and a line a server.
pub(super) fn states(text: &str) -> Result<BTreeMap<ServerName, State>> {
    let mut lines = text.lines();
    let version = lines.next().filter(|line| line.parse::<u32>().is_ok());
    let (Some(_), Some(names)) = (version, lines.next()) else { return Err(unexpected(text)) };
    let header = Header::of_words("show servers state", names)?;
    let mut states = BTreeMap::new();
    for line in lines {
        let (name, state) = state::parse(&header.word_row(line)?)?;
        if states.insert(name.clone(), state).is_some() {
            return Err(twice(&name));
        }
        bound(states.len())?;
    }
    Ok(states)
}

/// Reads `show stat`, and joins it with the states. A server that stands in one of them only came or went between the two
/// commands: it is left out.
fn servers(text: &str, states: BTreeMap<ServerName, State>) -> Result<Vec<Server>> {
    let (header, mut rest) = Header::of_csv("show stat", text)?;
    let mut servers = Vec::new();
    let mut seen = BTreeSet::new();
    while !rest.is_empty() {
        let (row, after) = header.csv_row(rest)?;
        rest = after;
        let Some(name) = stat::server(&row)? else { continue };
        if !seen.insert(name.clone()) {
            return Err(twice(&name));
        }
        bound(seen.len())?;
        if let Some(state) = states.get(&name) {
            servers.push(stat::parse(&row, name, state)?);
        }
    }
    Ok(servers)
}

/// The name of the cookie of each backend that has one, from the answer to `show stat`.
pub(super) fn cookies(text: &str) -> Result<BTreeMap<String, String>> {
    let (header, mut rest) = Header::of_csv("show stat", Answers::of(text)?.last()?)?;
    let mut cookies = BTreeMap::new();
    while !rest.is_empty() {
        let (row, after) = header.csv_row(rest)?;
        rest = after;
        if let Some((backend, cookie)) = stat::cookie(&row)? {
            cookies.insert(backend, cookie);
            bound(cookies.len())?;
        }
    }
    Ok(cookies)
}

/// HAProxy refuses such a configuration.
fn twice(name: &ServerName) -> Failure {
    Failure::new(Kind::NotHaproxy, format!("the answer names the server `{name}` twice"))
}

fn bound(count: usize) -> Result<()> {
    if count <= MOST_SERVERS {
        return Ok(());
    }
    Err(Failure::new(Kind::NotHaproxy, format!("the answer names more than {MOST_SERVERS} servers")))
}
