//! What a fleet file says once it is read and checked.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Entry;
use crate::diagnostic::nearest;
use crate::haproxy::Address;
use crate::incus::InstanceName;
use crate::rootfs::escaped;
use crate::{Error, Result};

/// The containers to roll, and where they are found.
///
/// There is at least one pool; no two have the same name, and no instance is in two of them or twice in one. The
/// containers of HAProxy are in none but pools of balancers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// What messages call it: the path as it was given.
    pub name: String,
    /// What kind of file that is.
    pub origin: Origin,
    /// `[incus]`.
    pub incus: IncusAt,
    /// `[images]`: who may sign what is rolled, a file that `ssh-keygen` reads; otherwise signatures are not asked for.
    pub signers: Option<PathBuf>,
    /// `[haproxy]`.
    pub balancer: Balancer,
    /// `[[pool]]`, in the order of the file.
    pub pools: Vec<Pool>,
}

/// What a fleet was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A fleet file.
    File,
    /// An inventory of Ansible's, and these layouts if they were named.
    Inventory(Vec<String>),
}

/// Which Incus holds the containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncusAt {
    /// A remote of the user's `incus remote list`, without the colon.
    pub remote: String,
    /// The project; otherwise the remote's own.
    pub project: Option<String>,
}

/// The HAProxy in front of the containers: one, or the members of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// Where the runtime APIs are, no two the same; at least one, unless every pool is one of balancers.
    pub sockets: Vec<Address>,
    /// The map of draining servers, by the path under which HAProxy loaded it; otherwise the one whose file is called
    /// `draining.map`.
    pub drain_map: Option<String>,
}

/// Containers that serve the same, of which one at a time may be out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What `--pool` calls it.
    pub name: PoolName,
    /// Its containers, in the order in which they are rolled; at least one. Each leaves room for `-prev` and `-next`
    /// behind its name, and ends with neither.
    pub instances: Vec<InstanceName>,
    /// The layout of its images, where that is known: `vezaimg.layout` of each.
    pub layout: Option<String>,
    /// The backends of HAProxy that hold every one of the instances, none twice; none of a pool of balancers, which stand
    /// behind nothing.
    pub backends: Vec<String>,
    /// The servers that stay UP and unthrottled at all times; fewer than there are instances.
    pub min_available: usize,
    /// Where clients come in through the balancer, where that is said: a drill does as they do.
    pub entry: Option<Entry>,
    /// How long each step may take.
    pub pace: Pace,
    /// Whether kept directories live on a custom volume that the old and the new container share; otherwise they are
    /// carried over as trees.
    pub keep_volumes: bool,
}

impl Pool {
    /// Whether its instances are the balancers themselves.
    pub fn is_balancer(&self) -> bool {
        self.backends.is_empty()
    }

    /// Whether nobody is served while an instance of it is swapped, since there is no other balancer.
    pub fn goes_out(&self) -> bool {
        self.is_balancer() && self.min_available == 0
    }
}

/// How long the steps of one container may take. Each is at most [`Pace::LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For requests in flight to end; not zero.
    pub drain: Duration,
    /// For WebSockets and other tunnels to end; zero closes them at once.
    pub websocket: Duration,
    /// For the old container to stop of itself; not zero.
    pub stop: Duration,
    /// From the new container's start until it is healthy and UP in HAProxy; not zero.
    pub healthy: Duration,
    /// The good answers of the health check, in a row, that make a container healthy; from 1 to
    /// [`Pace::MOST_ANSWERS`].
    pub healthy_count: u32,
    /// How long the new container must stay healthy before the next one is taken; may be zero.
    pub healthy_for: Duration,
}

impl Pace {
    /// The longest that any step may take: a day. What waits longer has been forgotten.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// The most good answers that may be asked for.
    pub const MOST_ANSWERS: u32 = 1000;
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            drain: Duration::from_secs(30),
            websocket: Duration::from_secs(60),
            stop: Duration::from_secs(30),
            healthy: Duration::from_secs(30),
            healthy_count: 3,
            healthy_for: Duration::from_secs(30),
        }
    }
}

/// The name of a pool: at most 40 lower-case letters, digits and dashes that begin and end with no dash, so that it may
/// become part of the name of a lock or a volume.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolName(String);

impl PoolName {
    /// The longest, in bytes.
    pub const LONGEST: usize = 40;

    /// The name, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let edges = text.starts_with('-') || text.ends_with('-');
        (fits && !edges && (1..=Self::LONGEST).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Fleet {
    /// Takes out the pools whose images are of another layout than this.
    ///
    /// # Errors
    /// None is left.
    pub fn of_layout(&mut self, layout: &str) -> Result<Vec<Pool>> {
        let is_other = |pool: &mut Pool| pool.layout.as_ref().is_some_and(|own| own != layout);
        let others: Vec<_> = self.pools.extract_if(.., is_other).collect();
        match (self.pools.is_empty(), others.first()) {
            (true, Some(Pool { name, layout: Some(own), .. })) => {
                let message = format!(
                    "the image is of the layout `{}`, and the pool `{name}` of `{own}`",
                    escaped(layout.as_bytes())
                );
                Err(Error::refused(message).hint("name the pool's own image, or with `--layout` what the pool is"))
            }
            _ => Ok(others),
        }
    }

    /// Makes it one for an operation, which goes through the balancers, or swaps them and asks nothing of their sockets. Pools
    /// of balancers beside others are taken out, and given back, unless the pools were named.
    ///
    /// # Errors
    /// It was named to do both.
    pub fn set_balancers_apart(&mut self, named: bool) -> Result<Vec<Pool>> {
        if self.pools.iter().all(Pool::is_balancer) {
            self.balancer.sockets.clear();
            return Ok(Vec::new());
        }
        match self.pools.iter().find(|pool| pool.is_balancer()) {
            Some(balancers) if named => {
                let name = &balancers.name;
                let message = format!("the pool `{name}` of balancers cannot be rolled along with what is behind it");
                Err(Error::invalid(message).hint(format!("`--pool {name}` alone, and the others by themselves")))
            }
            _ => Ok(self.pools.extract_if(.., |pool| pool.is_balancer()).collect()),
        }
    }

    /// The fleet with the pools of these names alone, in the order of the file; with all of them when no name is given.
    ///
    /// # Errors
    /// A name is no pool's.
    pub fn only(&self, names: &[String]) -> Result<Self> {
        let known: Vec<_> = self.pools.iter().map(|pool| pool.name.as_str()).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let error = Error::invalid(format!("`{}` has no pool `{}`", self.name, escaped(unknown.as_bytes())));
            let error = match nearest(unknown, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            };
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            return Err(error.hint(format!("its pools are {}", known.join(", "))));
        }
        let wanted = |pool: &&Pool| names.is_empty() || names.iter().any(|name| name == pool.name.as_str());
        Ok(Self { pools: self.pools.iter().filter(wanted).cloned().collect(), ..self.clone() })
    }
}
