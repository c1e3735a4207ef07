//! What happens during a rollout, for those who watch: a person, or a script that reads JSON.

use serde::{Serialize, Serializer};

use super::receipt::Outcome;
use super::swap::{Action, Wait};

/// Something that happened to an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<'a> {
    /// An action began.
    Step {
        /// The instance.
        instance: &'a str,
        /// The step that it belongs to.
        step: Step,
        /// Which action; a step may have several.
        action: &'static str,
    },
    /// Something is waited for, and this is how far it is.
    Progress {
        /// The instance.
        instance: &'a str,
        /// What is done.
        step: Step,
        /// In words: what is missing, what is left.
        detail: String,
    },
    /// Worth knowing.
    Note {
        /// The instance.
        instance: &'a str,
        /// In one sentence.
        text: String,
    },
    /// The instance is where it will be.
    Ended {
        /// The instance.
        instance: &'a str,
        /// How.
        outcome: &'a Outcome,
        /// How long it took, in seconds.
        seconds: f64,
    },
}

/// A step as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The new container is made beside the old one.
    Stage,
    /// Enough peers are waited for.
    Peers,
    /// HAProxy sends no new requests, and those in flight end.
    Drain,
    /// HAProxy takes it out.
    Maintenance,
    /// The container stops.
    Stop,
    /// What outlives the swap is brought over.
    Carry,
    /// Names and network interfaces change hands.
    Swap,
    /// The container starts.
    Start,
    /// It passes its gates.
    Health,
    /// HAProxy sends requests again.
    Ready,
    /// Slow start, and the time that it must stay healthy.
    Settle,
    /// It is noted to be over.
    Commit,
    /// The container from before comes back.
    Restore,
}

impl Step {
    /// The step that an action belongs to.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::Stage => Self::Stage,
            Action::Wait(Wait::Peers { .. }) => Self::Peers,
            Action::Drain | Action::Wait(Wait::Idle { .. }) => Self::Drain,
            Action::Maintain => Self::Maintenance,
            Action::Halt => Self::Stop,
            Action::Carry => Self::Carry,
            Action::Detach | Action::MoveAside | Action::MoveIn | Action::Attach => Self::Swap,
            Action::Recheck | Action::Start | Action::Complete => Self::Start,
            Action::Prove | Action::Wait(Wait::Gates(_)) => Self::Health,
            Action::Ready | Action::GiveBack => Self::Ready,
            Action::Wait(Wait::Settled { .. }) => Self::Settle,
            Action::Commit => Self::Commit,
            Action::Turn(_) | Action::Stop(_) => Self::Restore,
        }
    }

    /// Its name, as JSON has it too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Peers => "peers",
            Self::Drain => "drain",
            Self::Maintenance => "maintenance",
            Self::Stop => "stop",
            Self::Carry => "carry",
            Self::Swap => "swap",
            Self::Start => "start",
            Self::Health => "health",
            Self::Ready => "ready",
            Self::Settle => "settle",
            Self::Commit => "commit",
            Self::Restore => "restore",
        }
    }

    /// What is being done, as a line of progress has it.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Stage => "staging the new container",
            Self::Peers => "waiting for its peers",
            Self::Drain => "draining",
            Self::Maintenance => "maintenance",
            Self::Stop => "stopping",
            Self::Carry => "carrying what is kept",
            Self::Swap => "changing places",
            Self::Start => "starting",
            Self::Health => "waiting until it is healthy",
            Self::Ready => "ready",
            Self::Settle => "settling",
            Self::Commit => "done",
            Self::Restore => "restoring",
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The name of an action.
pub fn name(action: &Action) -> &'static str {
    match action {
        Action::Wait(_) => "wait",
        Action::Stage => "stage",
        Action::Drain => "drain",
        Action::GiveBack => "give-back",
        Action::Maintain => "maintain",
        Action::Halt => "halt",
        Action::Carry => "carry",
        Action::Detach => "detach",
        Action::MoveAside => "move-aside",
        Action::MoveIn => "move-in",
        Action::Attach => "attach",
        Action::Recheck => "recheck",
        Action::Start => "start",
        Action::Complete => "complete",
        Action::Prove => "prove",
        Action::Ready => "ready",
        Action::Commit => "commit",
        Action::Turn(_) => "turn",
        Action::Stop(_) => "stop",
    }
}

/// What a wait is for, in words.
pub fn detail(wait: &Wait) -> String {
    let count = |count: u64, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    match wait {
        Wait::Peers { available } => format!("{available} UP and unthrottled"),
        Wait::Idle { requests, tunnels, was_reloaded } => {
            let uncounted = if *was_reloaded { ", and what HAProxy had before its reload" } else { "" };
            format!("{} and {} left{uncounted}", count(*requests, "request"), count(*tunnels, "WebSocket"))
        }
        Wait::Gates(missing) => missing.clone(),
        Wait::Settled { throttle: Some(percent) } => format!("slow start, {percent} %"),
        Wait::Settled { throttle: None } => "must stay healthy".to_owned(),
    }
}
