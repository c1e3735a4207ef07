//! How long each step of a swap took, and what went by meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::haproxy::{Counters, ServerName};
use crate::rollout::event::Step;
use crate::rollout::receipt::{Timed, Traffic, seconds};
use crate::rollout::swap::{Action, Seen, Wait};

/// The times of one swap.
#[derive(Debug)]
pub(super) struct Stopwatch {
    steps: Vec<(Step, Duration)>,
    present: Option<(Step, Instant)>,
    action: &'static str,
    out_since: Option<Instant>,
    back_after: Option<Duration>,
    halted: Option<Instant>,
    healthy_after: Option<Duration>,
    /// Requests and tunnels when the drain began.
    busy: u64,
    /// Those of them that ended of themselves.
    pub(super) drained: u64,
    /// Those that were cut.
    pub(super) cut: u64,
    /// What HAProxy counted.
    pub(super) traffic: Traffic,
    counted: BTreeMap<(String, ServerName), Counters>,
}

impl Stopwatch {
    pub(super) fn new() -> Self {
        Self {
            steps: Vec::new(),
            present: None,
            action: "",
            out_since: None,
            back_after: None,
            halted: None,
            healthy_after: None,
            busy: 0,
            drained: 0,
            cut: 0,
            traffic: Traffic::default(),
            counted: BTreeMap::new(),
        }
    }

    /// Adds what HAProxy counted since the look before.
    pub(super) fn count(&mut self, counted: BTreeMap<(String, ServerName), Counters>) {
        for (server, after) in &counted {
            if let Some(before) = self.counted.get(server) {
                self.traffic.add(before, after);
            }
        }
        self.counted = counted;
    }

    /// Notes what is done now; whether it is something else than before.
    pub(super) fn enter(&mut self, step: Step, name: &'static str, action: &Action, seen: &Seen) -> bool {
        let now = Instant::now();
        let left = seen.rotation.requests() + seen.rotation.tunnels();
        match action {
            Action::Drain => {
                self.out_since.get_or_insert(now);
                self.busy = self.busy.max(left);
            }
            Action::Wait(Wait::Idle { .. }) => self.busy = self.busy.max(left),
            Action::Maintain if self.cut + self.drained == 0 => {
                self.cut = left;
                self.drained = self.busy.saturating_sub(left);
            }
            Action::Halt => self.halted = Some(now),
            // From its first healthy answer on; whether it may serve is HAProxy's to say.
            Action::Wait(Wait::Gates(_)) | Action::Prove if is_healthy(seen) && self.healthy_after.is_none() => {
                self.healthy_after = self.halted.map(|halted| now - halted);
            }
            Action::Ready | Action::GiveBack => self.back_after = self.out_since.map(|since| now - since),
            _ => {}
        }
        if self.present.is_none_or(|(present, _)| present != step) {
            self.lap(now);
            self.present = Some((step, now));
        }
        std::mem::replace(&mut self.action, name) != name
    }

    /// What is done now.
    pub(super) fn step(&self) -> Step {
        self.present.map_or(Step::Stage, |(step, _)| step)
    }

    fn lap(&mut self, now: Instant) {
        if let Some((step, since)) = self.present.take() {
            self.steps.push((step, now - since));
        }
    }

    pub(super) fn out_of_rotation(&self) -> Option<Duration> {
        self.back_after
    }

    pub(super) fn stop_to_healthy(&self) -> Option<Duration> {
        self.healthy_after
    }

    pub(super) fn into_steps(mut self) -> Vec<Timed> {
        self.lap(Instant::now());
        self.steps.into_iter().map(|(step, lasted)| Timed { step, seconds: seconds(lasted) }).collect()
    }
}

/// Whether the container that was started answers its health check.
fn is_healthy(seen: &Seen) -> bool {
    seen.vitals.as_ref().is_some_and(|vitals| !matches!(vitals.health, Some(Err(_))))
}
