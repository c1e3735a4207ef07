//! A real HAProxy in front of the fleet.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use super::addresses::loopback;
use crate::support::{seconds, wait_for};

const HTTP: u16 = 8080;
const ADMIN: u16 = 9100;

/// HAProxy in master-worker mode, in a process group of its own that ends with this script's standard input, and so with
/// the test process in whichever way that ends: `sh -c SCRIPT haproxy CONFIG PID_FILE`.
const SCRIPT: &str = r#"haproxy -W -db -f "$1" </dev/null & echo $! >"$2"; read -r _; kill -KILL 0"#;

/// What varies of the configuration; the default is quick, so that tests are.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Between two checks.
    pub(crate) inter: Duration,
    /// Failed checks until a server is DOWN.
    pub(crate) fall: u32,
    /// Passed checks until it is UP.
    pub(crate) rise: u32,
    pub(crate) slowstart: Duration,
    /// The admin socket's level.
    pub(crate) level: &'static str,
    /// Whether the configuration has the line that makes a drain cookie-aware.
    pub(crate) drain_map: bool,
    /// Whether a cookie keeps clients where they are; otherwise what they ask for says who serves it.
    pub(crate) sticky: bool,
}

impl Default for Config {
    fn default() -> Self {
        let (inter, slowstart) = (Duration::from_millis(500), seconds(2));
        Self { inter, fall: 3, rise: 2, slowstart, level: "admin", drain_map: true, sticky: true }
    }
}

impl Config {
    /// What a user of the platform has, on loopback: a request that could not be connected is retried, the last time on
    /// another server (`retries 3`, `option redispatch`), and nothing that a server has begun to read is sent twice (no
    /// `retry-on`).
    fn render(&self, host: Ipv4Addr, map: &Path, servers: &[(String, Ipv4Addr)]) -> String {
        let Self { inter, fall, rise, slowstart, level, drain_map, sticky } = self;
        let (inter, slowstart) = (inter.as_millis(), slowstart.as_millis());
        let persist = format!("    ignore-persist if {{ req.cook(SERVERID),map_str({}) -m found }}\n", map.display());
        let persist = if *drain_map { &persist } else { "" };
        let balance = match sticky {
            true => "balance roundrobin\n    cookie SERVERID insert indirect nocache",
            false => "balance uri\n    hash-type consistent",
        };
        let server = |(name, address): &(String, Ipv4Addr)| {
            let cookie = if *sticky { format!(" cookie {name}") } else { String::new() };
            format!("    server {name} {address}:{HTTP}{cookie} check\n")
        };
        let servers: String = servers.iter().map(server).collect();
        format!(
            "global
    stats socket ipv4@{host}:{ADMIN} level {level}
    stats timeout 30s
    hard-stop-after 30s

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 1h
    timeout http-request 10s
    retries 3
    option redispatch

frontend http
    bind {host}:{HTTP}
    default_backend api_pool

backend api_pool
    {balance}
{persist}    option httpchk GET /api/v1/health
    http-check expect status 200
    default-server inter {inter}ms fall {fall} rise {rise} on-marked-down shutdown-sessions slowstart {slowstart}ms
{servers}"
        )
    }
}

/// A HAProxy on an address of its own, which it keeps when it is killed and started again.
pub(crate) struct Haproxy {
    host: Ipv4Addr,
    directory: TempDir,
    group: Option<Child>,
}

impl Haproxy {
    /// Starts one with these servers in `api_pool`.
    pub(crate) fn start(config: &Config, servers: &[(String, Ipv4Addr)]) -> Self {
        let directory = TempDir::with_prefix("vezaimg-haproxy-").unwrap();
        let host = loopback(&[HTTP, ADMIN]);
        let mut haproxy = Self { host, directory, group: None };
        fs::write(haproxy.drain_map(), "").unwrap();
        fs::write(haproxy.file("haproxy.cfg"), config.render(host, &haproxy.drain_map(), servers)).unwrap();
        haproxy.start_again();
        haproxy
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The map's file, which HAProxy knows it by.
    pub(crate) fn drain_map(&self) -> PathBuf {
        self.file("draining.map")
    }

    /// Where clients go.
    pub(crate) fn entry(&self) -> SocketAddr {
        (self.host, HTTP).into()
    }

    /// The runtime socket.
    pub(crate) fn admin(&self) -> SocketAddr {
        (self.host, ADMIN).into()
    }

    /// Starts it after [`Self::kill`], without any of its former runtime state.
    pub(crate) fn start_again(&mut self) {
        assert!(self.group.is_none(), "HAProxy runs already");
        let log = fs::File::options().append(true).create(true).open(self.file("haproxy.log")).unwrap();
        let mut script = Command::new("sh");
        script.args(["-c", SCRIPT, "haproxy"]).arg(self.file("haproxy.cfg")).arg(self.file("pid"));
        script.process_group(0).stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        self.group = Some(script.spawn().expect("`sh` can be started"));
        wait_for("HAProxy to listen", seconds(20), || {
            TcpStream::connect(self.entry()).map_err(|error| format!("{error}\n{}", self.log()))
        });
    }

    /// What it wrote.
    fn log(&self) -> String {
        fs::read_to_string(self.file("haproxy.log")).unwrap_or_default()
    }

    /// Kills it with all its connections, as a crash would.
    pub(crate) fn kill(&mut self) {
        let Some(mut group) = self.group.take() else { return };
        kill_process_group(Pid::from_child(&group), Signal::KILL).unwrap();
        group.wait().unwrap();
        wait_for("HAProxy's port to be closed", seconds(10), || match TcpStream::connect(self.entry()) {
            Ok(_) => Err("it is open".to_owned()),
            Err(_) => Ok(()),
        });
    }

    /// Has it load its configuration anew, as `systemctl reload haproxy` does, and waits until the new worker answers.
    pub(crate) fn reload(&self) {
        let worker = self.worker();
        let master = fs::read_to_string(self.file("pid")).unwrap().trim().parse().ok().and_then(Pid::from_raw);
        kill_process(master.expect("the script wrote the master's pid"), Signal::USR2).unwrap();
        wait_for("the new worker to answer", seconds(20), || match self.worker() {
            now if now == worker => Err(format!("pid {now} still\n{}", self.log())),
            _ => Ok(()),
        });
    }

    /// The pid that the runtime socket tells.
    pub(crate) fn worker(&self) -> String {
        let info = self.ask("show info");
        info.lines().find_map(|line| line.strip_prefix("Pid: ")).unwrap_or_default().to_owned()
    }

    /// The whole answer to a runtime command; empty when nobody answers.
    pub(crate) fn ask(&self, command: &str) -> String {
        ask(self.admin(), command)
    }

    /// A server's column of `show stat`; empty when there is no such server or column.
    pub(crate) fn stat(&self, server: &str, column: &str) -> String {
        let answer = self.ask("show stat");
        let mut lines = answer.trim_start_matches("# ").lines().map(|line| line.split(',').collect::<Vec<_>>());
        let column = lines.next().and_then(|names| names.iter().position(|name| *name == column));
        let row = lines.find(|row| row.first() == Some(&"api_pool") && row.get(1) == Some(&server));
        row.zip(column).and_then(|(row, column)| Some((*row.get(column)?).to_owned())).unwrap_or_default()
    }

    /// Waits until a server has passed a check, is UP, and gets its full share.
    pub(crate) fn wait_available(&self, server: &str) {
        wait_for(&format!("`{server}` to be UP and unthrottled"), seconds(60), || {
            let seen = ["status", "check_status", "throttle"].map(|column| self.stat(server, column));
            match [&*seen[0], &*seen[1], &*seen[2]] {
                ["UP", "L7OK", "" | "100"] => Ok(()),
                _ => Err(format!("{seen:?}")),
            }
        });
    }

    /// Waits for a server's `status` to begin with this.
    pub(crate) fn wait_status(&self, server: &str, status: &str) {
        wait_for(&format!("`{server}` to be {status}"), seconds(60), || {
            let seen = self.stat(server, "status");
            if seen.starts_with(status) { Ok(()) } else { Err(seen) }
        });
    }
}

/// The whole answer of the runtime socket at that address; empty when nobody answers.
pub(super) fn ask(admin: SocketAddr, command: &str) -> String {
    let asked = || {
        let mut socket = TcpStream::connect_timeout(&admin, seconds(5))?;
        socket.set_read_timeout(Some(seconds(5)))?;
        socket.write_all(format!("{command}\n").as_bytes())?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    asked().unwrap_or_default()
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        if let Some(mut group) = self.group.take() {
            // Gone or not, there is nothing else to be done.
            let _ = kill_process_group(Pid::from_child(&group), Signal::KILL);
            let _ = group.wait();
        }
    }
}
