//! A container of a lab.

use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Output, Stdio};
use std::time::Duration;

use super::lab::stdout_of;
use super::wait::try_wait_for;
use super::{Lab, wait_for};

/// A container, which is deleted with its value.
pub(crate) struct Instance<'lab> {
    lab: &'lab Lab,
    name: String,
}

impl<'lab> Instance<'lab> {
    /// Takes charge of the instance of that name.
    pub(crate) fn new(lab: &'lab Lab, name: &str) -> Self {
        Self { lab, name: name.to_owned() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Starts it.
    pub(crate) fn start(&self) {
        self.lab.incus(&["start", &self.name]);
    }

    /// Stops it as its own systemd stops.
    pub(crate) fn stop(&self) {
        self.lab.incus(&["stop", &self.name]);
    }

    /// Gives it another name, while it is stopped.
    pub(crate) fn rename(&mut self, name: &str) {
        self.lab.incus(&["rename", &self.name, name]);
        name.clone_into(&mut self.name);
    }

    /// What a command in the container wrote to stdout.
    ///
    /// # Panics
    /// When the command fails, with all that it wrote.
    pub(crate) fn exec(&self, command: &[&str]) -> String {
        stdout_of(&format!("{}: {}", self.name, command.join(" ")), self.exec_status(command))
    }

    /// As [`Lab::exec`].
    pub(crate) fn exec_status(&self, command: &[&str]) -> Output {
        self.lab.exec(&self.name, command)
    }

    /// Waits until systemd has started everything.
    ///
    /// # Panics
    /// When a unit failed, or after the deadline; with the units and the end of the journal.
    pub(crate) fn wait_running(&self, deadline: Duration) {
        let what = format!("`{}` to be running", self.name);
        let end = try_wait_for(&what, deadline, || {
            let output = self.exec_status(&["systemctl", "is-system-running"]);
            match String::from_utf8_lossy(&output.stdout).trim() {
                state @ ("running" | "degraded" | "maintenance" | "stopping") => Ok(state.to_owned()),
                state => Err(format!("{state} {}", String::from_utf8_lossy(&output.stderr))),
            }
        });
        match end.as_deref() {
            Ok("running") => {}
            Ok(state) => panic!("waited for {what}, and it is {state}:\n{}", self.boot_log()),
            Err(message) => panic!("{message}\n{}", self.boot_log()),
        }
    }

    /// What is needed to see why a boot failed.
    fn boot_log(&self) -> String {
        let log =
            "systemctl --no-pager --failed; systemctl --no-pager list-jobs; journalctl --no-pager --boot --lines=60";
        let output = self.exec_status(&["sh", "-c", log]);
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Waits for the address that the container got on `eth0`.
    pub(crate) fn ipv4(&self, deadline: Duration) -> Ipv4Addr {
        wait_for(&format!("`{}` to get an address", self.name), deadline, || {
            let eth0 = &self.lab.query(&format!("/1.0/instances/{}/state", self.name))["network"]["eth0"];
            let addresses = eth0["addresses"].as_array().into_iter().flatten();
            let found = addresses
                .filter(|address| address["scope"] == "global")
                .find_map(|address| address["address"].as_str()?.parse().ok());
            found.ok_or_else(|| eth0.to_string())
        })
    }

    /// Writes a file into the container, running or not. Incus sets neither owner nor mode of a file that is there.
    pub(crate) fn push(&self, path: &str, content: &[u8], mode: &str, uid: u32, gid: u32) {
        let target = format!("{}{path}", self.name);
        let (uid, gid) = (format!("--uid={uid}"), format!("--gid={gid}"));
        let mut push = self
            .lab
            .command(&["file", "push", "-", &target, "--mode", mode, &uid, &gid])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("`timeout` can be started");
        // An early end shows in the exit code.
        let _ = push.stdin.take().expect("stdin is a pipe").write_all(content);
        stdout_of(&format!("incus file push - {target}"), push.wait_with_output().expect("it can be waited for"));
    }

    /// A file of the container.
    pub(crate) fn pull(&self, path: &str) -> Vec<u8> {
        let source = format!("{}{path}", self.name);
        let output = self.lab.try_incus(&["file", "pull", &source, "-"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`incus file pull {source} -` ended with {}:\n{stderr}", output.status);
        output.stdout
    }
}

impl Drop for Instance<'_> {
    fn drop(&mut self) {
        let output = self.lab.try_incus(&["delete", "--force", &self.name]);
        if !output.status.success() {
            eprintln!("`{}` was not deleted: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
    }
}
