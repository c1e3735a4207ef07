//! What the machine is told, read anew from Incus and HAProxy.

use std::time::Instant;

use super::{Runner, Trouble, Work};
use crate::incus::{Instance, Status};
use crate::rollout::balance::{Peers, View};
use crate::rollout::instance::Containers;
use crate::rollout::probe::{BOOT, Probe, Reach};
use crate::rollout::swap::{Body, Goal, Seen};

/// What was seen, and what it was read from.
pub(super) struct Look {
    pub(super) seen: Seen,
    pub(super) containers: Containers,
    pub(super) view: View,
}

impl Runner<'_> {
    pub(super) fn look(&self, work: &mut Work<'_>) -> Result<Look, Trouble> {
        let containers = Containers::look(self.client, &work.names)?;
        let view = self.balance.observe()?;
        if let Some((socket, backend)) = view.without_server(self.pool, &work.target) {
            let text = format!("backend `{backend}` of `{socket}` has no server for `{}`", work.instance);
            return Err(Trouble::Lost(text));
        }
        let sides = containers.sides(self.journal.kind, &self.journal.id);
        let body = |side: Option<&Instance>, is_incoming| {
            side.map(|container| containers.body(container, &self.journal.id, is_incoming))
        };
        let (incoming, outgoing) = (body(sides.incoming, true), body(sides.outgoing, false));
        let forward = *work.swap.goal() == Goal::Forward;
        let (entering, leaving) = if forward { (incoming, outgoing) } else { (outgoing, incoming) };
        let who = if forward { sides.incoming } else { sides.outgoing };
        let asked = who.filter(|who| who.status == Status::Running && who.name == work.names.live);
        let vitals = match asked {
            Some(container) => {
                let reach = match work.reach {
                    Some(reach) => reach,
                    None if self.client.is_local() => self.here(work),
                    None => Reach::Inside,
                };
                work.reach = Some(reach);
                let boots = work.started.is_some_and(|started| started.elapsed() < BOOT);
                work.probe.vitals(&container.name, reach, boots)?
            }
            None => None,
        };
        let processes = view.processes();
        if work.processes.as_ref().is_some_and(|before| *before != processes) {
            work.reloaded = Some(Instant::now());
        }
        work.processes = Some(processes);
        work.watch.count(view.counters(self.targets.values()));
        let peers = match self.pool.is_balancer() {
            true => Peers { available: self.other_balancers(work, leaving)?, another_is_out: false },
            false => view.peers(self.pool, self.targets, work.instance),
        };
        let seen = Seen {
            now: work.began.elapsed(),
            entering,
            leaving,
            rotation: view.rotation(&work.target),
            peers: peers.available,
            another_is_out: peers.another_is_out,
            was_reloaded: work.reloaded.is_some_and(|at| at.elapsed() < self.pool.pace.drain),
            vitals,
            interrupted: self.interrupt.is_requested(),
        };
        Ok(Look { seen, containers, view })
    }

    /// The balancers of the pool that answer, beside the one that leaves: nobody else counts them. Once it has stopped, this
    /// is asked no more.
    fn other_balancers(&self, work: &Work<'_>, leaving: Option<Body>) -> Result<usize, Trouble> {
        let is_asked = leaving.is_some_and(|leaving| leaving.is_live && leaving.is_running);
        let mut available = 0;
        for target in self.targets.values().filter(|target| is_asked && target.name != *work.instance) {
            let Some(other) = self.client.instance(&target.name)? else { continue };
            available += usize::from(Probe::is_well(self.client, &other, &target.addresses)?);
        }
        Ok(available)
    }

    /// The daemon is on this machine, and with it, as a rule, the bridge of its containers; where a peer does not answer
    /// at its address either, the health check is asked from inside.
    fn here(&self, work: &Work<'_>) -> Reach {
        let Some(address) = work.target.addresses.first() else { return Reach::Inside };
        let peers = self.targets.values().filter(|target| target.name != *work.instance);
        let peers: Vec<_> = peers.flat_map(|target| target.addresses.clone()).collect();
        match peers.is_empty() || matches!(work.probe.reach(&peers), Reach::Here(_)) {
            true => Reach::Here(*address),
            false => Reach::Inside,
        }
    }
}
