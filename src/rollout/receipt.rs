//! What a rollout did, instance by instance: the receipt.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::event::Step;
use super::journal::Kind;
use crate::haproxy::Counters;

/// What was done, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// The operation, as containers that it made bear it.
    pub operation: String,
    /// A rollout or a rollback.
    pub kind: Kind,
    /// The image that was brought; none for a rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Release>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Every instance of its pools, in the order in which they were taken.
    pub instances: Vec<Entry>,
}

/// What was done to one instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The pool.
    pub pool: String,
    /// The instance.
    pub instance: String,
    /// What it ran before.
    pub before: Release,
    /// What it runs now.
    pub after: Release,
    /// What came of it.
    pub outcome: Outcome,
    /// How long each step took, in the order in which they were taken.
    pub steps: Vec<Timed>,
    /// From the beginning of the drain until HAProxy was told that it is ready, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_rotation: Option<f64>,
    /// From the stop of the one container to the health of the other, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_to_healthy: Option<f64>,
    /// Requests and tunnels that ended of themselves while it drained.
    pub sessions_drained: u64,
    /// Requests and tunnels that were left at their deadline, and cut.
    pub sessions_cut: u64,
    /// What HAProxy counted on the pool's servers meanwhile, over all sockets.
    pub traffic: Traffic,
}

/// An image, as people and as Incus know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Release {
    /// `vezaimg.release`; empty where the image has none.
    pub release: String,
    /// The fingerprint; empty where it is not known.
    pub fingerprint: String,
}

/// How long a step took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timed {
    /// Which.
    pub step: Step,
    /// In seconds.
    pub seconds: f64,
}

/// What came of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It runs what it was to run.
    Done,
    /// It ran it already.
    AlreadyThere,
    /// It was not taken up.
    NotReached,
    /// It runs what it ran before, since the swap failed.
    Restored {
        /// Why, in one sentence.
        why: String,
        /// The failed unit's state and the end of its journal.
        evidence: Vec<String>,
    },
    /// It was never taken out, since the swap failed before.
    GivenUp {
        /// Why, in one sentence.
        why: String,
    },
    /// A safety check left it as it was.
    Untouched {
        /// Why, in one sentence.
        why: String,
    },
    /// Somebody asked to stop; the same command goes on.
    Interrupted,
    /// Neither container serves, or it cannot be told.
    Stuck {
        /// Why, in one sentence.
        why: String,
    },
}

/// What HAProxy counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Requests.
    pub requests: u64,
    /// Connections to a server that failed.
    pub connection_errors: u64,
    /// Answers that broke off or were none.
    pub response_errors: u64,
    /// Answers with a status of 500 or more.
    pub answers_5xx: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Requests that another server got instead.
    pub redispatches: u64,
}

impl Receipt {
    /// Whether an instance did not get there: the ones after it are not taken up.
    pub fn has_failed(&self) -> bool {
        let is_fine = |entry: &Entry| matches!(entry.outcome, Outcome::Done | Outcome::AlreadyThere);
        !self.instances.iter().all(is_fine)
    }

    /// Whether nothing is left that the same command would go on with.
    pub fn is_over(&self) -> bool {
        let is_open = |entry: &Entry| matches!(entry.outcome, Outcome::Interrupted | Outcome::Stuck { .. });
        !self.instances.iter().any(is_open)
    }
}

impl Traffic {
    /// What went wrong between HAProxy and the servers.
    pub fn errors(&self) -> u64 {
        self.connection_errors + self.response_errors + self.answers_5xx
    }

    /// Adds what was counted between two looks at one server; what was counted before a reload is lost.
    pub fn add(&mut self, before: &Counters, after: &Counters) {
        let grown = |of: fn(&Counters) -> u64| match (of(before), of(after)) {
            (before, after) if after >= before => after - before,
            (_, after) => after,
        };
        self.requests += grown(|counters| counters.requests);
        self.connection_errors += grown(|counters| counters.connection_errors);
        self.response_errors += grown(|counters| counters.response_errors);
        self.answers_5xx += grown(|counters| counters.answers_5xx);
        self.retries += grown(|counters| counters.retries);
        self.redispatches += grown(|counters| counters.redispatches);
    }
}

/// Seconds to the millisecond, as receipts have them.
pub fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}
