//! vezaimg at work, to be watched and killed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::wait_for;
use crate::support::workspace::Outcome;

/// A process whose stdout and stderr are files, so that it never waits for a reader.
pub(crate) struct Running {
    child: Child,
    directory: TempDir,
}

impl Running {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let directory = TempDir::with_prefix("vezaimg-run-").unwrap();
        let file = |name: &str| File::create(directory.path().join(name)).unwrap();
        let child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        Self { child, directory }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What it wrote to stdout so far.
    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.file("stdout")).unwrap()
    }

    /// What it wrote to stderr so far.
    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.file("stderr")).unwrap()
    }

    /// Waits until its stderr holds this text.
    pub(crate) fn wait_for_stderr(&self, text: &str, deadline: Duration) {
        wait_for(&format!("`{text}` on stderr"), deadline, || {
            let seen = self.stderr();
            if seen.contains(text) { Ok(()) } else { Err(seen) }
        });
    }

    /// Waits until `--json` told that this action of this step began on an instance, and returns at once; false when the
    /// process ended before. Its first lines are whole: each is written at once.
    ///
    /// # Panics
    /// After the deadline, with all that it wrote.
    pub(crate) fn begins(&mut self, instance: &str, (step, action): (&str, &str), deadline: Duration) -> bool {
        let wanted =
            format!("{{\"event\":\"step\",\"instance\":\"{instance}\",\"step\":\"{step}\",\"action\":\"{action}\"}}\n");
        let begun = Instant::now();
        loop {
            let ended = self.child.try_wait().unwrap().is_some();
            match self.stdout().contains(&wanted) {
                true => return true,
                false if ended => return false,
                false => {}
            }
            let seen = || format!("{}\n{}", self.stdout(), self.stderr());
            assert!(begun.elapsed() < deadline, "`{instance}` did not come to {step}/{action}:\n{}", seen());
            sleep(Duration::from_millis(1));
        }
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it, and waits until it is gone; what it wrote until then.
    pub(crate) fn kill(mut self) -> String {
        // It may have ended of itself meanwhile.
        let _ = self.child.kill();
        self.child.wait().unwrap();
        self.stdout()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// After the deadline, with its stderr; it is killed then.
    pub(crate) fn wait(mut self, deadline: Duration) -> Outcome {
        let status: ExitStatus = wait_for("vezaimg to end", deadline, || match self.child.try_wait().unwrap() {
            Some(status) => Ok(status),
            None => Err(self.stderr()),
        });
        Outcome { stdout: self.stdout(), stderr: self.stderr(), code: status.code() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_process_is_watched_and_ended_by_a_signal() {
    let script = "echo at work >&2; trap 'echo told; exit 5' TERM; while :; do sleep 0.05; done";
    let running = Running::spawn(Command::new("sh").args(["-c", script]));
    running.wait_for_stderr("at work", Duration::from_secs(10));
    assert_eq!(running.stdout(), "");

    running.signal(Signal::TERM);

    let expected = Outcome { stdout: "told\n".into(), stderr: "at work\n".into(), code: Some(5) };
    assert_eq!(running.wait(Duration::from_secs(10)), expected);
}
