//! What of a fleet may go: containers from before, what swaps left beside them, and images that nothing needs.
//!
//! The [plan](Pruning) is a value: `--dry-run` prints it, and a [run](Pruner::run) removes what is in it and looks at
//! each thing again before.

mod containers;
mod images;
mod run;

use std::collections::BTreeSet;

use serde::Serialize;

use super::census::Family;
use super::fleet::Fleet;
use super::instance::Names;
use super::receipt::Release;
use crate::incus::{Fingerprint, Image, Instance, InstanceName};

pub use run::{Freed, Pruned, Pruner};

/// What is to go, or is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruning {
    /// Containers, those of each instance together.
    pub containers: Vec<OldContainer>,
    /// Images of the store.
    pub images: Vec<OldImage>,
    /// What stays although one might want it gone, and why.
    pub stays: Vec<Stays>,
}

/// A container that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OldContainer {
    /// Its name.
    #[serde(serialize_with = "as_text")]
    pub container: InstanceName,
    /// The instance that it was.
    #[serde(serialize_with = "as_text")]
    pub instance: InstanceName,
    /// What it holds.
    #[serde(flatten)]
    pub release: Release,
    /// Its snapshots, which go with it.
    pub snapshots: usize,
    /// When it was created: by this and its name it is known again.
    pub created: jiff::Timestamp,
}

/// An image that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OldImage {
    /// By which Incus knows it.
    #[serde(serialize_with = "as_text")]
    pub fingerprint: Fingerprint,
    /// `vezaimg.release`.
    pub release: String,
    /// The size of its file in bytes.
    pub size: u64,
}

/// Something that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// What.
    pub what: String,
    /// Why, in one sentence.
    pub why: String,
}

/// What there is, and what the fleet needs of it.
pub(super) struct Stock<'a> {
    /// The pools that are meant.
    pub(super) fleet: &'a Fleet,
    /// Containers from before that stay of each instance.
    pub(super) keep: usize,
    /// Every instance of the project.
    pub(super) instances: &'a [Instance],
    /// Every image of the project.
    pub(super) images: &'a [Image],
    /// Images that an unfinished operation of another pool brings.
    pub(super) awaited: &'a BTreeSet<Fingerprint>,
}

impl Stock<'_> {
    /// What is to go.
    pub(super) fn plan(&self) -> Pruning {
        let mut plan = Pruning::default();
        let families = self.families();
        let live: BTreeSet<_> = families.iter().map(|family| &family.containers.names.live).collect();
        for family in &families {
            containers::choose(family, self.keep, &live, &mut plan);
        }
        images::choose(self, &families, &mut plan);
        plan
    }

    fn families(&self) -> Vec<Family> {
        let instances = self.fleet.pools.iter().flat_map(|pool| &pool.instances);
        instances.filter_map(|instance| Some(Family::among(self.instances, &Names::of(instance)?))).collect()
    }
}

impl Pruning {
    /// Whether nothing is to go.
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.images.is_empty()
    }

    fn stays(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.stays.push(Stays { what: what.into(), why: why.into() });
    }
}

fn as_text<S: serde::Serializer>(value: &impl std::fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
