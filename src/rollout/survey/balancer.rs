//! What HAProxy says of the servers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Survey, Surveyor};
use crate::Result;
use crate::haproxy::{Admin, Level, Server, advice};
use crate::rollout::balance::{Balance, DRAIN_MAP, SocketView, Target};
use crate::rollout::fleet::Pool;

impl Surveyor<'_> {
    pub(super) fn balancer(&self, balance: &mut Balance, survey: &mut Survey) -> Result<()> {
        let mut is_reached = true;
        for socket in balance.sockets() {
            match socket.level() {
                Ok(Level::Admin) => {}
                Ok(level) => {
                    let address = socket.address();
                    let is = if level == Level::User { "user" } else { "operator" };
                    let text = format!("`{address}` lets us in at level {is}, and a rollout takes level admin");
                    survey.find(Finding::refused(text).hint(advice::admin()));
                    is_reached &= level >= Level::Operator;
                }
                Err(failure) => {
                    let error = crate::Error::from(failure);
                    survey.find(Finding::from(&error));
                    is_reached = false;
                }
            }
        }
        if !is_reached {
            return Ok(());
        }
        balance.find_maps(self.fleet.balancer.drain_map.as_deref())?;
        let view = balance.observe()?;
        for (door, socket) in balance.sockets().zip(&view.sockets) {
            // Values of cookies, each with the backend that gives it out; and those that nobody may have noted yet.
            let (mut sticky, mut fresh) = (BTreeSet::new(), BTreeSet::new());
            for pool in &self.fleet.pools {
                for instance in &pool.instances {
                    let Some(target) = survey.targets.get(instance).cloned() else { continue };
                    self.servers(pool, &target, socket, survey);
                    let servers = socket.servers(&target).into_iter();
                    for (cookie, backend) in
                        servers.filter_map(|server| Some((server.cookie.as_deref()?, server.name.backend.as_str())))
                    {
                        sticky.insert((cookie, backend));
                        if !self.resumes(pool) {
                            fresh.insert(cookie);
                        }
                    }
                }
            }
            match &socket.draining {
                None if sticky.is_empty() => {}
                None => self.no_drain_map(
                    &socket.name,
                    &door.cookies()?,
                    sticky.iter().map(|(_, backend)| *backend).collect(),
                    survey,
                ),
                Some(draining) => {
                    let stale = fresh.iter().filter(|cookie| draining.contains(**cookie));
                    stale.for_each(|cookie| survey.find(stale_entry(&socket.name, cookie)));
                }
            }
        }
        Ok(())
    }

    /// Whether every backend of the pool holds the instance, at its address, and gives it its full share.
    fn servers(&self, pool: &Pool, target: &Target, socket: &SocketView, survey: &mut Survey) {
        without_server(pool, target, socket).into_iter().for_each(|finding| survey.find(finding));
        for server in socket.servers(target) {
            out_of_place(server, target, &socket.name).into_iter().for_each(|finding| survey.find(finding));
            if !(self.resumes(pool) || server.is_available()) {
                survey.find(without_full_share(server, &socket.name));
            }
        }
    }

    /// Nothing keeps clients away who bear a server's cookie.
    fn no_drain_map(
        &self,
        name: &str,
        cookies: &BTreeMap<String, String>,
        backends: BTreeSet<&str>,
        survey: &mut Survey,
    ) {
        if self.allow_sticky_race {
            survey.notes.push(format!(
                "`{name}` has no drain map: clients with a cookie keep coming to an instance until it is in maintenance, \
                 and some of their requests may fail"
            ));
            return;
        }
        let text = format!(
            "`{name}` has no drain map, and clients with a cookie would keep coming to an instance that is drained"
        );
        let path = self.fleet.balancer.drain_map.clone().unwrap_or_else(|| format!("/etc/haproxy/{DRAIN_MAP}"));
        let line = |backend: &str| advice::map(backend, cookies.get(backend).map_or("SERVERID", String::as_str), &path);
        let finding = backends.into_iter().fold(Finding::refused(text), |finding, backend| finding.hint(line(backend)));
        survey.find(finding.hint("`--allow-sticky-race` goes on without it: requests may fail"));
    }
}

/// The backends of the pool in which a socket shows no server of the instance.
pub(crate) fn without_server(pool: &Pool, target: &Target, socket: &SocketView) -> Vec<Finding> {
    let (name, instance) = (&socket.name, &target.name);
    let servers = socket.servers(target);
    let is_missing = |backend: &&String| !servers.iter().any(|server| server.name.backend == **backend);
    let missing = |backend: &String| {
        let known = socket.snapshot.servers.iter().map(|server| server.name.backend.as_str());
        let is_known = known.clone().any(|known| known == backend);
        if is_known {
            let text = format!("backend `{backend}` of `{name}` has no server for `{instance}`");
            let at = target.addresses.first().map_or_else(|| "its address".to_owned(), ToString::to_string);
            return Finding::invalid(text).hint(format!("a server is found by the name `{instance}`, or at {at}"));
        }
        let finding = Finding::invalid(format!("`{name}` has no backend `{backend}`"));
        match crate::diagnostic::nearest(backend, known) {
            Some(near) => finding.hint(format!("did you mean the backend `{near}`?")),
            None => finding,
        }
    };
    pool.backends.iter().filter(is_missing).map(missing).collect()
}

/// Whether a server is somewhere else than the instance, or nobody would notice that it is away.
pub(crate) fn out_of_place(server: &Server, target: &Target, socket: &str) -> Vec<Finding> {
    let (name, instance) = (&server.name, &target.name);
    let mut findings = Vec::new();
    if let Some((address, _)) = server.address
        && !target.addresses.is_empty()
        && !target.addresses.contains(&address)
    {
        let own: Vec<_> = target.addresses.iter().map(ToString::to_string).collect();
        let own = own.join(", ");
        let text = format!("server `{name}` of `{socket}` is at {address}, and `{instance}` at {own}");
        findings.push(Finding::refused(text));
    }
    if server.check.as_ref().is_some_and(|check| !check.enabled) {
        let text = format!("the health check of server `{name}` of `{socket}` was switched off");
        findings.push(Finding::refused(text).hint(format!("`enable health {name}` on the socket")));
    }
    findings
}

fn stale_entry(socket: &str, cookie: &str) -> Finding {
    let text = format!("the drain map of `{socket}` holds `{cookie}` already: its clients are sent elsewhere");
    let hint =
        format!("somebody else may be draining it; else `del map PATH {cookie}` on the socket takes the entry out");
    Finding::refused(text).hint(hint)
}

/// Why a server does not get its full share, and what may be done about it.
pub(crate) fn without_full_share(server: &Server, socket: &str) -> Finding {
    let name = &server.name;
    let (text, hint) = match (server.admin, &server.check, server.throttle) {
        (Admin::Drain | Admin::Maint, ..) => (
            format!("is {}", server.status),
            format!("`set server {name} state ready` on the socket, if nobody wants it out any more"),
        ),
        (Admin::Ready, _, Some(percent)) if percent < 100 => (
            format!("is {}, throttled to {percent} %", server.status),
            format!("wait until the slow start of `{name}` is over"),
        ),
        (Admin::Ready, ..) if server.is_up() && server.weight == 0 => (
            "has the weight 0".to_owned(),
            format!("`set weight {name} 100%` on the socket gives it back what its configuration says"),
        ),
        (Admin::Ready, Some(check), _) => {
            let said = format!("{} {}", check.status, check.description);
            (format!("is {}", server.status), format!("the last check of `{name}` said `{}`", said.trim()))
        }
        (Admin::Ready, None, _) => (format!("is {}", server.status), format!("nothing checks `{name}`")),
    };
    Finding::refused(format!("server `{name}` of `{socket}` {text}, and not UP with its full share")).hint(hint)
}
