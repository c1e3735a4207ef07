//! A squashfs: `sqfs2tar` gives it as a tar, which is then read like any other.
//!
//! ```text
//! file ─▶ sqfs2tar ─▶ tar ─▶ members ─▶ sink
//!              └───▶ complaints, sockets
//! ```
//!
//! Its blocks are compressed one by one in six ways and its inodes are found through tables at the end, so that reading
//! it here would be a file system driver of our own. The tool keeps the tables in memory, touches no disk and needs no
//! rights; what it may take is bounded, since an image can be made to lead it astray.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};

use super::Sink;
use super::fault::FETCH_AGAIN;
use super::image::{self, Contents};
use super::meter::{Meter, Metered};
use super::tarball::Tarball;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// The tool, from the package `squashfs-tools-ng`.
pub(super) const SQFS2TAR: &str = "sqfs2tar";
/// Where it finds the image, which it wants to open by a name: one that was opened already cannot become another.
const INPUT: &str = "/dev/stdin";
/// What it may map, in bytes; 300,000 entries take it 60 MB.
const MOST_MEMORY: u64 = 4 << 30;
/// What it may run, in seconds; 64 GiB of content take it some minutes.
const MOST_SECONDS: u64 = 1800;
/// How many lines of its complaint are kept: it may name every file of the image.
const MOST_LINES: usize = 4;
/// How much of a line is looked at, in bytes.
const LONGEST_LINE: u64 = 8 << 10;
/// How long the tool may go on once nobody reads what it writes: it says why it failed, or finds that out.
const GRACE: Duration = Duration::from_secs(2);
/// How long it may go on once it has written everything.
const LONGEST_END: Duration = Duration::from_secs(60);
/// How long an interrupt may wait to be heeded.
const HEEDED: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// Where the superblock keeps the number of bytes in use, a little-endian `u64`; see the kernel's `squashfs_fs.h`.
const BYTES_USED_AT: usize = 40;

/// Checks what can be known before reading: that the file is whole.
///
/// # Errors
/// The file ends before its last table.
pub(super) fn check(name: &str, head: &[u8], length: u64) -> Result<()> {
    let bytes_used =
        head.get(BYTES_USED_AT..).and_then(|rest| rest.first_chunk()).map(|field| u64::from_le_bytes(*field));
    if bytes_used.is_none_or(|used| used > length) {
        let error = Error::invalid(format!("`{name}` ends before the last of its tables: it is truncated"));
        return Err(error.hint(FETCH_AGAIN));
    }
    Ok(())
}

/// A squashfs that is to be read.
pub(super) struct Squashfs<'a> {
    /// What messages call it.
    pub(super) name: &'a str,
    /// The file.
    pub(super) image: &'a File,
    /// The program that reads it: [`SQFS2TAR`].
    pub(super) tool: &'a str,
    /// Whether to stop.
    pub(super) interrupt: &'a Interrupt,
}

impl Squashfs<'_> {
    /// Gives every entry to the sink.
    ///
    /// # Errors
    /// The tool is missing, the image is corrupt or holds too much, or the sink says so.
    pub(super) fn read(&self, meter: &Meter<'_>, sink: Sink<'_>) -> Result<Contents> {
        let mut running = self.start()?;
        let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
        let (outcome, said, was_killed) = thread::scope(|scope| {
            let said = scope.spawn(|| stderr.map_or_else(|| Ok(Said::default()), Said::read));
            let outcome = self.members(stdout, meter, sink);
            let was_killed = running.end(if outcome.is_ok() { LONGEST_END } else { GRACE }, self.interrupt);
            let said = said.join().unwrap_or_else(|_| Err(io::Error::other("the reader of its complaints ended")));
            (outcome, said, was_killed)
        });
        self.interrupt.check()?;
        let status = running.0.wait().map_err(|error| self.cannot(error))?;
        let said = said.map_err(|error| self.cannot(error))?;
        // Whoever stops reading ends the tool by that.
        let stopped_by_us = outcome.is_err() && (was_killed || status.signal() == Some(Signal::PIPE.as_raw()));
        if !status.success() && !stopped_by_us {
            return Err(self.corrupt(&said, status));
        }
        let mut contents = outcome?;
        if said.skipped > said.sockets {
            let what = format!("`{}` holds what `{}` cannot give", self.name, self.tool);
            return Err(said.lines.iter().fold(Error::invalid(what), Error::cause));
        }
        contents.dropped.sockets += said.sockets;
        Ok(contents)
    }

    fn start(&self) -> Result<Running> {
        let image = self.image.try_clone().map_err(|error| self.cannot(error))?;
        let mut command = Command::new(self.tool);
        // Without the option the root's own owner and mode are lost.
        command.args(["--root-becomes", ".", INPUT]).env("LC_ALL", "C");
        command.stdin(image).stdout(Stdio::piped()).stderr(Stdio::piped());
        let running = command.spawn().map(Running).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.missing(),
            _ => self.cannot(error),
        })?;
        for (resource, most) in [(Resource::As, MOST_MEMORY), (Resource::Cpu, MOST_SECONDS)] {
            // Nobody may raise a limit that is lower already.
            let most = getrlimit(resource).maximum.map_or(most, |present| present.min(most));
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            prlimit(Some(Pid::from_child(&running.0)), resource, limit).map_err(|error| self.cannot(error.into()))?;
        }
        Ok(running)
    }

    /// Reads what the tool writes, and closes the pipe.
    fn members(&self, stdout: Option<ChildStdout>, meter: &Meter<'_>, sink: Sink<'_>) -> Result<Contents> {
        let stdout = stdout.map(|stdout| Heeding { stdout, interrupt: self.interrupt });
        let stdout: Box<dyn Read> = stdout.map_or_else(|| Box::new(io::empty()) as _, |stdout| Box::new(stdout) as _);
        image::read_rootfs(&mut Tarball::new(self.name, Box::new(Metered::new(stdout, meter))), sink)
    }

    fn cannot(&self, error: io::Error) -> Error {
        Error::failed(format!("cannot read `{}` by `{}`", self.name, self.tool)).cause(error)
    }

    fn corrupt(&self, said: &Said, status: ExitStatus) -> Error {
        let error = Error::invalid(format!("`{}` cannot be read by `{}`", self.name, self.tool));
        let error = match said.lines.is_empty() {
            true => error.cause(status),
            false => said.lines.iter().fold(error, Error::cause),
        };
        error.hint(FETCH_AGAIN)
    }

    fn missing(&self) -> Error {
        Error::failed(format!("`{}` is a squashfs, and `{}` is not installed", self.name, self.tool))
            .hint("`apt-get install squashfs-tools-ng` installs it")
    }
}

/// What the tool says beside the tar.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// Sockets, which no tar can hold.
    sockets: u64,
    /// Entries that were left out, sockets among them.
    skipped: u64,
    /// The last of what else it says.
    lines: VecDeque<String>,
}

impl Said {
    /// Reads until the tool closes it.
    fn read(stderr: impl Read) -> io::Result<Self> {
        let (mut said, mut input, mut line) = (Self::default(), BufReader::new(stderr), Vec::new());
        while input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? > 0 {
            said.take(line.trim_ascii());
            line.clear();
        }
        Ok(said)
    }

    fn take(&mut self, line: &[u8]) {
        if line.starts_with(b"WARNING: ") && line.ends_with(b": cannot pack socket") {
            self.sockets += 1;
        } else if line.starts_with(b"Skipping ") {
            self.skipped += 1;
        } else if !line.is_empty() {
            // Its name for the image says nothing.
            let text = String::from_utf8_lossy(line.strip_prefix(b"/dev/stdin: ").unwrap_or(line));
            self.lines.push_back(text.replace(char::is_control, "?"));
            self.lines.drain(..self.lines.len().saturating_sub(MOST_LINES));
        }
    }
}

/// A pipe that is waited for no longer than somebody wants.
struct Heeding<'a> {
    stdout: ChildStdout,
    interrupt: &'a Interrupt,
}

impl Read for Heeding<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.interrupt.check().map_err(io::Error::other)?;
            let mut waited = [PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN)];
            match poll(&mut waited, Some(&HEEDED)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.stdout.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A child that does not outlive the work.
struct Running(Child);

impl Running {
    /// Gives it so long to end by itself, and no longer than somebody wants; whether it had to be killed.
    fn end(&mut self, grace: Duration, interrupt: &Interrupt) -> bool {
        let began = Instant::now();
        while began.elapsed() < grace && !interrupt.is_requested() {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
        true
    }

    fn kill(&mut self) {
        // It fails where there is nobody left.
        let _ = self.0.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a wait both do nothing; before one, an error is already on its way up.
        self.kill();
        let _ = self.0.wait();
    }
}
