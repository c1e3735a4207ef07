//! How a service does: its systemd unit, and what its health check answers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ureq::Agent;

use super::contract::Contract;
use super::swap::{UnitState, Vitals};
use crate::incus::{self, Client, Instance, InstanceName, Status};
use crate::layout::Health;
use crate::rootfs::escaped;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The exit code of a command that is not there.
const NO_COMMAND: i32 = 127;
/// How long a command in the container may take.
const COMMAND: Duration = Duration::from_secs(15);
/// How long `systemctl` may take. In a container that boots it may never answer.
const SYSTEMCTL: Duration = Duration::from_secs(3);
/// How long a container boots, as a rule: an unhealthy one is not asked for its unit before.
pub const BOOT: Duration = Duration::from_secs(3);
/// Lines of the journal that tell why a service failed.
const JOURNAL_LINES: &str = "30";
/// The most that is shown of them, in bytes.
const LONGEST_EVIDENCE: usize = 16 << 10;

/// The health check from inside the container: bash's own TCP, for no client of HTTP may be there.
const ASK: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3 && IFS= read -r -t 3 line <&3 && printf '%s' "$line""#;

/// From where the health check is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// From this machine, at the address that HAProxy uses.
    Here(IpAddr),
    /// From inside the container, since this machine has no way to it.
    Inside,
}

/// Asks about one service.
#[derive(Clone, Debug)]
pub struct Probe {
    client: Client,
    contract: Contract,
    agent: Agent,
}

impl Probe {
    /// A probe of the service that the contract describes.
    pub fn new(client: &Client, contract: &Contract) -> Self {
        let agent = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        Self { client: client.clone(), contract: contract.clone(), agent }
    }

    /// How the service in a running container does, which `boots` still or was started long ago.
    ///
    /// # Errors
    /// Incus cannot be asked. A container that is too young to run commands has no vitals, which is no error.
    pub fn vitals(&self, container: &InstanceName, reach: Reach, boots: bool) -> incus::Result<Option<Vitals>> {
        if boots && reach == Reach::Inside {
            return Ok(None);
        }
        let health = match &self.contract.health {
            None => None,
            Some(health) => Some(self.health(container, health, reach)?),
        };
        let unit = match &self.contract.unit {
            None => None,
            Some(_) if boots && health != Some(Ok(())) => Some(UnitState::Starting),
            Some(unit) => Some(self.unit(container, unit)?),
        };
        Ok(Some(Vitals { unit, health }))
    }

    /// Whether nothing speaks against the service in a container that runs for longer, by what its own image says.
    ///
    /// # Errors
    /// Incus cannot be asked.
    pub fn is_well(client: &Client, container: &Instance, addresses: &[IpAddr]) -> incus::Result<bool> {
        if container.status != Status::Running {
            return Ok(false);
        }
        let probe = Self::new(client, &Contract::of_container(container).unwrap_or_default());
        let reach = if client.is_local() { probe.reach(addresses) } else { Reach::Inside };
        Ok(probe.vitals(&container.name, reach, false)?.is_some_and(|vitals| vitals.is_well()))
    }

    /// Where the health check can be asked from.
    pub fn reach(&self, addresses: &[IpAddr]) -> Reach {
        let port = self.contract.health.as_ref().map_or(0, |health| health.port);
        let open = |address: &&IpAddr| {
            std::net::TcpStream::connect_timeout(&SocketAddr::new(**address, port), Duration::from_secs(1)).is_ok()
        };
        addresses.iter().find(open).map_or(Reach::Inside, |address| Reach::Here(*address))
    }

    /// What a person needs to see why the service failed: the unit's state and the end of its journal.
    pub fn evidence(&self, container: &InstanceName) -> Vec<String> {
        let Some(unit) = &self.contract.unit else { return Vec::new() };
        let commands: [&[&str]; 2] = [
            &["systemctl", "--no-pager", "--full", "--lines=0", "status", unit],
            &["journalctl", "--no-pager", "--output=short-iso", "--lines", JOURNAL_LINES, "--unit", unit],
        ];
        let output = |command: &&[&str]| self.client.exec(container, command, COMMAND).ok();
        let text: Vec<u8> = commands.iter().filter_map(output).flat_map(|output| output.stdout).collect();
        let end = &text[text.len().saturating_sub(LONGEST_EVIDENCE)..];
        end.split(|byte| *byte == b'\n').map(escaped).filter(|line| !line.trim().is_empty()).collect()
    }

    fn unit(&self, container: &InstanceName, unit: &str) -> incus::Result<UnitState> {
        let properties = "--property=LoadState,ActiveState,SubState,NRestarts,Result";
        let output = match self.client.exec(container, &["systemctl", "show", properties, unit], SYSTEMCTL) {
            Ok(output) => output,
            Err(failure) if failure.kind() == incus::Kind::Lost => return Err(failure),
            // It stops just now, or is too young.
            Err(_) => return Ok(UnitState::Unknown),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        Ok((output.code == 0).then(|| unit_state(&text)).flatten().unwrap_or(UnitState::Unknown))
    }

    fn health(&self, container: &InstanceName, health: &Health, reach: Reach) -> incus::Result<Result<(), String>> {
        let (port, path) = (health.port, &health.path);
        let status = match reach {
            Reach::Here(address) => {
                let url = format!("http://{}{path}", SocketAddr::new(address, port));
                match self.agent.get(url).call() {
                    Ok(response) => Ok(response.status().as_u16()),
                    // Without ureq's word before it.
                    Err(ureq::Error::Io(error)) => Err(escaped(error.to_string().as_bytes())),
                    Err(error) => Err(escaped(error.to_string().as_bytes())),
                }
            }
            Reach::Inside => {
                let command = ["bash", "-c", ASK, "vezaimg", &port.to_string(), path];
                match self.client.exec(container, &command, COMMAND) {
                    Ok(output) if output.code == NO_COMMAND => Err("there is no `bash` in the container".to_owned()),
                    Ok(output) => status_line(&output.stdout).ok_or_else(|| "no HTTP answer".to_owned()),
                    Err(failure) if failure.kind() == incus::Kind::Lost => return Err(failure),
                    Err(failure) => Err(failure.to_string()),
                }
            }
        };
        Ok(match status {
            Ok(200) => Ok(()),
            Ok(other) => Err(format!("`GET :{port}{path}` answers {other}")),
            Err(error) => Err(format!("`GET :{port}{path}` is not answered: {error}")),
        })
    }
}

/// What `systemctl show` says of a unit.
fn unit_state(text: &str) -> Option<UnitState> {
    let property = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let word = |key: &str| property(key).map(|value| escaped(value.as_bytes())).unwrap_or_default();
    let restarts = property("NRestarts").and_then(|count| count.parse().ok()).unwrap_or(0);
    Some(match (property("LoadState")?, property("ActiveState")?) {
        ("loaded", "active" | "reloading") => UnitState::Active { restarts },
        ("loaded", "failed") => UnitState::Dead(format!("failed ({})", word("Result"))),
        ("loaded", "activating") if restarts > 0 || word("SubState") == "auto-restart" => UnitState::Restarting,
        // Not reached yet by the boot, or about to be.
        ("loaded", _) => UnitState::Starting,
        (load, _) => UnitState::Dead(escaped(load.as_bytes())),
    })
}

/// The status of `HTTP/1.1 200 OK`.
fn status_line(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer).ok()?;
    text.strip_prefix("HTTP/1.")?.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_starting_until_it_is_active_or_dead() {
        let state = |load, active, restarts: u32| {
            let text = format!("Result=exit-code\nNRestarts={restarts}\nLoadState={load}\nActiveState={active}\n");
            unit_state(&text)
        };
        assert_eq!(state("loaded", "active", 2), Some(UnitState::Active { restarts: 2 }));
        assert_eq!(state("loaded", "inactive", 0), Some(UnitState::Starting));
        assert_eq!(state("loaded", "activating", 0), Some(UnitState::Starting));
        assert_eq!(state("loaded", "activating", 1), Some(UnitState::Restarting));
        let before_the_first = "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nNRestarts=0\n";
        assert_eq!(unit_state(before_the_first), Some(UnitState::Restarting));
        assert_eq!(state("loaded", "failed", 0), Some(UnitState::Dead("failed (exit-code)".to_owned())));
        assert_eq!(state("not-found", "inactive", 0), Some(UnitState::Dead("not-found".to_owned())));
        assert_eq!(unit_state("Failed to connect to bus"), None);
    }

    #[test]
    fn a_status_line_is_read_strictly() {
        assert_eq!(status_line(b"HTTP/1.1 200 OK\r"), Some(200));
        assert_eq!(status_line(b"HTTP/1.0 503 Service Unavailable"), Some(503));
        for answer in [&b""[..], b"200", b"HTTP/2 200", b"SSH-2.0-OpenSSH", b"\xff"] {
            assert_eq!(status_line(answer), None);
        }
    }
}
