//! Which packages meet a relation.

use std::collections::{BTreeSet, HashMap};

use crate::debian::index::{Index, Name, Provided, Record, Target};

/// An index with its virtual packages. Packages go by their places among the index's records.
#[derive(Debug)]
pub(super) struct Offers<'i> {
    pub(super) index: &'i Index,
    providers: HashMap<Name, Vec<(usize, &'i Provided)>>,
}

impl<'i> Offers<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        let mut providers: HashMap<_, Vec<_>> = HashMap::new();
        for (at, record) in index.records().iter().enumerate() {
            for provided in &record.provides {
                providers.entry(provided.name).or_default().push((at, provided));
            }
        }
        Self { index, providers }
    }

    pub(super) fn record(&self, at: usize) -> &'i Record {
        &self.index.records()[at]
    }

    /// Every package that meets a relation by its name or by what it provides. A version is met by a provider only if
    /// it says which version it provides.
    pub(super) fn meeting<'s>(&'s self, target: &'s Target) -> impl Iterator<Item = usize> + 's {
        let constraint = target.constraint.as_deref();
        let fits = move |at: &usize| constraint.is_none_or(|meant| meant.holds(&self.record(*at).package.version));
        let real = self.index.real(target.name).filter(fits);
        let provides = move |provided: &Provided| {
            constraint.is_none_or(|meant| provided.version.as_ref().is_some_and(|version| meant.holds(version)))
        };
        let providers = self.providers.get(&target.name).into_iter().flatten();
        real.into_iter().chain(providers.filter(move |(_, provided)| provides(provided)).map(|(at, _)| *at))
    }

    /// Every package that a Conflicts or Breaks of the package `of` is against: never itself.
    pub(super) fn refused<'s>(&'s self, of: usize, target: &'s Target) -> impl Iterator<Item = usize> + 's {
        self.meeting(target).filter(move |at| *at != of)
    }

    /// The groups of alternatives that a package needs.
    pub(super) fn groups(&self, of: usize) -> impl Iterator<Item = &'i [Target]> + use<'i> {
        self.record(of).needs.split_inclusive(|target| !target.or)
    }

    /// The names of the packages that provide a virtual one, sorted.
    pub(super) fn providers_of(&self, name: &str) -> BTreeSet<&'i str> {
        let providers = self.index.name(name).and_then(|name| self.providers.get(&name));
        providers.into_iter().flatten().map(|(at, _)| self.record(*at).package.name.as_str()).collect()
    }
}
