//! What `show info` says of the process.

use std::str::FromStr;
use std::time::Duration;

use super::Result;
use super::answer::{malformed, short, unexpected};

/// The process that answers, <https://docs.haproxy.org/2.6/management.html#9.3-show%20info>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its version, such as `2.6.12-1+deb12u4`.
    pub version: String,
    /// The name of its node; the host's unless configured.
    pub node: String,
    /// How long it has been running, in whole seconds.
    pub uptime: Duration,
    /// Whether it is about to end: it serves what it has, and takes nothing new.
    pub stopping: bool,
    /// Which process this is: another one after a reload or a restart, with none of the runtime state of the former.
    pub started: Started,
}

/// What tells one process of HAProxy from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Started {
    /// Its process id, as it sees it itself: inside a container, that of the container.
    pub pid: u32,
    /// When it started, in seconds since 1970; none before HAProxy 2.5, which does not say.
    pub time: Option<u64>,
}

impl Info {
    /// Reads lines of `KEY: VALUE`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let find = |key: &str| {
            let pairs = text.lines().filter_map(|line| line.split_once(": "));
            pairs.filter(|(name, _)| *name == key).map(|(_, value)| value.trim()).next()
        };
        let (Some(_), Some(version), Some(pid)) = (find("Name"), find("Version"), find("Pid")) else {
            return Err(unexpected(text));
        };
        let uptime = number("Uptime_sec", find("Uptime_sec").unwrap_or_default())?;
        let started = Started {
            pid: number("Pid", pid)?,
            time: find("Start_time_sec").map(|text| number("Start_time_sec", text)).transpose()?,
        };
        Ok(Self {
            version: short(version),
            node: short(find("node").unwrap_or_default()),
            uptime: Duration::from_secs(uptime),
            stopping: find("Stopping").is_some_and(|text| text != "0"),
            started,
        })
    }
}

fn number<N: FromStr>(key: &str, text: &str) -> Result<N> {
    text.parse().map_err(|_| malformed(&format!("`{key}` of `show info`"), text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::haproxy::Kind;

    const TEXT: &str = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nNew: thing: x\nPid: 30492\nUptime: 0d 0h00m01s\n\
                        Uptime_sec: 1\nnode: n1\ndescription: hello\nStopping: 0\nStart_time_sec: 1795331704";

    #[test]
    fn the_process_is_told_by_its_id_and_start() {
        let info = Info::parse(TEXT).unwrap();
        let expected = Info {
            version: "2.6.12-1+deb12u4".into(),
            node: "n1".into(),
            uptime: Duration::from_secs(1),
            stopping: false,
            started: Started { pid: 30492, time: Some(1_795_331_704) },
        };
        assert_eq!(info, expected);
    }

    #[test]
    fn an_old_version_has_no_start_time_and_a_node_may_hide_an_escape() {
        let text = TEXT.replace("\nStart_time_sec: 1795331704", "").replace("n1", "n\u{1b}[2J").replace("g: 0", "g: 1");
        let info = Info::parse(&text).unwrap();
        assert_eq!((info.node.as_str(), info.stopping, info.started.time), ("n\\x1b[2J", true, None));
    }

    #[test]
    fn what_is_not_haproxys_is_refused() {
        for text in ["", "hello", "Name: x\nVersion: 1\nPid: -1", &TEXT.replace("sec: 1", "sec: x")] {
            assert_eq!(Info::parse(text).unwrap_err().kind(), Kind::NotHaproxy, "{text}");
        }
        assert_eq!(Info::parse("Permission denied").unwrap_err().kind(), Kind::Denied);
    }
}
