//! HAProxy as it is reached from inside a container.

use std::net::Ipv4Addr;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use vezaimg::haproxy::{Address, Inside, Kind, Level, Socket};
use vezaimg::incus::InstanceName;

use super::DEFAULTS;
use crate::support::balancer::loopback;
use crate::support::{Balancer, Lab, seconds};

/// Runs commands on this machine, with a search path of its own: what they find there is what a container holds.
struct Here {
    path: String,
}

impl Inside for Here {
    fn run(&self, _: &InstanceName, command: &[&str], _: Duration) -> Result<Vec<u8>, String> {
        let mut shell = Command::new("/bin/sh");
        said(shell.args(&command[1..]).env("PATH", &self.path).stdin(Stdio::null()).output().unwrap())
    }
}

/// Runs commands in a container of a lab.
struct InContainer(&'static Lab);

impl Inside for InContainer {
    fn run(&self, instance: &InstanceName, command: &[&str], _: Duration) -> Result<Vec<u8>, String> {
        said(self.0.exec(instance.as_str(), command))
    }
}

fn said(output: Output) -> Result<Vec<u8>, String> {
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn open(endpoint: &str, instance: &str, inside: impl Inside + 'static) -> Socket {
    let address = format!("incus:{instance}/{}", endpoint.trim_start_matches('/'));
    let inside: Arc<dyn Inside> = Arc::new(inside);
    Socket::open(&Address::parse(&address).unwrap(), &inside)
}

/// A search path with these programs only.
fn only(programs: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for program in programs {
        let found = ["/usr/bin", "/bin"].iter().map(|bin| std::path::Path::new(bin).join(program));
        let found = found.into_iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{program}"));
        std::os::unix::fs::symlink(found, directory.path().join(program)).unwrap();
    }
    directory
}

fn balancer(front: Ipv4Addr) -> Balancer {
    Balancer::start(&format!(
        "  stats socket ipv4@{front}:9100 level operator\n{DEFAULTS}backend b\n  server a 127.0.0.1:1\n"
    ))
}

#[test]
fn a_port_is_reached_by_bash_or_socat_and_a_path_by_socat() {
    let front = loopback();
    let balancer = balancer(front);
    let tcp = format!("{front}:9100");
    let unix = balancer.path("admin.sock").to_str().unwrap().to_owned();
    for (endpoint, programs, expected) in [
        (&tcp, &["bash", "head"][..], Level::Operator),
        (&tcp, &["socat", "head"], Level::Operator),
        (&unix, &["socat", "head"], Level::Admin),
    ] {
        let path = only(programs);
        let socket = open(endpoint, "haproxy-1", Here { path: path.path().to_str().unwrap().to_owned() });
        assert_eq!(socket.level(), Ok(expected), "{endpoint} by {programs:?}");
        assert_eq!(socket.observe().unwrap().servers.len(), 1);
    }
}

#[test]
fn what_is_missing_inside_is_told() {
    let front = loopback();
    let balancer = balancer(front);
    let unix = balancer.path("admin.sock").to_str().unwrap().to_owned();
    for (endpoint, programs, cause) in [
        (format!("{front}:9100"), &["head"][..], "there is neither `bash` nor `socat` in it"),
        (unix.clone(), &["bash", "head"], "there is no `socat` in it"),
        (format!("{front}:1"), &["bash", "head"], "the port does not take connections there"),
        (format!("{unix}.not"), &["socat", "head"], "there is no such socket there"),
    ] {
        let path = only(programs);
        let failure =
            open(&endpoint, "haproxy-1", Here { path: path.path().to_str().unwrap().to_owned() }).level().unwrap_err();
        assert_eq!(failure.kind(), Kind::Lost);
        let expected = format!("cannot connect to HAProxy from inside `haproxy-1`: {cause}");
        assert!(failure.to_string().ends_with(&expected), "{failure}");
    }
}

#[test]
fn a_container_reaches_a_port_and_says_what_it_lacks() {
    let instance = crate::lab_support::booted("balancer");
    let lab = Lab::shared();
    let address = instance.ipv4(seconds(120));
    let [a, b, c, _] = address.octets();
    let bridge = Ipv4Addr::new(a, b, c, 1);
    let balancer = balancer(bridge);
    let inside = || InContainer(lab);
    let socket = open(&format!("{bridge}:9100"), instance.name(), inside());
    assert_eq!(socket.level(), Ok(Level::Operator));
    assert_eq!(socket.observe().unwrap().servers.len(), 1);

    let refused = open(&format!("{bridge}:1"), instance.name(), inside()).level().unwrap_err();
    assert!(refused.to_string().ends_with("the port does not take connections there"), "{refused}");
    let path = balancer.path("admin.sock");
    let lacking = open(path.to_str().unwrap(), instance.name(), inside()).level().unwrap_err();
    assert!(lacking.to_string().ends_with("there is no `socat` in it"), "{lacking}");
    let nowhere = open(&format!("{bridge}:9100"), "nowhere", inside()).level().unwrap_err();
    assert_eq!(nowhere.kind(), Kind::Lost);
    assert!(nowhere.to_string().contains("not found"), "{nowhere}");
}
