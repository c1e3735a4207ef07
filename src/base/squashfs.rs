//! A squashfs: unpacked by `unsquashfs` into a private directory, which is then read like any other.
//!
//! The one base that touches the disk. Its blocks are compressed one by one in five ways and its inodes are found through
//! tables at the end, so that reading it as a stream would be a file system driver of our own.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::directory::{Owners, Walk};
use super::fault::FETCH_AGAIN;
use super::meter::Meter;
use super::{Dropped, Sink};
use crate::error::{Error, Result};

/// The tool, from the package `squashfs-tools`.
pub(super) const UNSQUASHFS: &str = "unsquashfs";
/// How much of the tool's complaint is kept, in bytes: it may name every file of the image.
const LONGEST_COMPLAINT: usize = 2048;
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
    /// The directory to unpack below. Nothing is left there, whatever happens.
    pub(super) scratch: &'a Path,
}

impl Squashfs<'_> {
    /// Gives every entry to the sink.
    ///
    /// # Errors
    /// The tool is missing, the disk is full, the image is corrupt, or the sink says so.
    pub(super) fn read(&self, meter: &Meter<'_>, sink: Sink<'_>) -> Result<Dropped> {
        let directory = self.unpack()?;
        Walk::new(&rootfs_of(&directory), self.name, Owners::AsUnpacked, meter).read(sink)
    }

    /// Unpacks it, owners and attributes included. The directory is removed when the result is dropped.
    fn unpack(&self) -> Result<TempDir> {
        let name = self.name;
        let cannot = |error: io::Error| Error::failed(format!("cannot unpack `{name}`")).cause(error);
        let directory = tempfile::Builder::new().prefix("vezaimg-").tempdir_in(self.scratch).map_err(cannot)?;
        // An absolute path never looks like an option.
        let image = std::path::absolute(self.image).map_err(cannot)?;
        let mut command = Command::new(self.tool);
        command.args(["-no-progress", "-quiet", "-strict-errors"]);
        // In MiB; the default of 256 each would be most of what the whole build takes.
        command.args(["-data-queue", "32", "-frag-queue", "32", "-dest"]);
        // Making device nodes takes a privilege that root in a container lacks, and none would be kept.
        command.arg(rootfs_of(&directory)).arg("-excludes").arg(image).arg("dev/*");
        command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.missing(),
            _ => cannot(error),
        })?;
        let mut running = Running(child);
        let complaint = running.complaint().map_err(cannot)?;
        let status = running.0.wait().map_err(cannot)?;
        if status.success() {
            return Ok(directory);
        }
        if complaint.contains("No space left on device") {
            return Err(
                cannot(io::ErrorKind::StorageFull.into()).hint("`TMPDIR` names another directory to unpack into")
            );
        }
        let cause = if complaint.is_empty() { status.to_string() } else { complaint };
        Err(Error::invalid(format!("`{name}` cannot be unpacked by `{}`", self.tool)).cause(cause).hint(FETCH_AGAIN))
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

/// A child that does not outlive the work.
struct Running(Child);

impl Running {
    /// The end of what the child says on standard error, until it closes it.
    fn complaint(&mut self) -> io::Result<String> {
        let mut tail = Vec::new();
        let Some(mut stderr) = self.0.stderr.take() else { return Ok(String::new()) };
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
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a wait both do nothing; before one, an error is already on its way up.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
