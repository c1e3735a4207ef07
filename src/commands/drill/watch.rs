//! The steps of a drill as they are taken: lines for people.

use std::cell::RefCell;
use std::time::Duration;

use crate::drill::{Check, Course, Event};
use crate::ui::{self, Console, Lasted, Listener, Tracks};

/// Whoever watches. Who asked for JSON watches nothing but what is worth knowing.
pub(super) struct Watch<'c> {
    console: &'c Console,
    json: bool,
    with_websockets: bool,
    tracks: RefCell<Option<Tracks<'c>>>,
}

impl<'c> Watch<'c> {
    pub(super) fn new(console: &'c Console, json: bool, with_websockets: bool) -> Self {
        Self { console, json, with_websockets, tracks: RefCell::new(None) }
    }

    pub(super) fn finish(&self) {
        self.tracks.borrow_mut().take();
    }

    pub(super) fn event(&self, event: &Event<'_>) {
        if let Event::Note(text) = event {
            return self.console.event(ui::Event::Warning(text.clone()));
        }
        if self.json {
            return;
        }
        let mut tracks = self.tracks.borrow_mut();
        let tracks = tracks.get_or_insert_with(|| self.begin());
        match event {
            Event::Begun(step) => tracks.step(step.name(), step.doing()),
            Event::Progress(step, detail) => tracks.detail(step.name(), detail),
            Event::Ended(Check { step, result, seconds, detail }) => {
                let lasted = Lasted(Duration::from_secs_f64(*seconds));
                tracks.end(step.name(), &format!("{} in {lasted}: {detail}", result.word()));
            }
            Event::Note(_) => {}
        }
    }

    fn begin(&self) -> Tracks<'c> {
        let course = Course::new(self.with_websockets);
        let subjects: Vec<_> = course.planned().iter().map(|step| (step.name().to_owned(), Duration::ZERO)).collect();
        Tracks::new(self.console, &subjects)
    }
}
