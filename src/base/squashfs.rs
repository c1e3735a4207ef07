//! A squashfs: unpacked by `unsquashfs` into a private directory, which is then read like any other.
//!
//! The one base that touches the disk. Its blocks are compressed one by one in five ways and its inodes are found through
//! tables at the end, so that reading it as a stream would be a file system driver of our own.

use std::cell::OnceCell;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::budget::Budget;
use super::directory::{Owners, Walk};
use super::fault::FETCH_AGAIN;
use super::meter::Meter;
use super::{Dropped, Sink};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// The tool, from the package `squashfs-tools`.
pub(super) const UNSQUASHFS: &str = "unsquashfs";
/// How much of the tool's complaint is kept, in bytes: it may name every file of the image.
const LONGEST_COMPLAINT: usize = 2048;
/// How much of a line of its listing is looked at, in bytes: what comes before the path is short.
const LONGEST_LINE: u64 = 64 << 10;
/// How long an interrupt may wait to be heeded.
const HEEDED: Duration = Duration::from_millis(20);
/// Where the superblock keeps the number of bytes in use, a little-endian `u64`; see the kernel's `squashfs_fs.h`.
const BYTES_USED_AT: usize = 40;

/// Checks what can be known before unpacking: that the file is whole and that owners can be kept.
///
/// # Errors
/// The file ends before its last table, or `euid` is not root's.
pub(super) fn check(name: &str, head: &[u8], length: u64, euid: u32) -> Result<()> {
    let bytes_used =
        head.get(BYTES_USED_AT..).and_then(|rest| rest.first_chunk()).map(|field| u64::from_le_bytes(*field));
    if bytes_used.is_none_or(|used| used > length) {
        let error = Error::invalid(format!("`{name}` ends before the last of its tables: it is truncated"));
        return Err(error.hint(FETCH_AGAIN));
    }
    if euid != 0 {
        return Err(Error::invalid(format!("`{name}` is a squashfs, whose owners only root can unpack"))
            .hint(convert(name))
            .hint("or run this command as root"));
    }
    Ok(())
}

/// A squashfs that is to be read.
pub(super) struct Squashfs<'a> {
    /// What messages call it.
    pub(super) name: &'a str,
    /// The file.
    pub(super) image: &'a Path,
    /// The program that unpacks it: [`UNSQUASHFS`].
    pub(super) tool: &'a str,
    /// The directory to unpack below.
    pub(super) scratch: &'a Path,
    /// Whether to stop.
    pub(super) interrupt: &'a Interrupt,
}

/// What a squashfs says that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Names.
    pub entries: u64,
    /// Bytes of files, holes and what several names share counted as often as they are named.
    pub content: u64,
}

impl Squashfs<'_> {
    /// Gives every entry to the sink. It is unpacked once; what was unpacked goes when `unpacked` does, whatever happens.
    ///
    /// # Errors
    /// The tool is missing, the disk is full, the image is corrupt or holds too much, or the sink says so.
    pub(super) fn read(&self, unpacked: &OnceCell<TempDir>, meter: &Meter<'_>, sink: Sink<'_>) -> Result<Dropped> {
        let directory = match unpacked.get() {
            Some(directory) => directory,
            None => {
                self.declared()?;
                let directory = self.unpack()?;
                unpacked.get_or_init(|| directory)
            }
        };
        Walk::new(&rootfs_of(directory), self.name, Owners::AsUnpacked, meter).read(sink)
    }

    /// What it says that it holds, by its tables alone: a few hundred bytes can unpack to a full disk.
    ///
    /// # Errors
    /// The tool is missing, the image is corrupt, or holds more than any base may.
    pub(super) fn declared(&self) -> Result<Declared> {
        let mut command = self.command();
        command.arg("-lln").arg(self.absolute()?).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut running = self.start(&mut command)?;
        let (mut declared, mut budget) = (Declared::default(), Budget::default());
        let mut listing = BufReader::new(
            running.0.stdout.take().map_or_else(|| Box::new(io::empty()) as Box<dyn Read>, |stdout| Box::new(stdout)),
        );
        let mut line = Vec::new();
        // A line break in a name makes a line more, and no size less.
        while listing.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|error| self.cannot(error))? > 0
        {
            self.interrupt.check()?;
            let size = size_in(&line).unwrap_or_default();
            let counted = budget.entry().and_then(|()| budget.content(size));
            counted.map_err(|what| Error::invalid(format!("`{}` {what}", self.name)))?;
            declared = Declared { entries: declared.entries + 1, content: declared.content + size };
            line.clear();
        }
        match running.0.wait().map_err(|error| self.cannot(error))? {
            status if status.success() => Ok(declared),
            status => Err(self.corrupt(&status.to_string())),
        }
    }

    /// Unpacks it, owners and attributes included. The directory is removed when the result is dropped.
    fn unpack(&self) -> Result<TempDir> {
        let directory = tempfile::Builder::new().prefix("vezaimg-").tempdir_in(self.scratch);
        let directory = directory.map_err(|error| self.cannot(error))?;
        let mut command = self.command();
        command.args(["-no-progress", "-quiet", "-strict-errors"]);
        // In MiB; the default of 256 each would be most of what the whole build takes.
        command.args(["-data-queue", "32", "-frag-queue", "32", "-dest"]);
        // Making device nodes takes a privilege that root in a container lacks, and none would be kept.
        command.arg(rootfs_of(&directory)).arg("-excludes").arg(self.absolute()?).arg("dev/*");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = self.start(&mut command)?;
        let (status, complaint) = running.end(self.interrupt).map_err(|error| self.cannot(error))?;
        self.interrupt.check()?;
        if status.success() {
            return Ok(directory);
        }
        if complaint.contains("No space left on device") {
            return Err(self
                .cannot(io::ErrorKind::StorageFull.into())
                .hint("`TMPDIR` names another directory to unpack into"));
        }
        Err(self.corrupt(if complaint.is_empty() { status.to_string() } else { complaint }.as_str()))
    }

    /// The tool, which speaks English and asks nothing.
    fn command(&self) -> Command {
        let mut command = Command::new(self.tool);
        command.env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    fn start(&self, command: &mut Command) -> Result<Running> {
        command.spawn().map(Running).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.missing(),
            _ => self.cannot(error),
        })
    }

    /// An absolute path never looks like an option.
    fn absolute(&self) -> Result<PathBuf> {
        std::path::absolute(self.image).map_err(|error| self.cannot(error))
    }

    fn cannot(&self, error: io::Error) -> Error {
        Error::failed(format!("cannot unpack `{}`", self.name)).cause(error)
    }

    fn corrupt(&self, cause: &str) -> Error {
        Error::invalid(format!("`{}` cannot be unpacked by `{}`", self.name, self.tool)).cause(cause).hint(FETCH_AGAIN)
    }

    fn missing(&self) -> Error {
        Error::failed(format!("`{}` is a squashfs, and `{}` is not installed", self.name, self.tool))
            .hint("`apt-get install squashfs-tools` installs it")
            .hint(convert(self.name))
    }
}

/// Where the root file system stands in what was unpacked.
fn rootfs_of(directory: &TempDir) -> PathBuf {
    directory.path().join("rootfs")
}

/// The way out that needs neither root nor the tool.
fn convert(name: &str) -> String {
    // Without the option the root's own owner and mode are lost.
    format!(
        "run `sqfs2tar --root-becomes . '{name}' > base.tar`, from the package `squashfs-tools-ng`, and pass the tar"
    )
}

/// The size in a line such as `-rw-r--r-- 0/0 1234 2026-01-01 00:00 squashfs-root/etc/passwd`.
fn size_in(line: &[u8]) -> Option<u64> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.next().filter(|mode| mode.starts_with(b"-"))?;
    str::from_utf8(words.nth(1)?).ok()?.parse().ok()
}

/// A child that does not outlive the work.
struct Running(Child);

impl Running {
    /// Waits for its end, which an interrupt brings about, and gives the end of what it says on standard error.
    fn end(&mut self, interrupt: &Interrupt) -> io::Result<(ExitStatus, String)> {
        let stderr = self.0.stderr.take();
        thread::scope(|scope| {
            let complaint = scope.spawn(|| stderr.map_or_else(|| Ok(String::new()), complaint));
            let status = loop {
                if let Some(status) = self.0.try_wait()? {
                    break status;
                }
                if interrupt.is_requested() {
                    self.0.kill()?;
                }
                thread::sleep(HEEDED);
            };
            let complaint = complaint.join().map_err(|_| io::Error::other("the reader of its errors ended"))??;
            Ok((status, complaint))
        })
    }
}

/// The end of what a child says, until it closes it.
fn complaint(mut stderr: impl Read) -> io::Result<String> {
    let mut tail = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = match stderr.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        tail.extend_from_slice(&buffer[..read]);
        tail.drain(..tail.len().saturating_sub(LONGEST_COMPLAINT));
    }
    let text = String::from_utf8_lossy(&tail);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(lines.join("; ").replace(char::is_control, "?"))
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a wait both do nothing; before one, an error is already on its way up.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
