//! The daemon of a lab, killed and started again.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Lab, seconds, wait_for};

impl Lab {
    /// The daemon, as the machine sees it.
    fn daemon(&self) -> u32 {
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let daemon = processes.filter_map(|process| process.file_name().to_str()?.parse().ok()).find(|pid: &u32| {
            let command = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            command.starts_with("/usr/libexec/incus/incusd --group")
                && command.contains(self.directory().to_str().unwrap())
        });
        daemon.expect("the lab has a daemon")
    }

    /// Ends the daemon at once, and waits until it is gone. Its instances live on.
    pub(crate) fn kill_daemon(&self) {
        let pid = self.daemon();
        assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
        wait_for("the daemon to be gone", seconds(20), || {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") { Ok(()) } else { Err(state) }
        });
    }

    /// Starts a daemon where the lab's first one was; it ends with the lab.
    pub(crate) fn start_daemon(&self) -> Child {
        let daemon = ["/usr/libexec/incus/incusd", "--group", "root", "--logfile"];
        self.inside()
            .args(daemon)
            .arg(self.directory().join("incusd.log"))
            .env("INCUS_DIR", self.directory())
            .env("INCUS_SECURITY_APPARMOR", "false")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// What the arguments name runs among the daemon's processes and mounts.
    pub(crate) fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init().to_string(), "--pid", "--mount", "--"]);
        command
    }
}
