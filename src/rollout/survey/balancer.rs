//! What HAProxy says of the servers.

use std::collections::BTreeSet;

use super::{Finding, Survey, Surveyor};
use crate::Result;
use crate::haproxy::{Level, Server, advice};
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
        for socket in &view.sockets {
            let mut cookies = BTreeSet::new();
            for pool in &self.fleet.pools {
                for instance in &pool.instances {
                    let Some(target) = survey.targets.get(instance).cloned() else { continue };
                    self.servers(pool, &target, socket, survey);
                    cookies.extend(socket.servers(&target).into_iter().filter_map(|server| server.cookie.clone()));
                }
            }
            self.drain_map(socket, &cookies, survey);
        }
        Ok(())
    }

    /// Whether every backend of the pool holds the instance, at its address, and gives it its full share.
    fn servers(&self, pool: &Pool, target: &Target, socket: &SocketView, survey: &mut Survey) {
        let (name, instance) = (&socket.name, &target.name);
        let servers = socket.servers(target);
        for backend in &pool.backends {
            if servers.iter().any(|server| server.name.backend == *backend) {
                continue;
            }
            let known = socket.snapshot.servers.iter().map(|server| server.name.backend.as_str());
            let is_known = known.clone().any(|known| known == backend);
            let finding = if is_known {
                let text = format!("backend `{backend}` of `{name}` has no server for `{instance}`");
                let at = target.addresses.first().map_or_else(|| "its address".to_owned(), ToString::to_string);
                Finding::invalid(text).hint(format!("a server is found by the name `{instance}`, or at {at}"))
            } else {
                let finding = Finding::invalid(format!("`{name}` has no backend `{backend}`"));
                match crate::diagnostic::nearest(backend, known) {
                    Some(near) => finding.hint(format!("did you mean `{near}`?")),
                    None => finding,
                }
            };
            survey.find(finding);
        }
        for server in servers {
            self.server(server, target, name, survey);
        }
    }

    fn server(&self, server: &Server, target: &Target, socket: &str, survey: &mut Survey) {
        let (name, instance) = (&server.name, &target.name);
        if let Some((address, _)) = server.address
            && !target.addresses.is_empty()
            && !target.addresses.contains(&address)
        {
            let own: Vec<_> = target.addresses.iter().map(ToString::to_string).collect();
            let own = own.join(", ");
            let text = format!("server `{name}` of `{socket}` is at {address}, and `{instance}` at {own}");
            survey.find(Finding::refused(text));
        }
        if self.resumes || server.is_available() {
            return;
        }
        let throttled = server.throttle.map(|percent| format!(", throttled to {percent} %")).unwrap_or_default();
        let text =
            format!("server `{name}` of `{socket}` is {}{throttled}, and not UP with its full share", server.status);
        survey.find(Finding::refused(text).hint(match server.throttle {
            Some(_) => "wait until its slow start is over".to_owned(),
            None => format!("`set server {name} state ready`, if somebody has taken it out"),
        }));
    }

    /// Whether a drain keeps clients away who bear the server's cookie.
    fn drain_map(&self, socket: &SocketView, cookies: &BTreeSet<String>, survey: &mut Survey) {
        let name = &socket.name;
        match &socket.draining {
            None if cookies.is_empty() => {}
            None if self.allow_sticky_race => survey.notes.push(format!(
                "`{name}` has no drain map: clients with a cookie keep coming to an instance until it is in maintenance, \
                 and some of their requests may fail"
            )),
            None => {
                let text = format!("`{name}` has no drain map, and clients with a cookie would keep coming to an instance that is drained");
                let path = self.fleet.balancer.drain_map.clone().unwrap_or_else(|| format!("/etc/haproxy/{DRAIN_MAP}"));
                survey.find(Finding::refused(text).hint(advice::drain_map("SERVERID", &path)).hint(
                    "`--allow-sticky-race` goes on without it: requests may fail",
                ));
            }
            Some(draining) => {
                for stale in draining.intersection(cookies).filter(|_| !self.resumes) {
                    let text = format!("the drain map of `{name}` holds `{stale}` already: its clients are sent elsewhere");
                    let hint = "somebody else may be draining it; else remove the entry with `del map PATH KEY` on the socket";
                    survey.find(Finding::refused(text).hint(hint));
                }
            }
        }
    }
}
