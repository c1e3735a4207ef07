//! Starts the sample service with an environment of its own, and ends it whatever becomes of the test.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// The bound of every wait; the longest that is meant to happen is a graceful stop's ten seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// What does not wait for anything takes less than this, on a busy machine too.
pub(super) const PROMPTLY: Duration = Duration::from_secs(5);

/// Polls until there is something.
pub(super) fn eventually<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The example's executable: cargo puts it beside the directory of this test's.
pub(crate) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("examples/veza-api");
    assert!(binary.is_file(), "`{}` is not there: run `cargo build --examples`", binary.display());
    binary
}

/// A service about to be started on a free port of 127.0.0.1, with a log directory of its own.
pub(super) struct Launch {
    command: Command,
    own_dir: TempDir,
    log_dir: PathBuf,
}

impl Launch {
    pub(super) fn new() -> Self {
        let own_dir = tempfile::tempdir().unwrap();
        let log_dir = own_dir.path().to_owned();
        let mut command = Command::new(binary());
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("PORT", "0").env("VEZA_LISTEN", "127.0.0.1").env("VEZA_LOG_DIR", &log_dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self { command, own_dir, log_dir }
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        if name == "VEZA_LOG_DIR" {
            self.log_dir = PathBuf::from(value.as_ref());
        }
        self.command.env(name, value);
        self
    }

    pub(super) fn argument(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// Starts it and waits until it listens.
    pub(super) fn start(self) -> Sample {
        self.start_after(0)
    }

    /// As [`start`](Self::start), where the log holds so many lines of earlier runs.
    pub(super) fn start_after(self, lines: usize) -> Sample {
        let mut sample = self.spawn();
        sample.address = eventually("the start line in the log", || {
            let ended = sample.child.try_wait().unwrap();
            let address = sample.log().get(lines).and_then(|line| line["address"].as_str()?.parse().ok());
            match (address, ended) {
                (None, Some(status)) => panic!("veza-api ended with {status}: {}", sample.stderr()),
                (address, _) => address,
            }
        });
        sample
    }

    /// Starts it and expects that it ends with this exit code and exactly this on stderr.
    pub(super) fn refused(self, code: i32, stderr: &str) {
        let mut sample = self.spawn();
        assert_eq!((sample.exit_code(), sample.stderr().as_str()), (code, stderr));
    }

    fn spawn(mut self) -> Sample {
        let child = self.command.spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Sample { child, address, log_dir: self.log_dir, _own_dir: self.own_dir }
    }
}

/// A running service, killed on drop.
pub(super) struct Sample {
    /// Where it listens.
    pub(super) address: SocketAddr,
    child: Child,
    log_dir: PathBuf,
    _own_dir: TempDir,
}

impl Sample {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(super) fn exit_code(&mut self) -> i32 {
        let status = eventually("veza-api to end", || self.child.try_wait().unwrap());
        status.code().unwrap_or_else(|| panic!("{status}"))
    }

    /// What it wrote to stderr, once it has ended.
    pub(super) fn stderr(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    pub(super) fn log_dir(&self) -> &Path {
        &self.log_dir
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.log_dir.join("veza-api.log")
    }

    /// The lines of its log; a file that is not there yet has none.
    pub(super) fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.log_file()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        // It fails only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
