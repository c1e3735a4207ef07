//! What Incus says of the instances.

use super::{Finding, Purpose, Survey, Surveyor};
use crate::Result;
use crate::error::Class;
use crate::incus::{Client, Device, Instance, InstanceKind, Status};
use crate::rollout::candidate::Candidate;
use crate::rollout::census::shown;
use crate::rollout::contract::Kept;
use crate::rollout::fleet::Pool;
use crate::rollout::instance::{Containers, marks};
use crate::rollout::keep::{self, Way};
use crate::ui::Bytes;

/// How much larger an image is once it is unpacked, at most, as far as is known of those that are compressed well.
const UNPACKED: u64 = 5;

impl Surveyor<'_> {
    pub(super) fn instances(&self, pool: &Pool, survey: &mut Survey) -> Result<()> {
        let resumes = self.resumes(pool);
        let mut wanted_space: Vec<(String, u64)> = Vec::new();
        for instance in &pool.instances {
            let Some(containers) = survey.containers.get(instance).cloned() else { continue };
            let Some(live) = &containers.live else {
                if !resumes {
                    survey.find(absent(self.client, pool, &containers)?);
                }
                continue;
            };
            let kinds = survey.findings.len();
            self.kind(pool, live, survey);
            if survey.findings.len() > kinds || !self.is_taken(pool, instance, survey) {
                continue;
            }
            if let Purpose::Rollout(candidate) = self.purpose {
                self.image(candidate, live, survey)?;
            }
            self.beside(pool, &containers, survey);
            // What another run has detached, this one attaches again.
            if !(resumes && live.config.contains_key(marks::DETACHED)) {
                self.network(live, survey);
            }
            let copied = match !resumes && live.status == Status::Running {
                true => self.kept(pool, live, &containers, survey)?,
                false => 0,
            };
            // Of what was begun a part is unpacked already, and it must be ended in any case.
            let root = live.root_pool().filter(|_| !resumes);
            if let (Purpose::Rollout(candidate), Some(root)) = (self.purpose, root) {
                let size = candidate.size.saturating_mul(UNPACKED).saturating_add(copied);
                match wanted_space.iter_mut().find(|(pool, _)| pool == root) {
                    Some((_, wanted)) => *wanted = wanted.saturating_add(size),
                    None => wanted_space.push((root.to_owned(), size)),
                }
            }
        }
        for (name, wanted) in wanted_space {
            let storage = self.client.pool(&name)?;
            let free = storage.total.saturating_sub(storage.used);
            if storage.total > 0 && free < wanted {
                let (free, wanted) = (Bytes(free), Bytes(wanted));
                let text = format!("storage pool `{name}` has {free} left, and the new containers may take {wanted}");
                survey.find(Finding::refused(text).hint("`vezaimg prune` removes containers and images from before"));
            }
        }
        Ok(())
    }

    fn kind(&self, pool: &Pool, live: &Instance, survey: &mut Survey) {
        let at_rest = || (!self.resumes(pool)).then(|| not_running(live)).flatten();
        unfit(live).or_else(at_rest).into_iter().for_each(|finding| survey.find(finding));
    }

    /// Whether the image is one for this instance.
    fn image(&self, candidate: &Candidate, live: &Instance, survey: &mut Survey) -> Result<()> {
        let (name, reference) = (&live.name, &candidate.reference);
        if candidate.architecture != live.architecture {
            let (image, runs) = (shown(&candidate.architecture), shown(&live.architecture));
            survey.find(Finding::invalid(format!("`{reference}` is for {image}, and `{name}` runs on {runs}")));
        }
        match live.property("vezaimg.layout") {
            Some(layout) if layout == candidate.contract.layout => {}
            Some(layout) => {
                let image = match candidate.contract.is_ours() {
                    true => format!("an image of layout `{}`", candidate.contract.layout),
                    false => "no image of vezaimg's".to_owned(),
                };
                let text = format!("`{reference}` is {image}, and `{name}` runs layout `{}`", shown(layout));
                survey.find(Finding::invalid(text));
            }
            None => survey.notes.push(format!(
                "`{name}` was not made from an image of vezaimg's: what it holds beside the kept paths stays in `{name}-prev`"
            )),
        }
        let prev = format!("`{name}-prev`");
        match self.client.snapshots(name)? {
            0 => {}
            1 => survey.notes.push(format!("`{name}` has a snapshot: it stays with {prev}")),
            count => survey.notes.push(format!("`{name}` has {count} snapshots: they stay with {prev}")),
        }
        Ok(())
    }

    /// Whether the names beside the instance's are free, or its own.
    fn beside(&self, pool: &Pool, containers: &Containers, survey: &mut Survey) {
        let names = &containers.names;
        for (container, name) in [(&containers.next, &names.next), (&containers.prev, &names.prev)] {
            let Some(container) = container else { continue };
            if !marks::belongs_to(container, &names.live) {
                let text = format!("`{name}` is there, and was not made by vezaimg");
                survey.find(Finding::refused(text).hint(format!("`incus rename {name} OTHER` makes room")));
            } else if container.status != Status::Stopped && !self.resumes(pool) {
                let text = format!("`{name}` is running, and is to be stopped");
                survey.find(Finding::refused(text).hint(format!("`incus stop {name}`")));
            }
        }
        // Where a rollback is done already, nothing of it is left beside the instance; and a rollout that stopped has not
        // touched all of them.
        let is_touched = survey.is_of_newest(pool, containers);
        if let (Purpose::Rollback, None, false) = (self.purpose, &containers.prev, self.resumes(pool))
            && is_touched
        {
            let text = format!("`{}` has no container from before: there is no `{}`", names.live, names.prev);
            survey.find(Finding::refused(text));
        }
    }

    /// Whether the new container will be found at the address of the old one.
    fn network(&self, live: &Instance, survey: &mut Survey) {
        let name = &live.name;
        let mut nics = live.nics().peekable();
        if nics.peek().is_none() {
            survey.find(Finding::refused(format!("`{name}` has no network interface")));
        }
        for (device, nic) in nics {
            let has = |key: &str| nic.contains_key(key);
            let is_fixed =
                ["ipv4.address", "ipv6.address"].iter().any(|key| nic.get(*key).is_some_and(|it| it != "none"));
            if !has("network") {
                survey.notes.push(format!(
                    "`{device}` of `{name}` is on no network of Incus's: the new container keeps its MAC address, and \
                     whoever gives out addresses there must give it the same one"
                ));
            } else if !is_fixed {
                survey.find(self.dynamic(live, device, nic));
            }
        }
    }

    fn dynamic(&self, live: &Instance, device: &str, nic: &Device) -> Finding {
        let name = &live.name;
        let network = nic.get("network").map(String::as_str).unwrap_or_default();
        let text = format!(
            "`{name}` has a dynamic address on `{network}`: a new container may get another, and HAProxy would not find it"
        );
        let address = self.client.state(name).ok().and_then(|state| state.ipv4());
        let address = address.map_or_else(|| "ADDRESS".to_owned(), |ip| ip.to_string());
        let verb = if live.devices.contains_key(device) { "set" } else { "override" };
        Finding::refused(text)
            .hint(format!("`incus config device {verb} {name} {device} ipv4.address={address}` makes it its own"))
    }

    /// Whether what is kept can be; and how much of it will be copied to volumes, in bytes.
    fn kept(&self, pool: &Pool, live: &Instance, containers: &Containers, survey: &mut Survey) -> Result<u64> {
        // No operation has begun that could have brought one of them.
        let kept = self.purpose.contract(containers, "").keep;
        let ways = match keep::ways(self.client, live, &kept, pool.keep_volumes) {
            Ok(ways) => ways,
            Err(error) => {
                survey.find(Finding::from(&error));
                return Ok(0);
            }
        };
        let copied = |(_, way): &(Kept, Way)| match way {
            Way::Volume(volume) if !keep::is_whole(live, volume) => {
                keep::size(self.client, &live.name, &volume.path.to_string())
            }
            _ => 0,
        };
        let copied = ways.iter().map(copied).fold(0, u64::saturating_add);
        let carried = |(kept, way): (Kept, Way)| matches!(way, Way::Carry).then_some(kept.path);
        let paths: Vec<_> = ways.into_iter().filter_map(carried).collect();
        match keep::check(self.client, &live.name, &paths) {
            // It could not be looked at, which says nothing about what is there.
            Err(error) if error.class() == Class::Failed => return Err(error),
            Err(error) => survey.find(Finding::from(&error)),
            Ok(_) => {}
        }
        Ok(copied)
    }
}

/// There is no such instance.
///
/// # Errors
/// Incus cannot be asked.
pub(crate) fn absent(client: &Client, pool: &Pool, containers: &Containers) -> Result<Finding> {
    let name = &containers.names.live;
    let project = client.project();
    let text = format!("pool `{}`: there is no instance `{name}` in project `{project}`", pool.name);
    let all = client.instances()?;
    let near = crate::diagnostic::nearest(name.as_str(), all.iter().map(|instance| instance.name.as_str()));
    Ok(match near {
        _ if containers.prev.is_some() => {
            let prev = &containers.names.prev;
            let hint = format!("`{prev}` is there: `incus rename {prev} {name}` brings it back");
            Finding::invalid(text).hint(hint)
        }
        Some(near) => Finding::invalid(text).hint(format!("did you mean the instance `{near}`?")),
        None => Finding::invalid(text).hint("`incus list` shows those that there are"),
    })
}

/// Whether an instance is none that can be stopped and will then still be there.
pub(crate) fn unfit(live: &Instance) -> Option<Finding> {
    let name = &live.name;
    if live.kind == InstanceKind::VirtualMachine {
        return Some(Finding::invalid(format!("`{name}` is a virtual machine, and only containers are rolled")));
    }
    live.ephemeral.then(|| {
        let hint = format!("`incus config set {name} --property ephemeral=false` makes it last");
        Finding::invalid(format!("`{name}` is ephemeral: it would be gone as soon as it is stopped")).hint(hint)
    })
}

/// Whether an instance does not run.
pub(crate) fn not_running(live: &Instance) -> Option<Finding> {
    let name = &live.name;
    let verb = match &live.status {
        Status::Running => return None,
        Status::Frozen => "resume",
        _ => "start",
    };
    let text = format!("`{name}` is {}, and must be running", live.status.to_string().to_lowercase());
    let finding = Finding::refused(text).hint(format!("`incus {verb} {name}`"));
    Some(match live.config.contains_key(marks::DRILL) {
        true => finding.hint("a drill has stopped it and was cut off: `vezaimg drill` starts it again"),
        false => finding,
    })
}
