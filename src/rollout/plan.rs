//! What a rollout will do, as a value: `--dry-run` prints it, and the run executes it.

use serde::Serialize;

use super::candidate::Candidate;
use super::event::Step;
use super::fleet::{Fleet, Pool};
use super::instance::Containers;
use super::journal::Kind;
use super::receipt::{Release, seconds};
use super::survey::{Purpose, Survey};
use crate::incus::{Instance, InstanceName};

/// Steps of an instance that is swapped, in their order.
const STEPS: [Step; 11] = [
    Step::Stage,
    Step::Drain,
    Step::Maintenance,
    Step::Stop,
    Step::Swap,
    Step::Carry,
    Step::Start,
    Step::Health,
    Step::Ready,
    Step::Settle,
    Step::Commit,
];
/// Seconds that staging, stopping, swapping and starting take beside what the pace asks for, as a rule.
const WORK: f64 = 15.0;

/// What will be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// A rollout or a rollback.
    pub kind: Kind,
    /// The image that is brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Release>,
    /// Whether it is imported first.
    pub imports: bool,
    /// The pools, one after another.
    pub pools: Vec<PoolPlan>,
    /// What is worth knowing before.
    pub notes: Vec<String>,
}

/// What will be done to a pool.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolPlan {
    /// Its name.
    pub pool: String,
    /// Instances that must get their full share while another is out.
    pub min_available: usize,
    /// Its instances, one after another.
    pub instances: Vec<InstancePlan>,
}

/// What will be done to an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstancePlan {
    /// Its name.
    pub instance: String,
    /// What it runs.
    pub from: Release,
    /// What it will run.
    pub to: Release,
    /// What is done; nothing where it runs that already.
    pub steps: Vec<Step>,
    /// How long it takes, as a rule, in seconds: without requests that take long.
    pub estimate: f64,
}

impl Plan {
    /// The plan for a fleet as it was found.
    pub fn new(fleet: &Fleet, survey: &Survey, purpose: Purpose<'_>) -> Self {
        let pools = fleet.pools.iter().map(|pool| pool_plan(pool, survey, purpose)).collect();
        let mut notes = survey.notes.clone();
        for pool in fleet.pools.iter().filter(|pool| pool.min_available == 0 && !pool.is_balancer()) {
            notes.push(format!("pool `{}` has `min-available = 0`: its service may be away during a swap", pool.name));
        }
        let (kind, image, imports) = match purpose {
            Purpose::Rollout(candidate) => (Kind::Rollout, Some(candidate.release()), candidate.file.is_some()),
            Purpose::Rollback => (Kind::Rollback, None, false),
        };
        Self { kind, image, imports, pools, notes }
    }

    /// Whether every instance runs already what it is to run.
    pub fn is_empty(&self) -> bool {
        self.pools.iter().flat_map(|pool| &pool.instances).all(|instance| instance.steps.is_empty())
    }

    /// How long all of it takes, as a rule, in seconds.
    pub fn estimate(&self) -> f64 {
        self.pools.iter().flat_map(|pool| &pool.instances).map(|instance| instance.estimate).sum()
    }
}

fn pool_plan(pool: &Pool, survey: &Survey, purpose: Purpose<'_>) -> PoolPlan {
    let plan = |instance: &InstanceName| {
        let containers = survey.containers.get(instance);
        let live = containers.and_then(|containers| containers.live.as_ref());
        let from = live.map(release_of).unwrap_or_default();
        let to = match purpose {
            Purpose::Rollout(candidate) => rollout_to(candidate, &from),
            Purpose::Rollback => containers.and_then(|containers| rollback_to(pool, survey, containers)),
        };
        let steps = if to.is_some() { STEPS.to_vec() } else { Vec::new() };
        let estimate = if to.is_some() { WORK + seconds(pool.pace.healthy_for) } else { 0.0 };
        InstancePlan { instance: instance.to_string(), to: to.unwrap_or_else(|| from.clone()), from, steps, estimate }
    };
    PoolPlan {
        pool: pool.name.to_string(),
        min_available: pool.min_available,
        instances: pool.instances.iter().map(plan).collect(),
    }
}

fn rollout_to(candidate: &Candidate, from: &Release) -> Option<Release> {
    let to = candidate.release();
    (to.fingerprint != from.fingerprint).then_some(to)
}

/// A rollback takes back the newest operation of the pool, and what that did not touch stays.
fn rollback_to(pool: &Pool, survey: &Survey, containers: &Containers) -> Option<Release> {
    survey.is_of_newest(pool, containers).then(|| containers.prev.as_ref().map(release_of))?
}

/// What a container was made of.
pub fn release_of(container: &Instance) -> Release {
    Release {
        release: container.property("vezaimg.release").unwrap_or_default().to_owned(),
        fingerprint: container.image().map(|image| image.to_string()).unwrap_or_default(),
    }
}
