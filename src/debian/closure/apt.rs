//! apt's own way of choosing, for a system that has nothing installed.
//!
//! After `pkgDepCache::MarkInstall` of apt 2.6 and what it calls. Its order matters to the result, and so do its
//! shortcuts: what is wanted is marked first and *protected*, a dependency that only one package can meet passes the
//! protection on, and a package that could not be marked is never tried again. What apt does after that for lists that
//! do not resolve, its problem resolver, has no counterpart: such a list is an error here.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::offers::Offers;
use crate::debian::index::Target;

/// How far one package may bring the next. apt stops at 3,000; Debian's deepest chains have some hundreds.
const DEEPEST: usize = 1_000;

/// The packages chosen. Packages go by their places among the index's records.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// It is chosen.
    chosen: bool,
    /// Nothing but its protector may change whether it is.
    protected: bool,
    /// It can no longer be chosen.
    discarded: bool,
    /// It was named to be left out: a dependency that it could meet is waived.
    left_out: bool,
}

/// Whoever asks for a package.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// The list.
    List,
    /// Another package.
    Package,
}

impl Choice {
    /// Chooses for a list, in its order.
    pub(super) fn make(offers: &Offers<'_>, wanted: &[usize], without: &BTreeSet<usize>) -> Self {
        let mut states = vec![State::default(); offers.index.len()];
        for at in without {
            states[*at] = State { discarded: true, left_out: true, ..State::default() };
        }
        let mut marker = Marker { offers, states };
        for at in wanted {
            marker.states[*at].protected = true;
            marker.mark(*at, Asker::List);
        }
        for at in wanted {
            marker.install(*at, 0, Asker::List);
        }
        marker.sweep(wanted);
        Self { states: marker.states }
    }

    pub(super) fn has(&self, at: usize) -> bool {
        self.states[at].chosen
    }

    /// Every package chosen.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.states.iter().enumerate().filter(|(_, state)| state.chosen).map(|(at, _)| at)
    }
}

struct Marker<'o, 'i> {
    offers: &'o Offers<'i>,
    states: Vec<State>,
}

impl Marker<'_, '_> {
    /// Marks one package alone.
    fn mark(&mut self, at: usize, asker: Asker) -> bool {
        let state = &mut self.states[at];
        if !state.chosen && ((asker == Asker::Package && state.protected) || state.discarded) {
            return false;
        }
        state.chosen = true;
        true
    }

    /// Marks a package and whatever it needs: `MarkInstall` with automatic installation.
    fn install(&mut self, at: usize, depth: usize, asker: Asker) -> bool {
        let state = self.states[at];
        if depth > DEEPEST || (asker == Asker::Package && state.protected && !state.chosen) || state.discarded {
            return false;
        }
        if state.chosen && !state.protected && !self.is_broken(at) {
            return true;
        }
        if !self.can_be_met(at) {
            if !state.protected {
                self.discard(at);
            }
            return false;
        }
        let passes_on = state.protected;
        let gives_up = !passes_on && asker == Asker::Package;
        if asker == Asker::List {
            self.states[at].chosen = true;
        }
        // Which dependencies are open is settled before anything is changed.
        let offers = self.offers;
        let open: Vec<_> =
            offers.groups(at).filter(|group| !self.is_waived(group) && (passes_on || !self.is_met(group))).collect();
        let cleared = self.clear_way(at, passes_on, asker);
        if !cleared && gives_up {
            return false;
        }
        self.states[at].chosen = true;
        self.states[at].protected = true;
        let mut met = true;
        for group in open {
            met &= self.meet(group, depth, passes_on);
            if !met && gives_up {
                break;
            }
        }
        self.states[at].protected = passes_on;
        if !met && gives_up {
            self.states[at].chosen = false;
            self.discard(at);
            return false;
        }
        cleared && met
    }

    /// Sees to it that one group of alternatives is met.
    fn meet(&mut self, group: &[Target], depth: usize, passes_on: bool) -> bool {
        if self.is_met(group) {
            return !passes_on || self.protect_only(group, depth);
        }
        let solutions = self.solutions(group);
        let only = solutions.len() == 1;
        solutions.into_iter().any(|at| {
            // An earlier alternative may have changed what can be chosen.
            if self.states[at].discarded {
                return false;
            }
            if passes_on && only {
                if !self.mark(at, Asker::Package) {
                    return false;
                }
                self.states[at].protected = true;
            }
            self.install(at, depth + 1, Asker::Package)
        })
    }

    /// Passes the protection on to the one package that meets a group, if it is only one.
    fn protect_only(&mut self, group: &[Target], depth: usize) -> bool {
        let solutions: BTreeSet<_> =
            group.iter().flat_map(|target| self.candidates(target)).filter(|at| self.may_come(*at)).collect();
        match (solutions.first(), solutions.len()) {
            (Some(at), 1) if !self.states[*at].protected => {
                self.states[*at].protected = true;
                self.install(*at, depth + 1, Asker::Package)
            }
            _ => true,
        }
    }

    /// Takes back or rules out what a package conflicts with or breaks.
    fn clear_way(&mut self, at: usize, passes_on: bool, asker: Asker) -> bool {
        let mut cleared = true;
        for target in &self.offers.record(at).refuses {
            let mut refused: Vec<_> =
                self.offers.refused(at, target).filter(|other| !self.states[*other].discarded).collect();
            if !passes_on && !refused.iter().any(|other| self.states[*other].chosen) {
                continue;
            }
            self.sort(&mut refused, target);
            for other in refused {
                let state = &mut self.states[other];
                if state.chosen && state.protected {
                    cleared = false;
                    if !passes_on && asker == Asker::Package {
                        return false;
                    }
                    continue;
                }
                state.chosen = false;
                if passes_on {
                    // Ruled out for good: nothing else may bring it.
                    (state.discarded, state.protected) = (true, true);
                }
            }
        }
        cleared
    }

    fn discard(&mut self, at: usize) {
        self.states[at].discarded = true;
    }

    /// What meets a group, in the order in which it is to be tried.
    fn solutions(&self, group: &[Target]) -> Vec<usize> {
        let mut all = Vec::new();
        for target in group {
            let mut solutions: Vec<_> = self.candidates(target).collect();
            self.sort(&mut solutions, target);
            all.extend(solutions);
        }
        all.dedup();
        all.retain(|at| self.may_come(*at));
        all
    }

    /// By what apt prefers, `CompareProviders`: the package of that very name, then essential and important ones, then
    /// those of the higher priority, and at last the one that the indices mention later.
    fn sort(&self, solutions: &mut [usize], target: &Target) {
        solutions.sort_by_key(|at| {
            let record = self.offers.record(*at);
            let preferred =
                (self.states[*at].protected, record.name == target.name, record.essential, record.important);
            (Reverse(preferred), record.priority, Reverse(record.name))
        });
    }

    fn candidates<'s>(&'s self, target: &'s Target) -> impl Iterator<Item = usize> + 's {
        self.offers.meeting(target).filter(|at| !self.states[*at].discarded)
    }

    /// Whether nothing forbids choosing it.
    fn may_come(&self, at: usize) -> bool {
        self.states[at].chosen || !self.states[at].protected
    }

    /// Whether a group is met by what is chosen.
    fn is_met(&self, group: &[Target]) -> bool {
        self.meeting(group).any(|state| state.chosen)
    }

    /// Whether a package that is left out could meet a group.
    fn is_waived(&self, group: &[Target]) -> bool {
        self.meeting(group).any(|state| state.left_out)
    }

    fn meeting<'s>(&'s self, group: &'s [Target]) -> impl Iterator<Item = State> + 's {
        group.iter().flat_map(|target| self.offers.meeting(target)).map(|at| self.states[at])
    }

    /// Whether each of a package's dependencies could still be met, or is waived.
    fn can_be_met(&self, at: usize) -> bool {
        self.offers
            .groups(at)
            .all(|group| self.meeting(group).any(|state| state.chosen || !state.discarded || state.left_out))
    }

    /// Whether a chosen package lacks something, or refuses something that is chosen.
    fn is_broken(&self, at: usize) -> bool {
        let mut refuses = self.offers.record(at).refuses.iter();
        self.offers.groups(at).any(|group| !self.is_met(group) && !self.is_waived(group))
            || refuses.any(|target| self.offers.refused(at, target).any(|other| self.states[other].chosen))
    }

    /// Takes back what was chosen for the sake of a package that was given up.
    fn sweep(&mut self, wanted: &[usize]) {
        let mut reached = vec![false; self.states.len()];
        let essential = |at: &usize| self.states[*at].chosen && self.offers.record(*at).essential;
        let mut ahead: Vec<_> = wanted.iter().copied().chain((0..reached.len()).filter(essential)).collect();
        while let Some(at) = ahead.pop() {
            if !self.states[at].chosen || std::mem::replace(&mut reached[at], true) {
                continue;
            }
            let targets = self.offers.groups(at).flatten();
            ahead.extend(targets.flat_map(|target| self.offers.meeting(target).collect::<Vec<_>>()));
        }
        self.states.iter_mut().zip(reached).for_each(|(state, reached)| state.chosen &= reached);
    }
}
