//! Whether a drill may begin: everything that is in the way is told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::revive::revive;
use super::runner::{Drill, Event};
use super::step::{Seen, Step};
use crate::haproxy::{Admin, Server};
use crate::incus::{Instance, InstanceName};
use crate::rollout::balance::{Target, View};
use crate::rollout::contract::Contract;
use crate::rollout::instance::{Containers, Names, marks};
use crate::rollout::probe::Probe;
use crate::rollout::survey::{
    Finding, absent, not_running, out_of_place, unfit, verdict, without_full_share, without_server,
};
use crate::{Error, Result};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// A pool as it was found.
pub(super) struct Ground {
    /// How to find each instance's servers.
    pub(super) targets: BTreeMap<InstanceName, Target>,
    /// The containers, as they run.
    live: BTreeMap<InstanceName, Instance>,
    /// Those that an earlier drill had left stopped.
    revived: BTreeSet<InstanceName>,
}

impl Ground {
    /// Looks at the pool's containers, and starts those that an earlier drill has left stopped.
    ///
    /// # Errors
    /// One is not there, does not run, or could not be stopped and started; or Incus cannot be asked.
    pub(super) fn find(drill: &Drill<'_>, instance: &InstanceName) -> Result<Self> {
        let mut ground = Self { targets: BTreeMap::new(), live: BTreeMap::new(), revived: BTreeSet::new() };
        let mut findings = Vec::new();
        for name in &drill.pool.instances {
            // The fleet file was checked: its names leave room for those beside them.
            let Some(names) = Names::of(name) else { continue };
            let containers = Containers::look(drill.client, &names)?;
            let Some(live) = &containers.live else {
                findings.push(absent(drill.client, drill.pool, &containers)?);
                continue;
            };
            if live.config.contains_key(marks::DRILL) {
                (drill.audience)(&Event::Note(format!("an earlier drill was cut off: `{name}` is started first")));
                revive(drill.client, name, true)?;
                ground.revived.insert(name.clone());
            } else {
                findings.extend(not_running(live));
            }
            findings.extend(unfit(live).filter(|_| name == instance));
            ground.targets.insert(name.clone(), Target { name: name.clone(), addresses: containers.addresses() });
            ground.live.insert(name.clone(), live.clone());
        }
        verdict(findings).map(|()| ground)
    }

    /// The path at which the service tells that it is healthy, as the image says.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn health_path(&self, instance: &InstanceName) -> Result<String> {
        let contract = self.live.get(instance).and_then(|live| Contract::of_container(live).ok());
        contract.and_then(|contract| contract.health).map(|health| health.path).ok_or_else(|| {
            Error::invalid(format!(
                "the image of `{instance}` names no health check, and clients have to ask for something"
            ))
            .hint("`--health-path PATH` names what the service answers with 200")
        })
    }

    /// Waits until every server of the pool is UP with its full share, past its slow start.
    ///
    /// # Errors
    /// One is kept from it by something else, or for too long: refused. HAProxy cannot be asked, or somebody interrupts.
    pub(super) fn ready(&self, drill: &Drill<'_>) -> Result<Seen> {
        let begun = Instant::now();
        loop {
            let view = drill.balance.observe()?;
            let missing = self.missing(drill, &view);
            let Some((Finding { text, .. }, _)) = missing.first() else {
                let (count, sockets) = (self.targets.len(), view.sockets.len());
                let sockets = if sockets == 1 { "1 socket".to_owned() } else { format!("{sockets} sockets") };
                return Ok(Seen::good(format!("{count} instances UP on {sockets}")));
            };
            drill.progress(Step::Ready, text);
            let settles = missing.iter().all(|(_, settles)| *settles);
            if !settles || begun.elapsed() >= Step::Ready.limit() {
                verdict(missing.into_iter().map(|(finding, _)| finding).collect())?;
            }
            drill.interrupted()?;
            sleep(PAUSE);
        }
    }

    /// What keeps servers from their full share, and whether that passes by itself.
    fn missing(&self, drill: &Drill<'_>, view: &View) -> Vec<(Finding, bool)> {
        let mut missing = Vec::new();
        for socket in &view.sockets {
            for target in self.targets.values() {
                missing.extend(self.boots(drill, target).map(|finding| (finding, true)));
                let for_good = |finding| (finding, false);
                missing.extend(without_server(drill.pool, target, socket).into_iter().map(for_good));
                for server in socket.servers(target) {
                    missing.extend(out_of_place(server, target, &socket.name).into_iter().map(for_good));
                    missing.extend(unchecked(server, &socket.name).map(for_good));
                    if !server.is_available() {
                        let settles = settles(server) || self.revived.contains(&target.name);
                        missing.push((without_full_share(server, &socket.name), settles));
                    }
                }
            }
        }
        missing
    }

    /// HAProxy may not have noticed yet that a container was stopped which was started again.
    fn boots(&self, drill: &Drill<'_>, target: &Target) -> Option<Finding> {
        if !self.revived.contains(&target.name) {
            return None;
        }
        let live = drill.client.instance(&target.name).ok().flatten();
        let is_well =
            live.is_some_and(|live| matches!(Probe::is_well(drill.client, &live, &target.addresses), Ok(true)));
        let text = || format!("`{}` was started, and is not healthy yet", target.name);
        (!is_well).then(|| Finding::refused(text()))
    }
}

/// Whether nothing would tell HAProxy that it is away.
fn unchecked(server: &Server, socket: &str) -> Option<Finding> {
    let Server { name, check, agent, track, .. } = server;
    (check.is_none() && track.is_none() && !agent).then(|| {
        Finding::refused(format!("nothing checks server `{name}` of `{socket}`: it would never be found DOWN"))
            .hint("`check` on its line of haproxy.cfg has it checked")
    })
}

/// Whether it is in slow start.
fn settles(server: &Server) -> bool {
    server.admin == Admin::Ready && server.is_up() && server.weight > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::haproxy::{Operation, ServerName};
    use crate::rollout::census::fixtures::server;

    #[test]
    fn a_server_settles_while_it_is_in_slow_start_and_in_no_other_way() {
        let slow = Server { operation: Operation::Starting, throttle: Some(7), ..server("api", "a", "10.0.0.1") };
        assert!(settles(&slow));
        for other in [
            Server { operation: Operation::Stopped, ..slow.clone() },
            Server { admin: Admin::Drain, ..slow.clone() },
            Server { weight: 0, ..slow },
        ] {
            assert!(!settles(&other), "{other:?}");
        }
    }

    #[test]
    fn a_server_is_checked_by_itself_by_an_agent_or_along_with_another() {
        let alone = server("api", "a", "10.0.0.1");
        let told = "nothing checks server `api/a` of `tcp:a:1`: it would never be found DOWN";
        assert_eq!(unchecked(&alone, "tcp:a:1").map(|finding| finding.text).as_deref(), Some(told));
        let track = ServerName::new("ws", "a");
        for checked in [Server { agent: true, ..alone.clone() }, Server { track, ..alone }] {
            assert_eq!(unchecked(&checked, "tcp:a:1"), None);
        }
    }
}
