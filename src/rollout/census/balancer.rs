//! What HAProxy says, each socket asked for itself.

use serde::Serialize;

use super::{Unread, shown};
use crate::haproxy::{Level, Server, advice};
use crate::rollout::balance::{Balance, SocketView, Target};
use crate::rollout::fleet::{Balancer, Fleet, Pool};
use crate::{Error, Result};

/// One socket of HAProxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SocketCensus {
    /// As the fleet file names it.
    pub socket: String,
    /// HAProxy's version; `None` where it cannot be asked.
    pub version: Option<String>,
    /// Whether the socket allows what a rollout does.
    pub is_admin: Option<bool>,
    /// Whether it has the map that makes a drain hold for clients with a cookie.
    pub has_drain_map: Option<bool>,
}

/// One server of an instance, or the place where one belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The socket that was asked.
    pub socket: String,
    /// The backend; empty where the socket said nothing.
    pub backend: String,
    /// HAProxy's name of the server; `None` where the backend has none for the instance.
    pub server: Option<String>,
    /// What it is, in HAProxy's words, such as `UP`, `UP 1/2`, `MAINT` or `slow start 40 %`; `no server` where there is
    /// none, `unknown` where the socket said nothing.
    pub status: String,
    /// Whether it gets its full share.
    pub is_available: bool,
    /// Streams on it: requests in flight and tunnels.
    pub sessions: u64,
}

/// Asks every socket. One that says nothing has no view.
pub(super) fn look(
    fleet: &Fleet,
    open: &dyn Fn(&Fleet) -> Balance,
    unread: &mut Vec<Unread>,
) -> (Vec<SocketCensus>, Vec<Option<SocketView>>) {
    let ask = |address: &crate::haproxy::Address| {
        let balancer = Balancer { sockets: vec![address.clone()], drain_map: fleet.balancer.drain_map.clone() };
        let seen = ask(&mut open(&Fleet { balancer, ..fleet.clone() }), fleet.balancer.drain_map.as_deref());
        let socket = address.to_string();
        match seen {
            Ok((level, view)) => {
                let census = SocketCensus {
                    socket,
                    version: Some(view.snapshot.info.version.clone()),
                    is_admin: Some(level == Level::Admin),
                    has_drain_map: Some(view.draining.is_some()),
                };
                (census, Some(view))
            }
            Err(error) => {
                unread.push(error.into());
                (SocketCensus { socket, version: None, is_admin: None, has_drain_map: None }, None)
            }
        }
    };
    fleet.balancer.sockets.iter().map(ask).unzip()
}

/// What the one socket of `balance` says.
fn ask(balance: &mut Balance, drain_map: Option<&str>) -> Result<(Level, SocketView)> {
    let mut lowest = Level::Admin;
    for socket in balance.sockets() {
        lowest = lowest.min(socket.level()?);
        if lowest < Level::Operator {
            let address = socket.address();
            let text = format!("`{address}` lets us in at level user, and what its servers do takes level operator");
            return Err(Error::refused(text).hint(advice::admin()));
        }
    }
    balance.find_maps(drain_map)?;
    let view = balance.observe()?.sockets.pop();
    Ok((lowest, view.ok_or_else(|| Error::failed("the fleet has no socket of HAProxy's"))?))
}

/// What each socket says of an instance, in each backend of its pool and wherever else it has a server.
pub(super) fn shares(
    pool: &Pool,
    target: &Target,
    sockets: &[SocketCensus],
    views: &[Option<SocketView>],
) -> Vec<Share> {
    let of_socket = |(socket, view): (&SocketCensus, &Option<SocketView>)| {
        let nobody = |backend: &str, status: &str| Share {
            socket: socket.socket.clone(),
            backend: backend.to_owned(),
            server: None,
            status: status.to_owned(),
            is_available: false,
            sessions: 0,
        };
        let Some(view) = view else { return vec![nobody("", "unknown")] };
        let servers = view.servers(target);
        let has = |backend: &&String| servers.iter().any(|server| server.name.backend == **backend);
        let absent = pool.backends.iter().filter(|backend| !has(backend)).map(|backend| nobody(backend, "no server"));
        let there = servers.iter().map(|server| Share {
            server: Some(server.name.server.clone()),
            status: status(server),
            is_available: server.is_available(),
            sessions: server.sessions,
            ..nobody(&server.name.backend, "")
        });
        there.chain(absent).collect()
    };
    // Balancers stand behind nothing.
    let sockets = if pool.is_balancer() { &[] } else { sockets };
    sockets.iter().zip(views).flat_map(of_socket).collect()
}

/// A server's state in HAProxy's words, unless slow start or a weight of zero says more.
fn status(server: &Server) -> String {
    let status = shown(&server.status);
    match server.throttle {
        Some(percent) if percent < 100 && status == "UP" => format!("slow start {percent} %"),
        _ if server.weight == 0 && status == "UP" => "UP, weight 0".to_owned(),
        _ => status,
    }
}

impl Share {
    /// Several in a cell: one word where all agree, else each with as much of its place as tells it from the others.
    pub fn in_words(shares: &[Self]) -> String {
        let Some(first) = shares.first() else { return "-".to_owned() };
        if shares.iter().all(|share| share.status == first.status) {
            return first.status.clone();
        }
        let sockets = shares.iter().any(|share| share.socket != first.socket);
        // A socket that said nothing names none.
        let mut named = shares.iter().map(|share| &share.backend).filter(|backend| !backend.is_empty());
        let backends = named.next().is_some_and(|first| named.any(|backend| backend != first));
        let word = |share: &Self| {
            let place = [(sockets, &share.socket), (backends, &share.backend)];
            let place = place.into_iter().filter(|(tells, text)| *tells && !text.is_empty());
            let words = place.map(|(_, text)| text.as_str()).chain([share.status.as_str()]);
            words.collect::<Vec<_>>().join(" ")
        };
        shares.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::census::notes::tests::server;

    fn share(socket: &str, backend: &str, status: &str) -> Share {
        let (socket, backend, status) = (socket.to_owned(), backend.to_owned(), status.to_owned());
        Share { socket, backend, server: None, status, is_available: false, sessions: 0 }
    }

    #[test]
    fn one_word_is_enough_where_all_agree() {
        let words = |shares: &[Share]| Share::in_words(shares);
        assert_eq!(words(&[]), "-");
        assert_eq!(words(&[share("tcp:a:1", "api", "UP"), share("tcp:b:1", "ws", "UP")]), "UP");
        let backends = [share("tcp:a:1", "api", "UP"), share("tcp:a:1", "ws", "DRAIN")];
        assert_eq!(words(&backends), "api UP, ws DRAIN");
        let sockets = [share("tcp:a:1", "api", "UP"), share("tcp:b:1", "api", "UP 1/2")];
        assert_eq!(words(&sockets), "tcp:a:1 UP, tcp:b:1 UP 1/2");
        let silent = [share("tcp:a:1", "", "unknown"), share("tcp:b:1", "api", "UP")];
        assert_eq!(words(&silent), "tcp:a:1 unknown, tcp:b:1 UP");
        let both = [share("tcp:a:1", "api", "UP"), share("tcp:a:1", "ws", "MAINT"), share("tcp:b:1", "", "unknown")];
        assert_eq!(words(&both), "tcp:a:1 api UP, tcp:a:1 ws MAINT, tcp:b:1 unknown");
    }

    #[test]
    fn slow_start_and_no_weight_say_more_than_up() {
        let of = |throttle, weight, text: &str| {
            status(&Server { throttle, weight, status: text.to_owned(), ..server("api", "a", "10.0.0.1") })
        };
        assert_eq!(of(None, 1, "UP"), "UP");
        assert_eq!(of(Some(100), 1, "UP"), "UP");
        assert_eq!(of(Some(40), 1, "UP"), "slow start 40 %");
        assert_eq!(of(Some(40), 1, "DRAIN"), "DRAIN");
        assert_eq!(of(None, 0, "UP"), "UP, weight 0");
        assert_eq!(of(None, 1, "UP\u{1b}"), "UP\\x1b");
    }
}
