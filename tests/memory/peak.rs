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
    /// The most memory that was resident, in bytes, without what the kernel caches of files.
    pub(crate) peak: u64,
}

/// Runs a command to its end.
///
/// The peak is the kernel's own mark, `VmHWM` of proc(5), which never falls: only growth after the last look could be
/// missed, and vezaimg ends by waiting for the disk. `wait4` would tell it too, but takes unsafe code.
pub(crate) fn run(command: &mut Command) -> io::Result<Ran> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut peak = 0;
    loop {
        peak = peak.max(high_water(&child)?);
        if child.try_wait()?.is_some() {
            break;
        }
        thread::sleep(INTERVAL);
    }
    let lasted = started.elapsed();
    Ok(Ran { output: child.wait_with_output()?, lasted, peak })
}

/// The high water mark of a child that has not been waited for, in bytes; 0 once it has ended.
fn high_water(child: &Child) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = mark.and_then(|mark| mark.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kibibytes.unwrap_or(0) * 1024)
}
