//! With which instance a session is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::drill::websocket::Cookie;
use crate::haproxy::{self, ServerName, Socket};
use crate::incus::InstanceName;
use crate::rollout::balance::{Balance, Target, View};
use crate::rollout::fleet::Pool;

/// Tells by the balancer's cookie with which instance a session is; where there is none, HAProxy is asked for the stream
/// that comes from the session's address.
#[derive(Clone, Debug)]
pub(in crate::drill) struct Guide {
    cookies: BTreeMap<Cookie, InstanceName>,
    sockets: Vec<Socket>,
    servers: BTreeMap<ServerName, InstanceName>,
}

impl Guide {
    /// Of the pool's servers, as the sockets show them.
    ///
    /// # Errors
    /// A socket cannot be asked.
    pub(in crate::drill) fn new(
        pool: &Pool,
        balance: &Balance,
        view: &View,
        targets: &BTreeMap<InstanceName, Target>,
    ) -> haproxy::Result<Self> {
        let sockets: Vec<_> = balance.sockets().cloned().collect();
        let (mut cookies, mut servers) = (BTreeMap::new(), BTreeMap::new());
        for (socket, seen) in sockets.iter().zip(&view.sockets) {
            let names = socket.cookies()?;
            for target in targets.values() {
                let of_pool = |server: &&&haproxy::Server| pool.backends.contains(&server.name.backend);
                for server in seen.servers(target).iter().filter(of_pool) {
                    servers.insert(server.name.clone(), target.name.clone());
                    if let (Some(name), Some(value)) = (names.get(&server.name.backend), &server.cookie) {
                        let cookie = Cookie { name: name.clone(), value: value.clone() };
                        cookies.insert(cookie, target.name.clone());
                    }
                }
            }
        }
        Ok(Self { cookies, sockets, servers })
    }

    /// The cookie that leads to an instance, as a client that was with it bears it.
    pub(super) fn cookie_of(&self, instance: &InstanceName) -> Option<Cookie> {
        self.cookies.iter().find(|(_, owner)| *owner == instance).map(|(cookie, _)| cookie.clone())
    }

    /// That of the cookies which is the balancer's.
    pub(super) fn cookie_among(&self, cookies: Vec<Cookie>) -> Option<Cookie> {
        cookies.into_iter().find(|cookie| self.cookies.contains_key(cookie))
    }

    /// With whom a session is that bears this cookie and comes from there; none when nobody can tell.
    pub(super) fn who(&self, cookie: Option<&Cookie>, from: Option<SocketAddr>) -> Option<InstanceName> {
        if let Some(owner) = cookie.and_then(|cookie| self.cookies.get(cookie)) {
            return Some(owner.clone());
        }
        let server = |socket: &Socket| socket.server_of(from?).ok().flatten();
        self.servers.get(&self.sockets.iter().find_map(server)?).cloned()
    }
}
