//! A child process, timed, with the most memory that it had.

use std::fs;
use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at a process.
const INTERVAL: Duration = Duration::from_millis(2);

/// A child process that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its status and what it wrote. Nothing reads along: at most what a pipe holds.
    pub(crate) output: Output,
    /// From start to end, to within [`INTERVAL`].
    pub(crate) lasted: Duration,
    /// The most memory of its own that was resident, in bytes: without pages of files, the program's own code among them,
    /// which the kernel can drop, and of which an unoptimised program has three times as many.
    pub(crate) peak: u64,
}

/// Runs a command to its end.
///
/// The peak is the highest `RssAnon` of proc(5) that was seen: what lasts less than [`INTERVAL`] could be missed.
pub(crate) fn run(command: &mut Command) -> io::Result<Ran> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut peak = 0;
    loop {
        peak = peak.max(resident(&child)?);
        if child.try_wait()?.is_some() {
            break;
        }
        thread::sleep(INTERVAL);
    }
    let lasted = started.elapsed();
    Ok(Ran { output: child.wait_with_output()?, lasted, peak })
}

/// The memory of a child that has not been waited for, in bytes; 0 once it has ended.
fn resident(child: &Child) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes = anonymous.and_then(|size| size.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kibibytes.unwrap_or(0) * 1024)
}
