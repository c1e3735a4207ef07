//! A process of some machine: which one it is, and whether it still lives.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::holder::is_word;
use crate::{Error, Result};

/// A process, told apart from every other that had its number before, or will have it, on this machine or another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Process {
    /// The machine's name.
    pub(super) host: String,
    /// The kernel's boot id: another one after every boot.
    boot: String,
    /// Its namespace of process numbers, as the kernel names it: containers of one machine share the boot id.
    namespace: String,
    /// Its number there.
    pub(super) pid: u32,
    /// When it started, in clock ticks since the boot: field 22 of proc_pid_stat(5).
    started: u64,
}

impl Process {
    /// This process.
    pub(super) fn own() -> Result<Self> {
        let unknown = |what: &str| Error::failed(format!("cannot tell {what}, by which a lock knows its holder"));
        let read = |path: &str| {
            let text = fs::read_to_string(path).map_err(|cause| unknown(&format!("`{path}`")).cause(cause))?;
            Ok::<_, Error>(text.trim_end().to_owned())
        };
        let link = "/proc/self/ns/pid";
        let namespace = fs::read_link(link).map_err(|cause| unknown(&format!("`{link}`")).cause(cause))?;
        let (_, started) = stat(&read("/proc/self/stat")?).ok_or_else(|| unknown("`/proc/self/stat`"))?;
        Ok(Self {
            host: read("/proc/sys/kernel/hostname")?,
            boot: read("/proc/sys/kernel/random/boot_id")?,
            namespace: namespace.to_string_lossy().into_owned(),
            pid: std::process::id(),
            started,
        })
    }

    /// Whether it is of this machine, this boot and this namespace, so that something can be said about it.
    pub(super) fn is_here(&self) -> bool {
        let here = |here: &Self| (&here.host, &here.boot, &here.namespace) == (&self.host, &self.boot, &self.namespace);
        Self::own().as_ref().is_ok_and(here)
    }

    /// Whether it is known to have ended. When in doubt it lives: of another user's process, a `/proc` that hides it
    /// still leaves the kernel's word that it is there.
    pub(super) fn is_dead(&self) -> bool {
        if !self.is_here() {
            return false;
        }
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return false };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return true;
        }
        // A zombie has ended; nobody asked how.
        let ended = |(state, started)| started != self.started || matches!(state, 'Z' | 'X');
        let text = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok();
        text.as_deref().and_then(stat).is_some_and(ended)
    }

    /// Whether its parts may go into a message.
    pub(super) fn is_sound(&self) -> bool {
        let sound = [&self.host, &self.boot, &self.namespace].into_iter().all(|text| is_word(text));
        sound && (1..=i32::MAX.unsigned_abs()).contains(&self.pid)
    }
}

/// State and start time of a line of proc_pid_stat(5). The name, in parentheses, may hold anything.
fn stat(line: &str) -> Option<(char, u64)> {
    let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn sleeping() -> (Child, Process) {
        let child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let (_, started) = stat(&fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap()).unwrap();
        let process = Process { pid: child.id(), started, ..Process::own().unwrap() };
        (child, process)
    }

    #[test]
    fn a_process_is_dead_once_killed_and_before_its_parent_asks() {
        let (mut child, process) = sleeping();
        assert!(!process.is_dead());

        child.kill().unwrap();
        for _ in 0..100 {
            if process.is_dead() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(process.is_dead(), "a zombie has ended");

        child.wait().unwrap();
        assert!(process.is_dead());
    }

    #[test]
    fn a_number_that_another_process_has_now_is_of_a_dead_one() {
        let own = Process::own().unwrap();
        assert!(!own.is_dead());
        assert!(Process { started: own.started - 1, ..own.clone() }.is_dead());
    }

    #[test]
    fn of_other_machines_boots_and_namespaces_nothing_is_known() {
        let (mut child, process) = sleeping();
        child.kill().unwrap();
        child.wait().unwrap();
        for elsewhere in [
            Process { host: "elsewhere".to_owned(), ..process.clone() },
            Process { boot: "another".to_owned(), ..process.clone() },
            Process { namespace: "pid:[1]".to_owned(), ..process.clone() },
        ] {
            assert!(!elsewhere.is_dead(), "{elsewhere:?}");
        }
        assert!(process.is_dead());
    }

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let line = "7 (a) Z 9 (b) R 1 1 1 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 2573627 3133440 384";
        assert_eq!(stat(line), Some(('R', 2_573_627)));
        for line in ["", "7 (a", "7 (a)", "7 (a) R 1 2 3", "7 (a) R 1 1 1 0 -1 4 1 0 0 0 0 0 0 0 20 0 1 0 x"] {
            assert_eq!(stat(line), None, "{line}");
        }
    }
}
