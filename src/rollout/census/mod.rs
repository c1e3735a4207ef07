//! A fleet as it stands: what its instances run, how HAProxy and their own health checks see them, and who works on them.
//!
//! ```text
//! Incus ──▶ family, health ─┐
//! HAProxy ▶ balancer ───────┼─▶ Census ─▶ notes
//! locks ──▶ work ───────────┘
//! ```
//!
//! It is taken when something is broken: each part is asked for itself, and what cannot be read is told beside the rest.

mod balancer;
mod family;
mod health;
mod notes;
mod work;

use jiff::Timestamp;
use serde::Serialize;

use super::balance::{Balance, SocketView, Target};
use super::fleet::{Fleet, Pool};
use super::instance::{Names, marks};
use super::plan::release_of;
use super::receipt::Release;
use crate::incus::{Client, Instance, InstanceName, Status};
use crate::rootfs::escaped;
use crate::{Error, Result};

pub use balancer::{Share, SocketCensus};
pub use family::Family;
pub use health::Health;
pub use work::{HolderCensus, Work, resume, unfinished};

#[cfg(test)]
pub(crate) use notes::tests as fixtures;

/// The longest that is shown of a word which somebody else wrote, in characters.
const SHOWN: usize = 64;

/// A fleet as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Census {
    /// The fleet file, as it was given.
    pub fleet: String,
    /// When, by the clock of Incus.
    pub taken: Timestamp,
    /// Its pools, in the order of the file.
    pub pools: Vec<PoolCensus>,
    /// HAProxy's sockets, in the order of the file.
    pub sockets: Vec<SocketCensus>,
    /// What a person should look at, each in a sentence.
    pub notes: Vec<String>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// A pool as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct PoolCensus {
    /// Its name.
    pub pool: String,
    /// Its instances, in the order of the file.
    pub instances: Vec<InstanceCensus>,
    /// Who works on it, or what was left unfinished; `None` where nobody and nothing is, or where it cannot be read.
    pub work: Option<Work>,
}

/// An instance as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceCensus {
    /// Its name.
    pub instance: String,
    /// What it runs; `None` where there is no such instance.
    pub runs: Option<Release>,
    /// When a rollout made it live, else when it was created.
    pub since: Option<Timestamp>,
    /// What Incus says that it does, in lower case; `missing` where there is no such instance.
    pub state: String,
    /// What HAProxy says, of each socket and backend.
    pub haproxy: Vec<Share>,
    /// What its own health check says.
    pub health: Health,
    /// The container kept from before, the way back.
    pub prev: Option<Container>,
    /// Those kept from longer ago, the newest first.
    pub older: Vec<Container>,
    /// What stands beside it: staged, or left over.
    pub next: Option<Container>,
}

/// A container that is not live.
#[derive(Clone, Debug, Serialize)]
pub struct Container {
    /// Its name.
    pub container: String,
    /// What it holds.
    #[serde(flatten)]
    pub release: Release,
    /// What Incus says that it does, in lower case.
    pub state: String,
    /// When it was created.
    pub created: Timestamp,
    /// Whether vezaimg noted on it that it is this instance's.
    pub is_ours: bool,
    /// Whether an operation that is not over brings it in.
    pub comes: bool,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// What and why, in a sentence.
    pub text: String,
    /// The ways out.
    pub hints: Vec<String>,
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self { text: error.line(), hints: error.hints().to_vec() }
    }
}

/// What one pool's instances were found to be.
struct Found<'f> {
    pool: &'f Pool,
    members: Vec<Member>,
}

/// One instance's containers, and how to find its servers.
struct Member {
    family: Family,
    target: Target,
}

impl Census {
    /// Looks at everything. `open` gives the sockets of a fleet; it is called with one socket at a time, so that one that
    /// is away hides no other.
    ///
    /// # Errors
    /// Incus cannot list its instances: nothing could be told.
    pub fn take(client: &Client, fleet: &Fleet, open: &dyn Fn(&Fleet) -> Balance) -> Result<Self> {
        let taken = client.now()?;
        let all = client.instances()?;
        let mut unread = Vec::new();
        let found: Vec<_> = fleet.pools.iter().map(|pool| Found { pool, members: members(pool, &all) }).collect();
        let (sockets, views) = balancer::look(fleet, open, &mut unread);
        let pools: Vec<_> =
            found.iter().map(|found| pool(client, fleet, found, (&sockets, &views), &mut unread)).collect();
        let mut notes = notes::notes(&found, &sockets, &views);
        notes.extend(found.iter().zip(&pools).flat_map(|(found, pool)| notes::drilled(found, pool.work.as_ref())));
        Ok(Self { fleet: fleet.name.clone(), taken, pools, sockets, notes, unread })
    }
}

fn members(pool: &Pool, all: &[Instance]) -> Vec<Member> {
    let member = |instance: &InstanceName| {
        let family = Family::among(all, &Names::of(instance)?);
        let target = Target { name: instance.clone(), addresses: family.containers.addresses() };
        Some(Member { family, target })
    };
    // The fleet file was checked: its names leave room for those beside them.
    pool.instances.iter().filter_map(member).collect()
}

fn pool(
    client: &Client,
    fleet: &Fleet,
    found: &Found<'_>,
    (sockets, views): (&[SocketCensus], &[Option<SocketView>]),
    unread: &mut Vec<Unread>,
) -> PoolCensus {
    let work = work::look(client, fleet, &found.pool.name).unwrap_or_else(|error| {
        unread.push(error.into());
        None
    });
    let operation = work.as_ref().and_then(|work| work.operation.as_ref()).map(|journal| journal.id.as_str());
    let instance = |member: &Member| {
        let family = &member.family;
        let live = family.containers.live.as_ref();
        let container = |instance: &Instance| container(instance, family, operation);
        InstanceCensus {
            instance: member.target.name.to_string(),
            runs: live.map(release_of),
            since: live.map(|live| marks::since(live).unwrap_or(live.created_at)),
            state: live.map_or_else(|| "missing".to_owned(), |live| state(&live.status)),
            haproxy: balancer::shares(found.pool, &member.target, sockets, views),
            health: health::ask(client, live, &member.target.addresses, unread),
            prev: family.containers.prev.as_ref().map(container),
            older: family.shelf.iter().map(container).collect(),
            next: family.containers.next.as_ref().map(container),
        }
    };
    let instances = found.members.iter().map(instance).collect();
    PoolCensus { pool: found.pool.name.to_string(), instances, work }
}

fn container(container: &Instance, family: &Family, operation: Option<&str>) -> Container {
    Container {
        container: container.name.to_string(),
        release: release_of(container),
        state: state(&container.status),
        created: container.created_at,
        is_ours: marks::belongs_to(container, &family.containers.names.live),
        comes: operation.is_some_and(|operation| marks::has(container, marks::INCOMING, operation)),
    }
}

/// What Incus says that an instance does, in lower case.
pub(super) fn state(status: &Status) -> String {
    shown(&status.to_string()).to_lowercase()
}

/// What somebody else wrote, for a line of a table or of a message: escaped, and cut.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", escaped(text.get(..end).unwrap_or_default().as_bytes())),
        None => escaped(text.as_bytes()),
    }
}

/// A release as people call it: its name, else the beginning of its image's fingerprint.
pub fn called(release: &Release) -> String {
    match (release.release.as_str(), release.fingerprint.get(..12)) {
        ("", Some(fingerprint)) => fingerprint.to_owned(),
        ("", None) => "an unknown release".to_owned(),
        (name, _) => shown(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_moves_no_cursor_and_fits_a_line() {
        assert_eq!(shown("v1\u{1b}[2J\n"), "v1\\x1b[2J\\x0a");
        assert_eq!(shown(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
        assert_eq!(state(&Status::Other("Err\u{7}or".to_owned())), "err\\x07or");
    }

    #[test]
    fn what_could_not_be_read_is_one_sentence() {
        let unread = Unread::from(Error::failed("no lock").cause("gone").hint("make one"));
        assert_eq!(unread, Unread { text: "no lock: gone".to_owned(), hints: vec!["make one".to_owned()] });
    }
}
