//! One look at HAProxy: its process, its servers, their streams.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answers, unexpected};
use super::state::{self, State};
use super::table::Header;
use super::{Failure, Info, Kind, Result, Server, ServerName, Sessions, stat};

/// The commands, whose answers follow each other in this order. `show stat` is last, because what a server writes in
/// answer to a check stands in it: nothing there can be taken for the beginning of another answer.
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

/// Reads `show stat`, and joins it with the states. A server that stands in one of them only came or went between the
/// two commands: it is left out.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::haproxy::{Admin, Operation, Streams};

    /// As HAProxy 2.6.12 writes it, without the columns that nobody reads.
    const TEXT: &str = "\
Name: HAProxy
Version: 2.6.12-1+deb12u4
Pid: 30492
Uptime_sec: 1
node: n1
Stopping: 0
Start_time_sec: 1795331704

1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_result srv_check_state srv_agent_state srv_port
3 api 1 a 10.0.0.1 2 0 1 1 3 6 0 8080
3 api 2 b 10.0.0.2 0 8 1 1 2 7 0 8080

0x55ffa06dd2a0: proto=tcpv4 fe=f be=api srv=a ts=00 rq[f=c48200h,i=0,an=00h,rx=] rp[f=80048202h,i=0,an=00h,rx=] exp=

# pxname,svname,qcur,scur,stot,econ,eresp,wretr,wredis,status,weight,bck,throttle,tracked,type,check_status,check_code,hrsp_5xx,req_tot,cli_abrt,srv_abrt,last_chk,check_desc,cookie,
f,FRONTEND,,0,0,,,,,OPEN,,,,,0,,,0,0,,,,,,
api,a,0,1,7,0,0,0,0,UP,1,0,,,2,L7OK,200,1,6,0,0,,Layer7 check passed,a,
api,b,0,0,0,0,0,0,0,DOWN,1,0,,,2,* L7STS,500,0,0,0,0,\"No, \"\"x\"\"

Name: HAProxy\",Layer7 wrong status,b,
api,BACKEND,0,1,7,0,0,0,0,UP,1,0,,,1,,,1,6,0,0,,,SERVERID,

";

    #[test]
    fn tables_are_joined_by_name() {
        let snapshot = Snapshot::parse(TEXT).unwrap();
        let [a, b] = &snapshot.servers[..] else { panic!("{snapshot:?}") };
        assert_eq!(snapshot.sessions.on(&a.name), Streams { requests: 0, tunnels: 1 });
        assert_eq!(
            (a.name.to_string().as_str(), a.admin, a.operation, a.sessions),
            ("api/a", Admin::Ready, Operation::Running, 1)
        );
        assert_eq!((a.counters.requests, a.counters.sessions, a.counters.answers_5xx), (6, 7, 1));
        let check = b.check.clone().unwrap();
        assert_eq!(
            (b.admin, check.status.as_str(), check.code, check.in_progress),
            (Admin::Drain, "L7STS", Some(500), true)
        );
        assert_eq!(check.description, "No, \"x\"\\x0a\\x0aName: HAProxy");
        assert_eq!(snapshot.info.started.pid, 30492);
    }

    #[test]
    fn a_server_of_one_table_only_is_left_out() {
        let names = |text: &str| -> Vec<String> {
            Snapshot::parse(text).unwrap().servers.iter().map(|server| server.name.to_string()).collect()
        };
        assert_eq!(names(&TEXT.replace("3 api 1 a 10.0.0.1 2 0 1 1 3 6 0 8080\n", "")), ["api/b"]);
        assert_eq!(names(&TEXT.replace("\napi,a,", "\napi,c,")), ["api/b"]);
    }

    #[test]
    fn a_level_that_sees_too_little_is_told() {
        let (before, rest) = TEXT.split_once("0x").unwrap();
        let after = rest.split_once("\n\n").unwrap().1;
        let text = format!("{before}Permission denied\n\n{after}");
        assert_eq!(Snapshot::parse(&text).unwrap_err().kind(), Kind::Denied);
    }

    proptest! {
        #[test]
        fn whatever_is_changed_ends_in_a_snapshot_or_a_failure(
            at in 0..TEXT.len(),
            length in 0..40_usize,
            put in "(?s).{0,8}",
        ) {
            let end = (at + length).min(TEXT.len());
            let text = format!("{}{put}{}", &TEXT[..at], &TEXT[end..]);
            let known = [Kind::Lost, Kind::Denied, Kind::NotHaproxy, Kind::Refused];
            match Snapshot::parse(&text) {
                Ok(snapshot) => prop_assert!(snapshot.servers.len() <= 3),
                Err(failure) => {
                    prop_assert!(known.contains(&failure.kind()), "{failure}");
                    prop_assert!(!failure.to_string().contains(char::is_control), "{failure}");
                }
            }
        }
    }
}
