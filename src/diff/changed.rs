//! The files whose content is another, and which of them are read again.

use std::collections::{BTreeMap, BTreeSet};

use super::Wish;
use super::texts::Omission;
use crate::inspect::is_unit_file;
use crate::rootfs::{Entry, Kind, Summary, TargetPath, Tree};

/// The largest file that is compared line by line, in bytes.
const LARGEST: u64 = 1 << 20;
/// How many files are.
const MOST_FILES: usize = 2_000;
/// The most that these have together in either image, in bytes.
const MOST_BYTES: u64 = 32 << 20;

/// A file whose content is another, or a unit file that one image alone has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contested {
    from: Option<Summary>,
    to: Option<Summary>,
    /// Why it is not read again.
    pub(super) omission: Option<Omission>,
}

impl Contested {
    /// Whether both images have it.
    pub(super) fn is_in_both(&self) -> bool {
        self.from.is_some() && self.to.is_some()
    }

    /// Whether the old image has it.
    pub(super) fn is_in_old(&self) -> bool {
        self.from.is_some()
    }

    fn sizes(&self) -> [u64; 2] {
        [self.from, self.to].map(|summary| summary.map_or(0, |summary| summary.size))
    }
}

/// These files, by path.
#[derive(Debug)]
pub(super) struct Changed(BTreeMap<TargetPath, Contested>);

impl Changed {
    /// The files of two trees that are contested, and a part of the wish.
    pub(super) fn between(old: &Tree<Summary>, new: &Tree<Summary>, wish: Wish) -> Self {
        let file = |entry: Option<&Entry<Summary>>| match entry.map(|entry| &entry.kind) {
            Some(Kind::File(summary)) => Some(*summary),
            _ => None,
        };
        let olds = old.iter().map(|(path, entry)| (path, Some(entry), new.get(path)));
        let news =
            new.iter().filter(|(path, _)| old.get(path).is_none()).map(|(path, entry)| (path, None, Some(entry)));
        let contested = olds.chain(news).filter_map(|(path, from, to)| {
            let (from, to) = (file(from), file(to));
            let is_unit = is_unit_file(path);
            let is_contested = match (&from, &to) {
                (Some(from), Some(to)) => from.sha256 != to.sha256 && (is_unit || wish == Wish::Texts),
                (None, None) => false,
                _ => is_unit,
            };
            is_contested.then(|| (path.clone(), Contested { from, to, omission: None }))
        });
        let mut changed = Self(contested.collect());
        changed.bound();
        changed
    }

    /// Leaves out what is too much. Units come first.
    fn bound(&mut self) {
        let (mut files, mut bytes) = (0, [0, 0]);
        for units in [true, false] {
            for (_, contested) in self.0.iter_mut().filter(|(path, _)| is_unit_file(path) == units) {
                let sizes = contested.sizes();
                let sum = [bytes[0] + sizes[0], bytes[1] + sizes[1]];
                if sizes.into_iter().any(|size| size > LARGEST) {
                    contested.omission = Some(Omission::Large);
                } else if files == MOST_FILES || sum.into_iter().any(|sum| sum > MOST_BYTES) {
                    contested.omission = Some(Omission::Many);
                } else {
                    (files, bytes) = (files + 1, sum);
                }
            }
        }
    }

    /// What is read again of the old image.
    pub(super) fn in_old(&self) -> BTreeSet<TargetPath> {
        self.read(|contested| contested.from)
    }

    /// What is read again of the new image.
    pub(super) fn in_new(&self) -> BTreeSet<TargetPath> {
        self.read(|contested| contested.to)
    }

    fn read(&self, side: impl Fn(&Contested) -> Option<Summary>) -> BTreeSet<TargetPath> {
        let read = self.0.iter().filter(|(path, contested)| {
            // Of a whole unit that comes or goes nothing is told but that.
            let tells = contested.is_in_both() || path.as_relative().ends_with(b".conf");
            tells && contested.omission.is_none() && side(contested).is_some()
        });
        read.map(|(path, _)| path.clone()).collect()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TargetPath, &Contested)> {
        self.0.iter()
    }
}
