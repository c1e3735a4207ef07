//! Why a list of packages does not resolve, told from the list down to the dependency that fails.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::apt::Choice;
use super::offers::Offers;
use crate::debian::index::Target;

/// A choice, looked at for what it lacks.
pub(super) struct Trouble<'a> {
    offers: &'a Offers<'a>,
    choice: &'a Choice,
    without: &'a BTreeSet<usize>,
    /// Of each package that the list brings, the one that brings it; none for the list's own.
    brought_by: HashMap<usize, Option<usize>>,
}

/// A dependency that fails, below a package that needs it.
struct DeadEnd<'a> {
    /// The packages on the way down that were not chosen.
    way: Vec<usize>,
    /// The dependency, or the last package's quarrel.
    what: What<'a>,
}

enum What<'a> {
    /// Nothing meets the group.
    Unmet(&'a [Target]),
    /// The last package and a chosen one refuse each other.
    Refused(Quarrel<'a>),
    /// Each of those that meet the group was given up.
    GivenUp(&'a [Target]),
}

/// That one package is against another.
#[derive(Clone, Copy)]
struct Quarrel<'a> {
    of: usize,
    verb: &'static str,
    target: &'a Target,
    with: usize,
}

impl<'a> Trouble<'a> {
    pub(super) fn new(
        offers: &'a Offers<'a>,
        choice: &'a Choice,
        wanted: &[usize],
        without: &'a BTreeSet<usize>,
    ) -> Self {
        let mut brought_by: HashMap<_, _> = wanted.iter().map(|at| (*at, None)).collect();
        let mut ahead: VecDeque<_> = wanted.iter().copied().collect();
        while let Some(at) = ahead.pop_front() {
            for next in offers.groups(at).flatten().flat_map(|target| offers.meeting(target)) {
                if choice.has(next) && !brought_by.contains_key(&next) {
                    brought_by.insert(next, Some(at));
                    ahead.push_back(next);
                }
            }
        }
        Self { offers, choice, without, brought_by }
    }

    /// Every reason, in the order of the names of the packages that they are about. None if the choice is sound.
    pub(super) fn reasons(&self) -> Vec<String> {
        let mut chosen: Vec<_> = self.choice.all().collect();
        chosen.sort_by_key(|at| self.name(*at));
        let unmet = |at: &usize| self.unmet(*at).map(|group| self.explain(*at, group)).collect::<Vec<_>>();
        let mut reasons: Vec<_> = chosen.iter().flat_map(unmet).collect();
        for at in &chosen {
            reasons.extend(self.quarrels(*at).filter(|quarrel| self.choice.has(quarrel.with)).map(|quarrel| {
                let Quarrel { of, verb, target, with } = quarrel;
                let target = self.offers.index.describe(target);
                format!("{} {verb} `{target}`, and {} comes too", self.chain(of), self.chain(with))
            }));
        }
        reasons
    }

    fn name(&self, at: usize) -> &'a str {
        &self.offers.record(at).package.name
    }

    fn unmet(&self, at: usize) -> impl Iterator<Item = &'a [Target]> {
        self.offers.groups(at).filter(|group| {
            let mut meeting = group.iter().flat_map(|target| self.offers.meeting(target));
            !meeting.any(|at| self.choice.has(at) || self.without.contains(&at))
        })
    }

    /// What a package's Conflicts and Breaks are against, of all that there is.
    fn quarrels(&self, of: usize) -> impl Iterator<Item = Quarrel<'a>> {
        let record = self.offers.record(of);
        record.refuses.iter().enumerate().flat_map(move |(at, target)| {
            let verb = if at < record.conflicts { "conflicts with" } else { "breaks" };
            self.offers.refused(of, target).map(move |with| Quarrel { of, verb, target, with })
        })
    }

    /// The packages from the list's own down to this one, without the middle of a long way.
    fn chain(&self, at: usize) -> String {
        /// How many packages are told at either end.
        const ENDS: usize = 5;

        let above = std::iter::successors(Some(at), |at| self.brought_by.get(at).copied().flatten());
        let mut names: Vec<_> = above.map(|at| format!("`{}`", self.name(at))).collect();
        names.reverse();
        if names.len() > 2 * ENDS {
            names.splice(ENDS..names.len() - ENDS, ["…".to_owned()]);
        }
        names.join(" → ")
    }

    fn explain(&self, at: usize, group: &'a [Target]) -> String {
        let DeadEnd { way, what } = self
            .dead_end(group, &mut HashSet::new())
            .unwrap_or(DeadEnd { way: Vec::new(), what: What::GivenUp(group) });
        let way = way.into_iter().rev().map(|at| format!(" → `{}`", self.name(at)));
        let chain = std::iter::once(self.chain(at)).chain(way).collect::<String>();
        match what {
            What::Unmet(group) => {
                format!("{chain} → `{}` cannot be met: {}", self.alternatives(group), self.instead(group))
            }
            What::GivenUp(group) => {
                let group = self.alternatives(group);
                format!("{chain} → `{group}` cannot be met: what could meet it does not go with what is chosen already")
            }
            What::Refused(Quarrel { of, verb, target, with }) => {
                let target = self.offers.index.describe(target);
                if self.choice.has(of) {
                    format!("{chain} cannot come: {} {verb} `{target}`", self.chain(of))
                } else {
                    format!("{chain} {verb} `{target}`, and {} comes too", self.chain(with))
                }
            }
        }
    }

    /// The first dependency that fails at or below a group, depth first; the way to it from the bottom up.
    fn dead_end(&self, group: &'a [Target], seen: &mut HashSet<usize>) -> Option<DeadEnd<'a>> {
        /// How far down reasons are looked for.
        const DEEPEST: usize = 100;

        let meeting: Vec<_> = group.iter().flat_map(|target| self.offers.meeting(target)).collect();
        if meeting.is_empty() {
            return Some(DeadEnd { way: Vec::new(), what: What::Unmet(group) });
        }
        if seen.len() >= DEEPEST {
            return None;
        }
        for at in meeting {
            if !seen.insert(at) {
                continue;
            }
            if let Some(quarrel) = self.quarrel(at) {
                return Some(DeadEnd { way: vec![at], what: What::Refused(quarrel) });
            }
            if let Some(mut found) = self.unmet(at).find_map(|group| self.dead_end(group, seen)) {
                found.way.push(at);
                return Some(found);
            }
        }
        None
    }

    /// What a package that was not chosen and a chosen one have against each other.
    fn quarrel(&self, at: usize) -> Option<Quarrel<'a>> {
        let own = self.quarrels(at).find(|quarrel| self.choice.has(quarrel.with));
        own.or_else(|| self.choice.all().find_map(|of| self.quarrels(of).find(|quarrel| quarrel.with == at)))
    }

    fn alternatives(&self, group: &[Target]) -> String {
        group.iter().map(|target| self.offers.index.describe(target)).collect::<Vec<_>>().join(" | ")
    }

    /// What there is in place of a group that nothing meets.
    fn instead(&self, group: &[Target]) -> String {
        let named = |target: &Target| {
            let real = self.offers.index.real(target.name).map(|at| &self.offers.record(at).package);
            real.map(|package| format!("`{} {}`", package.name, package.version))
        };
        let there: Vec<_> = group.iter().filter_map(named).collect();
        match there.is_empty() {
            true => "no package bears or provides that name".to_owned(),
            false => format!("there is {}", there.join(", ")),
        }
    }
}
