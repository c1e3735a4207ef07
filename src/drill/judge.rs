//! What was seen, and whether it is what it is to be.

use super::report::Traffic;
use super::requests::Tally;
use super::sessions::Session;
use super::step::Seen;
use crate::haproxy::{Operation, Server};
use crate::incus::InstanceName;
use crate::rollout::balance::{Target, View};
use crate::ui::Lasted;

/// Requests of which all are to be answered.
pub(super) fn answers(tally: &Tally) -> Seen {
    let Tally { sent, ok, slowest, failures } = tally;
    if ok < sent {
        let mut failures = failures.clone();
        failures.dedup();
        return Seen::bad(format!("{ok} of {sent} answered 200: {}", failures.join(", ")));
    }
    let slowest = Lasted(std::time::Duration::from_secs_f64(*slowest));
    Seen::good(format!("{ok} of {sent} answered 200, the slowest in {slowest}"))
}

/// The same before anything is done, when the pool's servers have counted so many requests meanwhile: an answer of somebody
/// else's would say nothing.
pub(super) fn baseline(tally: &Tally, counted: u64, through: &str) -> Seen {
    let seen = answers(tally);
    if seen.holds && counted < u64::from(tally.sent) {
        let text = format!(
            "{}, and of these the pool's servers counted {counted}: does `{through}` lead to them?",
            seen.detail
        );
        return Seen::bad(text);
    }
    seen
}

/// The same while an instance is away, and what HAProxy did about that.
pub(super) fn meanwhile(tally: &Tally, traffic: Traffic) -> Seen {
    let Seen { holds, detail } = answers(tally);
    let Traffic { retries, redispatches, connection_errors: _ } = traffic;
    let told = [("retried", retries), ("redispatched", redispatches)].into_iter().filter(|(_, count)| *count > 0);
    let told: Vec<_> = told.map(|(what, count)| format!("{what} {count}")).collect();
    match told.is_empty() {
        true => Seen { holds, detail },
        false => Seen { holds, detail: format!("{detail}; HAProxy {} since the stop", told.join(" and ")) },
    }
}

/// Whether every socket shows every server of an instance DOWN.
pub(super) fn down(view: &View, target: &Target) -> Seen {
    let is_down = |server: &Server| server.operation == Operation::Stopped;
    everywhere(view, target, is_down).unwrap_or_else(|| Seen::good("DOWN"))
}

/// Whether every socket shows every server of an instance UP; and how far its slow start is.
pub(super) fn up(view: &View, target: &Target) -> Seen {
    everywhere(view, target, Server::is_up).unwrap_or_else(|| {
        let servers = view.sockets.iter().flat_map(|socket| socket.servers(target));
        let throttle = servers.filter_map(|server| server.throttle).min().filter(|percent| *percent < 100);
        Seen::good(throttle.map_or_else(|| "UP".to_owned(), |percent| format!("UP, its slow start at {percent} %")))
    })
}

/// The servers that are not as they are to be, if there are any.
fn everywhere(view: &View, target: &Target, is_there: impl Fn(&Server) -> bool) -> Option<Seen> {
    let mut missing = Vec::new();
    for socket in &view.sockets {
        let servers = socket.servers(target);
        if servers.is_empty() {
            missing.push(format!("`{}` has no server for `{}`", socket.name, target.name));
        }
        let others = servers.into_iter().filter(|server| !is_there(server));
        missing.extend(others.map(|server| format!("`{}` of `{}` is {}", server.name, socket.name, server.status)));
    }
    (!missing.is_empty()).then(|| Seen::bad(missing.join(", ")))
}

/// Sessions that were opened, and with whom they are; `instance` is to be stopped.
pub(super) fn connected(sessions: &[Session], instance: &InstanceName) -> Seen {
    let with_it = sessions.iter().filter(|session| is_with(session, instance)).count();
    if sessions.iter().any(|session| session.is_with.is_none()) {
        let hint = "the backend has no cookie, and HAProxy sees another address than ours";
        return Seen::bad(format!("nobody can tell with which instance a session is: {hint}"));
    }
    Seen::good(format!("{} open, {with_it} with `{instance}`", sessions.len()))
}

/// Whether every session is with somebody else than the instance that is stopped.
pub(super) fn reconnected(sessions: &[Session], instance: &InstanceName) -> Seen {
    let elsewhere = |session: &&Session| session.is_open && session.is_with.is_some() && !is_with(session, instance);
    let there = sessions.iter().filter(elsewhere).count();
    let lost = lost(sessions);
    let told = format!("{there} of {} with a peer, {lost} lost on the way", sessions.len());
    if there == sessions.len() {
        let away = sessions.iter().filter_map(|session| session.away).fold(0.0, f64::max);
        let away = Lasted(std::time::Duration::from_secs_f64(away));
        return Seen::good(if lost == 0 { told } else { format!("{told}, away for {away} at most") });
    }
    let why = |session: &Session| match (session.is_open, &session.is_with) {
        (true, Some(with)) => format!("one is with `{with}` still"),
        (true, None) => "one is with nobody knows whom".to_owned(),
        (false, _) => match &session.trouble {
            Some(trouble) => trouble.clone(),
            None => "one was closed just now".to_owned(),
        },
    };
    let mut why: Vec<_> = sessions.iter().filter(|session| !elsewhere(session)).map(why).collect();
    why.dedup();
    Seen::bad(format!("{told}: {}", why.join(", ")))
}

/// Sessions that the other side has closed.
pub(super) fn lost(sessions: &[Session]) -> usize {
    sessions.iter().filter(|session| session.closed_after.is_some()).count()
}

fn is_with(session: &Session, instance: &InstanceName) -> bool {
    session.is_with.as_deref() == Some(instance.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::census::fixtures::{server, view};

    fn tally(sent: u32, ok: u32) -> Tally {
        let failures = if ok < sent { vec!["`GET /h` answers 503".to_owned()] } else { Vec::new() };
        Tally { sent, ok, slowest: 0.25, failures }
    }

    #[test]
    fn every_request_is_to_be_answered_by_the_pool() {
        assert_eq!(answers(&tally(5, 5)), Seen::good("5 of 5 answered 200, the slowest in 0.25 s"));
        assert_eq!(answers(&tally(5, 4)), Seen::bad("4 of 5 answered 200: `GET /h` answers 503"));
        assert_eq!(baseline(&tally(5, 5), 7, "http://lb"), answers(&tally(5, 5)));
        let elsewhere = "5 of 5 answered 200, the slowest in 0.25 s, and of these the pool's servers counted 2: does \
                         `http://lb` lead to them?";
        assert_eq!(baseline(&tally(5, 5), 2, "http://lb"), Seen::bad(elsewhere));
        assert_eq!(baseline(&tally(5, 4), 2, "http://lb"), answers(&tally(5, 4)));
    }

    #[test]
    fn what_haproxy_did_is_told() {
        let traffic = |retries, redispatches| Traffic { connection_errors: 9, retries, redispatches };
        assert_eq!(meanwhile(&tally(5, 5), traffic(0, 0)), answers(&tally(5, 5)));
        let told = meanwhile(&tally(5, 5), traffic(3, 1)).detail;
        assert!(told.ends_with("; HAProxy retried 3 and redispatched 1 since the stop"), "{told}");
    }

    #[test]
    fn an_instance_is_down_or_up_when_every_server_of_every_socket_is() {
        let target = Target { name: InstanceName::parse("a").unwrap(), addresses: Vec::new() };
        let with = |operation, status: &str, throttle| {
            let servers =
                ["api", "ws"].map(|backend| Server { operation, throttle, ..server(backend, "a", "10.0.0.1") });
            view(servers.map(|server| Server { status: status.to_owned(), ..server }).to_vec(), &[])
        };
        let here = with(Operation::Stopped, "DOWN", None);
        let there = with(Operation::Running, "UP 1/3", None);
        let slow = with(Operation::Starting, "UP", Some(7));
        let of = |sockets: Vec<_>| {
            let view = View { sockets };
            (down(&view, &target), up(&view, &target))
        };
        assert_eq!(of(vec![here.clone(), here.clone()]).0, Seen::good("DOWN"));
        let still = "`api/a` of `tcp:a:1` is UP 1/3, `ws/a` of `tcp:a:1` is UP 1/3";
        assert_eq!(of(vec![here.clone(), there.clone()]).0, Seen::bad(still));
        assert_eq!(of(vec![there.clone(), slow]).1, Seen::good("UP, its slow start at 7 %"));
        assert_eq!(of(vec![there]).1, Seen::good("UP"));
        assert!(!of(vec![here]).1.holds);
        let nobody = Seen::bad("`tcp:a:1` has no server for `a`");
        assert_eq!(of(vec![view(Vec::new(), &[])]), (nobody.clone(), nobody));
    }

    fn session(is_with: Option<&str>, is_open: bool, closed_after: Option<f64>) -> Session {
        Session { is_with: is_with.map(str::to_owned), is_open, closed_after, ..Session::default() }
    }

    #[test]
    fn every_session_is_to_be_with_a_peer() {
        let a = InstanceName::parse("a").unwrap();
        let stayed = session(Some("b"), true, None);
        let back = Session { away: Some(0.5), ..session(Some("c"), true, Some(1.0)) };
        let still = session(Some("a"), true, None);
        let gone = Session { trouble: Some("`GET /ws` answers 503".to_owned()), ..session(None, false, Some(1.0)) };
        assert_eq!(reconnected(std::slice::from_ref(&stayed), &a), Seen::good("1 of 1 with a peer, 0 lost on the way"));
        let told = "2 of 2 with a peer, 1 lost on the way, away for 0.50 s at most";
        assert_eq!(reconnected(&[stayed.clone(), back], &a), Seen::good(told));
        let told = "1 of 5 with a peer, 3 lost on the way: one is with `a` still, `GET /ws` answers 503, one was closed \
                    just now";
        let closed = session(None, false, Some(2.0));
        assert_eq!(reconnected(&[stayed.clone(), still.clone(), gone.clone(), gone, closed], &a), Seen::bad(told));
        assert_eq!(connected(&[stayed, still], &a), Seen::good("2 open, 1 with `a`"));
        assert!(!connected(&[session(None, true, None)], &a).holds);
    }
}
