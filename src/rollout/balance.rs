//! HAProxy as the rollout sees it: every socket of the fleet at once, since what is drained must be drained in all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::fleet::{Fleet, Pool};
use super::swap::{Rotation, Serving};
use crate::haproxy::{self, Admin, Counters, Inside, Map, Server, ServerName, Snapshot, Socket, find};
use crate::incus::InstanceName;

/// What the map is called that makes a drain keep clients away who bear the server's cookie.
pub const DRAIN_MAP: &str = "draining.map";

/// The sockets of a fleet, and the drain map behind each.
#[derive(Debug)]
pub struct Balance {
    doors: Vec<Door>,
}

/// One socket.
#[derive(Debug)]
struct Door {
    socket: Socket,
    map: Option<Map>,
}

/// What all sockets said at one time.
#[derive(Clone, Debug)]
pub struct View {
    /// In the order of the fleet file.
    pub sockets: Vec<SocketView>,
}

/// What one socket said.
#[derive(Clone, Debug)]
pub struct SocketView {
    /// The socket, as the fleet file names it.
    pub name: String,
    /// The process, its servers, their sessions.
    pub snapshot: Snapshot,
    /// The cookies that the drain map holds; `None` without a map.
    pub draining: Option<BTreeSet<String>>,
}

/// How to find an instance's servers: by its name, or at its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The instance's name.
    pub name: InstanceName,
    /// The addresses that are its own for good.
    pub addresses: Vec<IpAddr>,
}

/// How many of the other instances of a pool get their full share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peers {
    /// In the socket and the backend where they are fewest.
    pub available: usize,
    /// Whether one of them is drained or in maintenance anywhere.
    pub another_is_out: bool,
}

impl Balance {
    /// The sockets of a fleet; nothing is asked yet.
    pub fn new(fleet: &Fleet, inside: &Arc<dyn Inside>) -> Self {
        let door = |address| Door { socket: Socket::open(address, inside), map: None };
        Self { doors: fleet.balancer.sockets.iter().map(door).collect() }
    }

    /// The sockets, in the order of the fleet file.
    pub fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.doors.iter().map(|door| &door.socket)
    }

    /// Looks for the drain map behind every socket: at this path, else by its file's name.
    ///
    /// # Errors
    /// A socket cannot be asked.
    pub fn find_maps(&mut self, path: Option<&str>) -> haproxy::Result<()> {
        for door in &mut self.doors {
            let is_it = |map: &Map| {
                let file = map.file.as_deref().unwrap_or_default();
                map.map && path.map_or_else(|| file.rsplit('/').next() == Some(DRAIN_MAP), |path| file == path)
            };
            door.map = door.socket.maps()?.into_iter().find(is_it);
        }
        Ok(())
    }

    /// Asks every socket.
    ///
    /// # Errors
    /// One cannot be asked.
    pub fn observe(&self) -> haproxy::Result<View> {
        let sockets = self.doors.iter().map(Door::observe).collect::<haproxy::Result<_>>()?;
        Ok(View { sockets })
    }

    /// Keeps new requests from the servers that still get them: from clients who bear its cookie first.
    ///
    /// # Errors
    /// A socket cannot be asked, or refuses.
    pub fn drain(&self, view: &View, target: &Target) -> haproxy::Result<()> {
        self.each(view, target, |door, server| {
            door.ignore_cookie(server)?;
            match server.admin {
                Admin::Ready => door.socket.set_admin(&server.name, Admin::Drain),
                Admin::Drain | Admin::Maint => Ok(()),
            }
        })
    }

    /// Puts the servers into maintenance.
    ///
    /// # Errors
    /// A socket cannot be asked, or refuses.
    pub fn maintain(&self, view: &View, target: &Target) -> haproxy::Result<()> {
        self.each(view, target, |door, server| match is_in_maintenance(server) {
            true => Ok(()),
            false => door.socket.set_admin(&server.name, Admin::Maint),
        })
    }

    /// Has the servers checked anew, from zero, while they get no request. Only then is UP what HAProxy found by itself:
    /// a server that leaves maintenance is UP at once.
    ///
    /// # Errors
    /// A socket cannot be asked, or refuses.
    pub fn recheck(&self, view: &View, target: &Target) -> haproxy::Result<()> {
        self.each(view, target, |door, server| {
            door.ignore_cookie(server)?;
            if server.admin != Admin::Drain {
                door.socket.set_admin(&server.name, Admin::Drain)?;
            }
            // Until its name resolves, as that of a container that is stopped may not, it is in maintenance and not checked.
            let is_unresolved = server.admin == Admin::Maint && !server.forced;
            match has_own_check(server) && !is_unresolved {
                true => door.socket.restart_check(&server.name),
                false => Ok(()),
            }
        })
    }

    /// Gives new requests to the servers.
    ///
    /// # Errors
    /// A socket cannot be asked, or refuses.
    pub fn ready(&self, view: &View, target: &Target) -> haproxy::Result<()> {
        self.each(view, target, |door, server| {
            if server.admin != Admin::Ready {
                door.socket.set_admin(&server.name, Admin::Ready)?;
            }
            match (&door.map, &server.cookie) {
                (Some(map), Some(cookie)) => door.socket.remove_entry(map, cookie),
                _ => Ok(()),
            }
        })
    }

    /// Closes what is left of the servers' sessions.
    ///
    /// # Errors
    /// A socket cannot be asked, or refuses.
    pub fn cut(&self, view: &View, target: &Target) -> haproxy::Result<()> {
        self.each(view, target, |door, server| match server.sessions {
            0 => Ok(()),
            _ => door.socket.shutdown_sessions(&server.name),
        })
    }

    fn each(
        &self,
        view: &View,
        target: &Target,
        act: impl Fn(&Door, &Server) -> haproxy::Result<()>,
    ) -> haproxy::Result<()> {
        for (door, socket) in self.doors.iter().zip(&view.sockets) {
            socket.servers(target).into_iter().try_for_each(|server| act(door, server))?;
        }
        Ok(())
    }
}

impl Door {
    fn observe(&self) -> haproxy::Result<SocketView> {
        let snapshot = self.socket.observe()?;
        let entries = self.map.as_ref().map(|map| self.socket.entries(map)).transpose()?;
        let draining = entries.map(|entries| entries.into_iter().map(|(key, _)| key).collect());
        Ok(SocketView { name: self.socket.address().to_string(), snapshot, draining })
    }

    fn ignore_cookie(&self, server: &Server) -> haproxy::Result<()> {
        match (&self.map, &server.cookie) {
            (Some(map), Some(cookie)) => self.socket.add_entry(map, cookie, "1"),
            _ => Ok(()),
        }
    }
}

impl SocketView {
    /// The servers of an instance, in every backend that holds them.
    pub fn servers(&self, target: &Target) -> Vec<&Server> {
        find(&self.snapshot.servers, &target.name, &target.addresses)
    }

    fn serving(&self, server: &Server) -> Serving {
        let tunnels = self.snapshot.sessions.on(&server.name).tunnels.min(server.sessions);
        Serving {
            admin: match server.admin {
                // It ends with what it comes from.
                Admin::Maint if !is_in_maintenance(server) => Admin::Drain,
                admin => admin,
            },
            is_up: server.is_up(),
            check_passes: has_own_check(server)
                .then(|| server.check.as_ref().is_some_and(|check| check.passed && !check.in_progress)),
            throttle: server.throttle.filter(|percent| *percent < 100),
            is_sticky: server.cookie.is_some(),
            ignores_cookies: server.cookie.as_ref().is_some_and(|cookie| self.ignores(cookie)),
            requests: server.sessions - tunnels + server.queued,
            tunnels,
        }
    }

    fn ignores(&self, cookie: &str) -> bool {
        self.draining.as_ref().is_some_and(|draining| draining.contains(cookie))
    }
}

impl View {
    /// Which process answered at each socket.
    pub fn processes(&self) -> Vec<haproxy::Started> {
        self.sockets.iter().map(|socket| socket.snapshot.info.started).collect()
    }

    /// The servers of an instance, in all sockets.
    pub fn rotation(&self, target: &Target) -> Rotation {
        let serving = |socket: &SocketView| -> Vec<_> {
            socket.servers(target).into_iter().map(|server| socket.serving(server)).collect()
        };
        Rotation(self.sockets.iter().flat_map(serving).collect())
    }

    /// The others of a pool: how many get their full share in each backend of the pool, where they are fewest. One that has
    /// several servers in a backend gets it when all of them do.
    pub fn peers(&self, pool: &Pool, targets: &BTreeMap<InstanceName, Target>, without: &InstanceName) -> Peers {
        let others: Vec<_> = targets.values().filter(|target| target.name != *without).collect();
        let mut available = others.len();
        let mut another_is_out = false;
        for socket in &self.sockets {
            let others: Vec<_> = others.iter().map(|other| socket.servers(other)).collect();
            another_is_out |= others.iter().flatten().any(|server| server.admin != Admin::Ready);
            for backend in &pool.backends {
                let gets_its_share = |servers: &&Vec<&Server>| {
                    let mut here = servers.iter().filter(|server| server.name.backend == *backend).peekable();
                    here.peek().is_some() && here.all(|server| server.is_available())
                };
                available = available.min(others.iter().filter(gets_its_share).count());
            }
        }
        Peers { available, another_is_out }
    }

    /// A backend of the pool in which a socket shows no server of the instance, with the socket.
    pub fn without_server(&self, pool: &Pool, target: &Target) -> Option<(&str, String)> {
        self.sockets.iter().find_map(|socket| {
            let servers = socket.servers(target);
            let is_missing = |backend: &&String| !servers.iter().any(|server| server.name.backend == **backend);
            Some((socket.name.as_str(), pool.backends.iter().find(is_missing)?.clone()))
        })
    }

    /// What HAProxy counted on the servers of some instances so far, by socket and server.
    pub fn counters<'t>(
        &self,
        targets: impl Iterator<Item = &'t Target> + Clone,
    ) -> BTreeMap<(String, ServerName), Counters> {
        let of = |socket: &SocketView| -> Vec<_> {
            let servers = targets.clone().flat_map(|target| socket.servers(target));
            servers.map(|server| ((socket.name.clone(), server.name.clone()), server.counters)).collect()
        };
        self.sockets.iter().flat_map(of).collect()
    }
}

/// Whether HAProxy checks the server itself; one that follows another, or has no check, cannot be told to check anew.
fn has_own_check(server: &Server) -> bool {
    server.check.as_ref().is_some_and(|check| check.enabled) && server.track.is_none()
}

/// Whether it was put into maintenance itself, and not along with the server that it tracks, or until its name resolves.
fn is_in_maintenance(server: &Server) -> bool {
    server.admin == Admin::Maint && server.forced
}
