//! How the mirrors have fared in a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::failure::{Failure, Kind};

/// Files in a row that a mirror may be silent at or break off, before it is asked no more.
const PATIENCE: u32 = 3;

/// The mirrors that failed, by what they are called.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<BTreeMap<String, Standing>>);

#[derive(Clone, Debug)]
struct Standing {
    /// Files that it was silent at or broke off, since it last answered.
    in_a_row: u32,
    /// Files that it did not give.
    failed: usize,
    /// What was wrong first.
    first: String,
}

impl Standings {
    /// Why a mirror is asked no more.
    pub(super) fn left_out(&self, mirror: &str) -> Option<String> {
        self.with(|standings| {
            standings
                .get(mirror)
                .filter(|standing| standing.in_a_row >= PATIENCE)
                .map(|standing| standing.first.clone())
        })
    }

    /// A mirror gave a file.
    pub(super) fn gave(&self, mirror: &str) {
        self.with(|standings| {
            if let Some(standing) = standings.get_mut(mirror) {
                standing.in_a_row = 0;
            }
        });
    }

    /// A mirror did not give a file.
    pub(super) fn failed(&self, mirror: &str, failure: &Failure) {
        self.with(|standings| {
            let first = || Standing { in_a_row: 0, failed: 0, first: failure.reason.clone() };
            let standing = standings.entry(mirror.to_owned()).or_insert_with(first);
            standing.failed += 1;
            standing.in_a_row = if failure.kind == Kind::Refused { 0 } else { standing.in_a_row + 1 };
        });
    }

    /// A sentence a mirror that failed.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |(mirror, standing): (&String, &Standing)| {
            let Standing { in_a_row, failed, first } = standing;
            if *in_a_row >= PATIENCE {
                return format!("the mirror `{mirror}` was left out: {first}");
            }
            let files = if *failed == 1 { "one file".to_owned() } else { format!("{failed} files") };
            format!("the mirror `{mirror}` did not give {files}: {first}")
        };
        self.with(|standings| standings.iter().map(note).collect())
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Standing>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
