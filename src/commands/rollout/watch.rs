//! The events of a rollout, as they happen: lines for people, or JSON.

use std::cell::RefCell;
use std::time::Duration;

use crate::rollout::event::Event;
use crate::rollout::plan::Plan;
use crate::rollout::receipt::Outcome;
use crate::ui::{Console, Lasted, Listener, Tracks};

/// Whoever watches.
pub(super) struct Watch<'c> {
    console: &'c Console,
    json: bool,
    tracks: RefCell<Option<Tracks<'c>>>,
}

impl<'c> Watch<'c> {
    pub(super) fn new(console: &'c Console, json: bool) -> Self {
        Self { console, json, tracks: RefCell::new(None) }
    }

    /// What is about to happen is known.
    pub(super) fn begin(&self, plan: &Plan) {
        for note in &plan.notes {
            self.console.event(crate::ui::Event::Note(note.clone()));
        }
        self.console.end_stage();
        if self.json {
            return;
        }
        let instances = plan.pools.iter().flat_map(|pool| &pool.instances);
        let subjects: Vec<_> = instances
            .filter(|instance| !instance.steps.is_empty())
            .map(|instance| (instance.instance.clone(), Duration::from_secs_f64(instance.estimate)))
            .collect();
        *self.tracks.borrow_mut() = Some(Tracks::new(self.console, &subjects));
    }

    pub(super) fn finish(&self) {
        self.tracks.borrow_mut().take();
    }

    pub(super) fn event(&self, event: &Event<'_>) {
        if self.json {
            // A reader that went away stops no rollout.
            let _ = self.console.json(event);
            return;
        }
        let tracks = self.tracks.borrow();
        let Some(tracks) = &*tracks else { return self.before(event) };
        match event {
            Event::Step { instance, step, .. } => tracks.step(instance, step.doing()),
            Event::Progress { instance, detail, .. } => tracks.detail(instance, detail),
            Event::Note { instance, text } => {
                tracks.above(|console| console.event(crate::ui::Event::Warning(format!("`{instance}`: {text}"))));
            }
            Event::Ended { instance, outcome, seconds } => {
                let lasted = Lasted(Duration::from_secs_f64(*seconds));
                tracks.end(instance, &format!("{} in {lasted}", word(outcome)));
            }
        }
    }

    /// What is taken back before anything begins.
    fn before(&self, event: &Event<'_>) {
        match event {
            Event::Step { instance, step, .. } => self.console.line(&format!("{instance}  {}", step.doing())),
            Event::Ended { instance, outcome, .. } => self.console.line(&format!("{instance}  {}", word(outcome))),
            Event::Note { .. } | Event::Progress { .. } => {}
        }
    }
}

/// An outcome in a word or two.
pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::AlreadyThere => "already there",
        Outcome::NotReached => "not reached",
        Outcome::Restored { .. } => "restored",
        Outcome::GivenUp { .. } => "given up",
        Outcome::Untouched { .. } => "untouched",
        Outcome::Interrupted => "interrupted",
        Outcome::Stuck { .. } => "stuck",
    }
}
