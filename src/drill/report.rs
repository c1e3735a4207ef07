//! What a drill found: the result.

use jiff::Timestamp;
use serde::Serialize;

use super::requests::Tally;
use super::sessions::Session;
use super::step::{Check, Verdict};
use crate::Error;

/// What was done, and what came of it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The fleet file, as it was given.
    pub fleet: String,
    /// The pool.
    pub pool: String,
    /// The instance that was stopped, or was to be.
    pub instance: String,
    /// Where requests went in.
    pub through: String,
    /// When it began, by the clock of Incus.
    pub began: Timestamp,
    /// Whether every check held.
    pub passed: bool,
    /// The checks, in the order in which they are made.
    pub checks: Vec<Check>,
    /// From the stop until every HAProxy found it DOWN, in seconds.
    pub down_after: Option<f64>,
    /// From the start until every HAProxy found it UP, in seconds.
    pub up_after: Option<f64>,
    /// What came of the requests.
    pub requests: Requests,
    /// What HAProxy counted on the stopped instance's servers from the stop until its peers had answered.
    pub traffic: Traffic,
    /// WebSockets that the other side closed.
    pub lost: usize,
    /// Every WebSocket.
    pub websockets: Vec<Session>,
    /// What kept it from going on, beside checks that failed.
    #[serde(skip)]
    pub trouble: Option<Error>,
}

/// Requests, by when they were sent; nothing of those that were not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Requests {
    /// Before anything was done.
    pub baseline: Option<Tally>,
    /// From the stop until HAProxy found it DOWN. Some of these may fail: nobody knows yet.
    pub until_down: Option<Tally>,
    /// While it was DOWN.
    pub meanwhile: Option<Tally>,
}

/// What HAProxy did about an instance that was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// Connections that could not be made.
    pub connection_errors: u64,
    /// Connections tried again.
    pub retries: u64,
    /// Requests given to another server.
    pub redispatches: u64,
}

impl Report {
    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.result == Verdict::Failed)
    }
}
