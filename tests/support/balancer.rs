//! A real HAProxy, in master-worker mode as packages start it, in a directory of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{seconds, wait_for};

/// Starts HAProxy, says its process id, and ends it when stdin closes: with the test process, whichever way that ends.
const LEASH: &str = r#"haproxy -W -S "$1/master.sock" -f "$1/haproxy.cfg" & echo $!; read -r _; kill "$!"; wait"#;

/// What each configuration begins with; more lines of `global` may follow.
const GLOBAL: &str = "global\n  stats socket {dir}/admin.sock mode 600 level admin\n  hard-stop-after 30s\n";

/// A running HAProxy, ended and cleaned away with its value.
pub(crate) struct Balancer {
    directory: TempDir,
    process: Child,
    /// HAProxy stays until this closes.
    leash: Option<ChildStdin>,
    master: Pid,
}

impl Balancer {
    /// Starts it with a configuration that goes on in the section `global`, in which `{dir}` is its own directory; and
    /// waits until `{dir}/admin.sock` answers.
    ///
    /// # Panics
    /// When it does not, with what it said.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// As [`start`](Self::start), with files that have to be in the directory before.
    pub(crate) fn start_with(config: &str, files: &[(&str, &str)]) -> Self {
        let directory = TempDir::with_prefix("vezaimg-haproxy-").unwrap();
        for (name, content) in files {
            fs::write(directory.path().join(name), content).unwrap();
        }
        write_config(directory.path(), config);
        let mut process = Command::new("sh")
            .args(["-c", LEASH, "leash"])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let leash = process.stdin.take();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let master = line.trim().parse().ok().and_then(Pid::from_raw).expect("`sh` says HAProxy's process id");
        let balancer = Self { directory, process, leash, master };
        balancer.wait_answer(0);
        balancer
    }

    /// A file of its directory, such as `admin.sock` or `master.sock`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What it wrote to stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Asks its admin socket without the client under test; the answer as it comes, empty when there is none.
    pub(crate) fn ask(&self, command: &str) -> String {
        ask(&self.path("admin.sock"), command)
    }

    /// The process id of the worker that answers; 0 for none.
    pub(crate) fn worker(&self) -> u32 {
        let info = self.ask("show info");
        info.lines().find_map(|line| line.strip_prefix("Pid: ")?.parse().ok()).unwrap_or(0)
    }

    /// Reloads the configuration, as `systemctl reload` does, and waits until the new worker answers.
    pub(crate) fn reload(&self) {
        let old = self.worker();
        kill_process(self.master, Signal::USR2).unwrap();
        self.wait_answer(old);
    }

    /// Writes another configuration and reloads it.
    pub(crate) fn reconfigure(&self, config: &str) {
        write_config(self.directory.path(), config);
        self.reload();
    }

    /// The master, which the workers end with.
    pub(crate) fn master(&self) -> Pid {
        self.master
    }

    /// Waits for another worker than the old one, and for the master: it loses a signal to reload that comes earlier.
    fn wait_answer(&self, old: u32) {
        wait_for("HAProxy to answer", seconds(20), || match self.worker() {
            worker if worker != 0 && worker != old && self.knows(worker) => Ok(()),
            _ => Err(self.log()),
        });
    }

    fn knows(&self, worker: u32) -> bool {
        let processes = ask(&self.path("master.sock"), "show proc");
        processes.lines().any(|line| line.starts_with(&format!("{worker} ")))
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        drop(self.leash.take());
        if let Err(error) = self.process.wait() {
            eprintln!("HAProxy cannot be waited for: {error}");
        }
    }
}

/// An address of this machine alone that no other test of this or another process has, so that ports can be fixed.
pub(crate) fn loopback() -> Ipv4Addr {
    static LAST: AtomicU8 = AtomicU8::new(0);
    let count = LAST.fetch_add(1, Ordering::Relaxed).checked_add(1).expect("addresses for 255 balancers and servers");
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, high.max(1), low, count)
}

fn ask(path: &Path, command: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut socket) = UnixStream::connect(path) {
        socket.set_read_timeout(Some(seconds(5))).unwrap();
        // A worker that ends may close early, which shows in the answer.
        let _ = socket.write_all(format!("{command}\n").as_bytes());
        let _ = socket.shutdown(Shutdown::Write);
        let _ = socket.read_to_string(&mut answer);
    }
    answer
}

fn write_config(directory: &Path, config: &str) {
    let text = format!("{GLOBAL}{config}").replace("{dir}", directory.to_str().unwrap());
    fs::write(directory.join("haproxy.cfg"), text).unwrap();
}
