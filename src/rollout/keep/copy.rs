//! A copy inside a container, from a directory to the volume that is mounted aside: `cp -a` by `copy.sh`, so that no
//! byte leaves the container, and owners, modes, times, extended attributes and hard links are kept.
//!
//! It tells files that differ by type, mode, owner, size, time and number of names, removes and copies those. A file
//! whose content or extended attributes changed and whose time did not goes unnoticed.

use std::thread;
use std::time::{Duration, Instant};

use super::volume::Volume;
use crate::Error;
use crate::incus::{Attributes, Client, InstanceName};
use crate::rootfs::escaped;

const SCRIPT: &str = include_str!("copy.sh");

/// Between two looks at how far a copy is.
const LOOK: Duration = Duration::from_secs(1);

/// For such a look.
const LOOK_PATIENCE: Duration = Duration::from_secs(30);

/// How many lines, and bytes of each, a message quotes of what a command says.
const QUOTED: (usize, usize) = (5, 200);

/// How a copy ended.
pub(super) enum Copied {
    /// All of it; the names that differed when it was done, because somebody writes still.
    All(Vec<String>),
    /// But for files that went while they were copied.
    ButForGone,
    /// This tool is not installed.
    Lacks(String),
}

/// Copies once. `attributes` are for the volume when there is no directory to copy; without, it stays as it is.
pub(super) fn copy(
    client: &Client,
    leaving: &InstanceName,
    volume: &Volume,
    attributes: Option<Attributes>,
    deadline: Duration,
) -> crate::Result<Copied> {
    let (source, target) = (format!("{}", Plain(volume)), volume.aside_path());
    let seconds = deadline.as_secs().to_string();
    let attributes =
        attributes.map(|Attributes { uid, gid, mode }| [uid.to_string(), gid.to_string(), format!("{mode:o}")]);
    let mut command = vec!["sh", "-c", SCRIPT, "sh", &source, &target, &seconds];
    command.extend(attributes.iter().flatten().map(String::as_str));
    let output = client.exec(leaving, &command, deadline)?;
    let failed =
        || Error::failed(format!("cannot copy `{}` of `{leaving}` to its volume `{}`", volume.path, volume.name));
    match output.code {
        0 => {
            let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
            Ok(Copied::All(names.map(escaped).collect()))
        }
        1 if only_gone(&output.stderr) => Ok(Copied::ButForGone),
        3 => Ok(Copied::Lacks(last_lines(&output.stdout))),
        4 => Err(failed().cause(format!("nothing is mounted at `{target}` in it"))),
        5 => Err(failed().cause(format!("another copy has gone on for {seconds} s"))),
        _ => Err(failed().cause(last_lines(&output.stderr))),
    }
}

/// Copies once, and tells `progress` now and then the bytes that are there and the bytes to be there.
pub(super) fn copy_in_view(
    client: &Client,
    leaving: &InstanceName,
    volume: &Volume,
    attributes: Option<Attributes>,
    deadline: Duration,
    progress: &dyn Fn(u64, u64),
) -> crate::Result<Copied> {
    let source = format!("{}", Plain(volume));
    let total = size(client, leaving, &source);
    progress(0, total);
    let copied = thread::scope(|scope| {
        let copying = scope.spawn(|| copy(client, leaving, volume, attributes, deadline));
        let mut looked = Instant::now();
        while !copying.is_finished() {
            if looked.elapsed() >= LOOK {
                progress(size(client, leaving, &volume.aside_path()).min(total), total);
                looked = Instant::now();
            }
            thread::sleep(Duration::from_millis(20));
        }
        copying.join().unwrap_or_else(|_| Err(Error::failed("the thread that copied ended early")))
    })?;
    progress(total, total);
    Ok(copied)
}

/// What files in a running container take, in bytes; 0 where that cannot be told.
pub fn size(client: &Client, container: &InstanceName, path: &str) -> u64 {
    let told = client.exec(container, &["du", "-sb", path], LOOK_PATIENCE).ok();
    let digits = |told: Vec<u8>| String::from_utf8(told).ok()?.split('\t').next()?.parse().ok();
    told.and_then(|told| digits(told.stdout)).unwrap_or_default()
}

/// A path as an argument.
struct Plain<'a>(&'a Volume);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", String::from_utf8_lossy(self.0.path.as_relative()))
    }
}

/// Whether `find` and `cp` complain of nothing but files that were there when they listed them.
fn only_gone(stderr: &[u8]) -> bool {
    let mut lines = stderr.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            (line.starts_with(b"cp: ") || line.starts_with(b"find: ")) && line.ends_with(b": No such file or directory")
        })
}

/// The end of what a command says, in a line.
pub(super) fn last_lines(said: &[u8]) -> String {
    let lines: Vec<_> = said.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(QUOTED.0)..).unwrap_or_default();
    last.iter().map(|line| escaped(line.get(..QUOTED.1).unwrap_or(line))).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_went_are_told_from_a_disk_that_is_full() {
        assert!(only_gone(b"cp: cannot stat '/var/log/a': No such file or directory\n"));
        assert!(only_gone(
            b"find: './log.3': No such file or directory\ncp: cannot stat '/var/log/./log.1': No such file or directory\n"
        ));
        assert!(!only_gone(b""));
        assert!(!only_gone(
            b"cp: cannot stat '/a': No such file or directory\ncp: error writing '/b': No space left on device\n"
        ));
        assert!(!only_gone(b"sh: 1: cp: not found\n"));
    }

    #[test]
    fn of_what_a_command_says_the_end_is_quoted_and_cannot_move_the_cursor() {
        assert_eq!(last_lines(b"1\n2\n3\n4\n\n5\n\x1b[2J6\n"), "2; 3; 4; 5; \\x1b[2J6");
        assert_eq!(last_lines(b""), "");
        assert_eq!(last_lines(&[b'x'; 300]).len(), 200);
    }
}
