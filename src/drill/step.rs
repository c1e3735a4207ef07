//! The steps of a drill, and what came of each.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// How long servers may take to be past their slow start before anything is stopped, and one that was just started to be
/// UP.
const SETTLING: Duration = Duration::from_secs(120);
/// How long HAProxy may take to find that a server is away.
const DOWN: Duration = Duration::from_secs(30);
/// How long clients of WebSockets may take to be with a peer, once HAProxy knows.
const RECONNECTING: Duration = Duration::from_secs(30);
/// How long a container that was started may take to be UP: its boot, its service's start, and HAProxy's rise.
const UP: Duration = Duration::from_secs(120);

/// A step, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// All servers of the pool are UP, with their full share.
    Ready,
    /// Requests are answered before anything is done.
    Baseline,
    /// WebSockets are opened.
    Connect,
    /// The container is stopped by force.
    Stop,
    /// HAProxy finds it DOWN.
    Down,
    /// Requests are answered by its peers.
    Meanwhile,
    /// WebSockets are with its peers.
    Reconnect,
    /// The container is started.
    Start,
    /// HAProxy finds it UP.
    Up,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::Baseline,
        Self::Connect,
        Self::Stop,
        Self::Down,
        Self::Meanwhile,
        Self::Reconnect,
        Self::Start,
        Self::Up,
    ];

    /// Its name, as JSON has it too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Baseline => "baseline",
            Self::Connect => "connect",
            Self::Stop => "stop",
            Self::Down => "down",
            Self::Meanwhile => "meanwhile",
            Self::Reconnect => "reconnect",
            Self::Start => "start",
            Self::Up => "up",
        }
    }

    /// What is being done, as a line of progress has it.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Ready => "waiting until every server has its full share",
            Self::Baseline => "asking through the balancer",
            Self::Connect => "opening WebSockets",
            Self::Stop => "stopping the container by force",
            Self::Down => "waiting until HAProxy finds it DOWN",
            Self::Meanwhile => "asking through the balancer",
            Self::Reconnect => "waiting until WebSockets are with a peer",
            Self::Start => "starting the container",
            Self::Up => "waiting until HAProxy finds it UP",
        }
    }

    /// The longest that what it waits for may take; zero for a step that waits for nothing.
    pub fn limit(self) -> Duration {
        match self {
            Self::Ready => SETTLING,
            Self::Down => DOWN,
            Self::Reconnect => RECONNECTING,
            Self::Up => UP,
            Self::Baseline | Self::Connect | Self::Stop | Self::Meanwhile | Self::Start => Duration::ZERO,
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What it looks for holds.
    Passed,
    /// It does not, or could not be found out.
    Failed,
    /// An earlier one failed, or somebody stopped the drill.
    NotReached,
}

impl Verdict {
    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

/// A step that was taken, or was not reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Which.
    #[serde(rename = "check")]
    pub step: Step,
    /// What came of it.
    pub result: Verdict,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What was seen, or what went wrong, in a sentence.
    pub detail: String,
}

/// What was seen of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) holds: bool,
    pub(super) detail: String,
}

impl Seen {
    pub(super) fn good(detail: impl Into<String>) -> Self {
        Self { holds: true, detail: detail.into() }
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self { holds: false, detail: detail.into() }
    }
}
