//! Removes what a plan says, under the pools' locks.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::images::{obstacle, used};
use super::{OldContainer, OldImage, Pruning, Stock};
use crate::incus::{self, Client, Fingerprint, Instance, InstanceName, Kind};
use crate::interrupt::Interrupt;
use crate::rollout::census::{called, shown, unfinished};
use crate::rollout::fleet::{Fleet, PoolName};
use crate::rollout::instance::{Names, marks};
use crate::rollout::journal::Journal;
use crate::rollout::keep;
use crate::rollout::lock::{self, Lock};
use crate::rollout::receipt::Release;
use crate::{Error, Result};

/// The subcommand, as the locks tell it.
const VERB: &str = "prune";

/// Who prunes.
pub struct Pruner<'a> {
    /// Incus.
    pub client: &'a Client,
    /// The pools that are meant.
    pub fleet: &'a Fleet,
    /// All pools of the fleet file: what they await stays.
    pub everyone: &'a Fleet,
    /// Containers from before that stay of each instance.
    pub keep: usize,
    /// Who can stop it.
    pub interrupt: &'a Interrupt,
}

/// What was removed.
#[derive(Debug)]
pub struct Pruned {
    /// What is gone, and what stays.
    pub gone: Pruning,
    /// By how much each storage pool of the fleet is less full than before.
    pub freed: Vec<Freed>,
    /// What could not be removed, each in a sentence.
    pub failures: Vec<String>,
    /// Why it stopped before the end.
    pub stopped: Option<Error>,
}

/// What a storage pool has back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freed {
    /// The storage pool.
    pub pool: String,
    /// Bytes; what others write meanwhile is in it.
    pub bytes: u64,
}

impl Pruner<'_> {
    /// What would be removed. No lock is taken.
    ///
    /// # Errors
    /// Incus cannot be asked.
    pub fn plan(&self) -> Result<Pruning> {
        let instances = self.client.instances()?;
        let stock = Stock {
            fleet: self.fleet,
            keep: self.keep,
            instances: &instances,
            images: &self.client.images()?,
            awaited: &self.awaited()?,
        };
        let mut plan = stock.plan();
        for old in &mut plan.containers {
            old.snapshots = self.client.snapshots(&old.container)?;
        }
        self.volumes(&instances, &mut plan)?;
        Ok(plan)
    }

    /// Whether the locks would let it run now.
    ///
    /// # Errors
    /// Refused: somebody works on a pool, or has left something unfinished.
    pub fn is_free(&self) -> Result<()> {
        for pool in &self.fleet.pools {
            let Some(held) = lock::look(self.client, &pool.name)? else { continue };
            if let Some(refusal) = held.refusal(&pool.name) {
                return Err(refusal);
            }
            if let Some(journal) = &held.journal {
                return Err(self.unfinished(&pool.name, journal));
            }
        }
        Ok(())
    }

    /// Removes it.
    ///
    /// # Errors
    /// Nothing was removed: somebody has a lock, an operation is unfinished, or Incus cannot be asked.
    pub fn run(&self) -> Result<Pruned> {
        let mut locks = Vec::new();
        let outcome = self.take(&mut locks).and_then(|()| Ok(self.remove(&locks, self.plan()?)));
        for lock in locks {
            // Without a journal of ours it is deleted; one that was found stays. What became of the pruning is what counts:
            // a lock that cannot be deleted expires.
            let _ = lock.suspend();
        }
        outcome
    }

    fn take(&self, locks: &mut Vec<Lock>) -> Result<()> {
        for pool in &self.fleet.pools {
            let lock = Lock::take(self.client, &pool.name, VERB)?;
            let unfinished = lock.journal().map(|journal| self.unfinished(&pool.name, journal));
            locks.push(lock);
            if let Some(error) = unfinished {
                return Err(error);
            }
        }
        Ok(())
    }

    fn unfinished(&self, pool: &PoolName, journal: &Journal) -> Error {
        unfinished(journal, self.fleet, pool, "may need what would be removed")
    }

    /// What unfinished operations bring, in whichever pool.
    fn awaited(&self) -> Result<BTreeSet<Fingerprint>> {
        let mut awaited = BTreeSet::new();
        for pool in &self.everyone.pools {
            let journal = lock::look(self.client, &pool.name)?.and_then(|held| held.journal);
            awaited.extend(journal.and_then(|journal| Fingerprint::parse(journal.image.as_deref()?)));
        }
        Ok(awaited)
    }

    fn remove(&self, locks: &[Lock], plan: Pruning) -> Pruned {
        let before = self.usage();
        let gone = Pruning { stays: plan.stays, ..Pruning::default() };
        let mut pruned = Pruned { gone, freed: Vec::new(), failures: Vec::new(), stopped: None };
        pruned.stopped = self.each(locks, plan.containers, plan.images, &mut pruned).err();
        let after = self.usage();
        let freed = |(pool, before): (String, u64)| {
            let bytes = before.saturating_sub(*after.get(&pool)?);
            (bytes > 0).then_some(Freed { pool, bytes })
        };
        pruned.freed = before.into_iter().filter_map(freed).collect();
        pruned
    }

    fn each(
        &self,
        locks: &[Lock],
        containers: Vec<OldContainer>,
        images: Vec<OldImage>,
        pruned: &mut Pruned,
    ) -> Result<()> {
        for old in containers {
            self.go_on(locks)?;
            match self.container(&old) {
                Ok(()) => pruned.gone.containers.push(old),
                Err(why) => pruned.failures.push(why),
            }
        }
        if images.is_empty() {
            return Ok(());
        }
        // What was made of them meanwhile, or could not be removed, needs them.
        let used = used(self.client.instances()?.iter());
        for old in images {
            self.go_on(locks)?;
            match self.image(&old, &used) {
                Ok(()) => pruned.gone.images.push(old),
                Err(why) => pruned.failures.push(why),
            }
        }
        Ok(())
    }

    /// Whether the next thing may be removed.
    fn go_on(&self, locks: &[Lock]) -> Result<()> {
        if self.interrupt.is_requested() {
            return Err(Error::interrupted("interrupted; what was not removed is as it was")
                .hint("the same command removes the rest"));
        }
        locks.iter().try_for_each(Lock::check)
    }

    fn container(&self, old: &OldContainer) -> Result<(), String> {
        let name = &old.container;
        let now = self.client.instance(name).map_err(|failure| failure.to_string())?;
        let Some(now) = now else { return Ok(()) };
        old.check(&now).map_err(|why| format!("`{name}` stays: {why}"))?;
        is_gone(self.client.delete_instance(name))
    }

    fn image(&self, old: &OldImage, used: &BTreeSet<Fingerprint>) -> Result<(), String> {
        let (release, fingerprint) = (old.release.clone(), old.fingerprint.to_string());
        let stays = |why: &str| {
            let release = called(&Release { release: release.clone(), fingerprint: fingerprint.clone() });
            Err(format!("image {release} ({}) stays: {why}", old.fingerprint.short()))
        };
        if used.contains(&old.fingerprint) {
            return stays("an instance was made of it");
        }
        let now = self.client.image(old.fingerprint.as_str()).map_err(|failure| failure.to_string())?;
        match now.as_ref().and_then(obstacle) {
            Some(why) => stays(&why),
            None => is_gone(self.client.delete_image(&old.fingerprint)),
        }
    }

    /// Tells of the volumes of ours that nothing will mount any more.
    fn volumes(&self, instances: &[Instance], plan: &mut Pruning) -> Result<()> {
        let names: BTreeSet<_> =
            self.fleet.pools.iter().flat_map(|pool| &pool.instances).map(InstanceName::as_str).collect();
        for pool in self.storage(instances) {
            for volume in keep::visible(self.client, &pool)? {
                let owner = volume.config.get(marks::INSTANCE).filter(|owner| names.contains(owner.as_str()));
                let goes = |user: &String| {
                    let name = user.rsplit('/').next().and_then(|name| name.split('?').next());
                    plan.containers.iter().any(|old| name == Some(old.container.as_str()))
                };
                if let Some(owner) = owner.filter(|_| volume.used_by.iter().all(goes)) {
                    let what = format!("volume {} of storage pool `{}`", shown(&volume.name), shown(&pool));
                    plan.stays(
                        what,
                        format!("what it keeps of `{owner}` may be the only copy, though nothing mounts it"),
                    );
                }
            }
        }
        Ok(())
    }

    /// The storage pools of the fleet's containers.
    fn storage(&self, instances: &[Instance]) -> BTreeSet<String> {
        let of_fleet = |instance: &&Instance| {
            let mut members = self.fleet.pools.iter().flat_map(|pool| &pool.instances).filter_map(Names::of);
            members.any(|names| {
                [&names.live, &names.next, &names.prev].contains(&&instance.name)
                    || names.shelf(&instance.name).is_some()
            })
        };
        instances.iter().filter(of_fleet).filter_map(Instance::root_pool).map(str::to_owned).collect()
    }

    /// How full the fleet's storage pools are; nothing of those that do not say.
    fn usage(&self) -> BTreeMap<String, u64> {
        let pools = self.client.instances().map(|instances| self.storage(&instances)).unwrap_or_default();
        pools.into_iter().filter_map(|pool| Some((pool.clone(), self.client.pool(&pool).ok()?.used))).collect()
    }
}

/// What is not there any more need not be removed.
fn is_gone(deleted: incus::Result<()>) -> Result<(), String> {
    match deleted {
        Err(failure) if failure.kind() != Kind::NotFound => Err(failure.to_string()),
        _ => Ok(()),
    }
}
