//! Which of an instance's containers may go.

use std::collections::BTreeSet;

use super::{OldContainer, Pruning};
use crate::incus::{Instance, InstanceName, Status};
use crate::rollout::census::{Family, state};
use crate::rollout::instance::marks;
use crate::rollout::plan::release_of;

/// An instance that Incus itself is told not to delete.
const PROTECTED: &str = "security.protection.delete";

/// Puts those that may go into the plan: all from before but the newest `keep`, and what was left beside. `live` are the
/// names of the fleet's own instances.
pub(super) fn choose(family: &Family, keep: usize, live: &BTreeSet<&InstanceName>, plan: &mut Pruning) {
    let instance = &family.containers.names.live;
    let candidates: Vec<_> = family.kept().chain(&family.containers.next).collect();
    if family.containers.live.is_none() {
        for container in candidates {
            plan.stays(
                container.name.as_str(),
                format!("there is no `{instance}`: this may be all that is left of it"),
            );
        }
        return;
    }
    let mut kept = 0;
    for container in candidates {
        if !marks::belongs_to(container, instance) || live.contains(&container.name) {
            plan.stays(container.name.as_str(), "it was not made by vezaimg");
            continue;
        }
        let is_next = container.name == family.containers.names.next;
        if !is_next && kept < keep {
            kept += 1;
            continue;
        }
        match obstacle(container) {
            Some(why) => plan.stays(container.name.as_str(), why),
            None => plan.containers.push(OldContainer {
                container: container.name.clone(),
                instance: instance.clone(),
                release: release_of(container),
                // Counted once it is known what goes.
                snapshots: 0,
                created: container.created_at,
            }),
        }
    }
}

/// Why a container may not go now.
fn obstacle(container: &Instance) -> Option<String> {
    if container.status != Status::Stopped {
        return Some(format!("it is {}", state(&container.status)));
    }
    let value = container.expanded_config.get(PROTECTED).or_else(|| container.config.get(PROTECTED))?;
    // What Incus takes for true: `IsTrue` of its `shared/util`.
    let is_set = ["true", "1", "yes", "on"].iter().any(|word| value.eq_ignore_ascii_case(word));
    is_set.then(|| format!("`{PROTECTED}` is set on it"))
}

impl OldContainer {
    /// Whether what bears the name now is still the container of the plan, and may still go.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self, now: &Instance) -> Result<(), String> {
        if now.created_at != self.created || !marks::belongs_to(now, &self.instance) {
            return Err("it is another one meanwhile".to_owned());
        }
        obstacle(now).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::instance::Names;
    use crate::rollout::instance::tests::container;

    fn old(name: &str) -> Instance {
        let mut old = container(name);
        old.status = Status::Stopped;
        old.config.insert(marks::INSTANCE.to_owned(), "api".to_owned());
        old
    }

    fn plan(all: &[Instance], keep: usize) -> (Vec<String>, Vec<(String, String)>) {
        let api = InstanceName::parse("api").unwrap();
        let mut plan = Pruning::default();
        choose(&Family::among(all, &Names::of(&api).unwrap()), keep, &BTreeSet::from([&api]), &mut plan);
        let goes = plan.containers.iter().map(|container| container.container.to_string()).collect();
        (goes, plan.stays.into_iter().map(|stays| (stays.what, stays.why)).collect())
    }

    fn goes(all: &[Instance], keep: usize) -> Vec<String> {
        plan(all, keep).0
    }

    #[test]
    fn the_newest_stay_and_what_was_left_beside_goes() {
        let names = ["api-next", "api-prev", "api-prev-2", "api-prev-3", "other"];
        let all: Vec<_> = names.map(old).into_iter().chain([container("api")]).collect();
        assert_eq!(goes(&all, 0), ["api-prev", "api-prev-3", "api-prev-2", "api-next"]);
        assert_eq!(goes(&all, 1), ["api-prev-3", "api-prev-2", "api-next"]);
        assert_eq!(goes(&all, 2), ["api-prev-2", "api-next"]);
        assert_eq!(goes(&all, 9), ["api-next"]);
    }

    #[test]
    fn nothing_of_an_instance_that_is_gone_goes() {
        let (goes, stays) = plan(&[old("api-prev"), old("api-prev-2")], 0);
        let why = "there is no `api`: this may be all that is left of it".to_owned();
        assert_eq!(goes, [""; 0]);
        assert_eq!(stays, [("api-prev".to_owned(), why.clone()), ("api-prev-2".to_owned(), why)]);
    }

    #[test]
    fn what_is_not_ours_runs_or_is_protected_stays() {
        let mut running = old("api-prev-4");
        running.status = Status::Frozen;
        let mut protected = old("api-prev-3");
        protected.expanded_config.insert(PROTECTED.to_owned(), "True".to_owned());
        let mut foreign = old("api-prev");
        foreign.config.insert(marks::INSTANCE.to_owned(), "web".to_owned());
        let mut unprotected = old("api-prev-2");
        unprotected.expanded_config.insert(PROTECTED.to_owned(), "false".to_owned());
        let all = [container("api"), running, protected, foreign, unprotected];
        let stays = [
            ("api-prev", "it was not made by vezaimg"),
            ("api-prev-4", "it is frozen"),
            ("api-prev-3", "`security.protection.delete` is set on it"),
        ];
        let stays = stays.map(|(what, why)| (what.to_owned(), why.to_owned())).to_vec();
        assert_eq!(plan(&all, 0), (vec!["api-prev-2".to_owned()], stays));
        // What is not ours is no way back either: it does not count.
        assert_eq!(goes(&all, 1), ["api-prev-2"]);
    }

    #[test]
    fn a_container_is_looked_at_again_before_it_goes() {
        let planned = |container: &Instance| OldContainer {
            container: container.name.clone(),
            instance: InstanceName::parse("api").unwrap(),
            release: release_of(container),
            snapshots: 0,
            created: container.created_at,
        };
        let prev = old("api-prev");
        let plan = planned(&prev);
        assert_eq!(plan.check(&prev), Ok(()));
        let started = Instance { status: Status::Running, ..prev.clone() };
        assert_eq!(plan.check(&started), Err("it is running".to_owned()));
        let other = Instance { created_at: jiff::Timestamp::MAX, ..prev };
        assert_eq!(plan.check(&other), Err("it is another one meanwhile".to_owned()));
        assert_eq!(plan.check(&container("api-prev")), Err("it is another one meanwhile".to_owned()));
    }
}
