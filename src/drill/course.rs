//! Which step comes next: a value, that knows of Incus and HAProxy nothing.

use super::step::{Check, Step, Verdict};

/// The steps of one drill, as far as they were taken.
///
/// Before anything was stopped, a step that fails ends it. From the stop on, whatever becomes of it, the container is
/// started before it ends.
#[derive(Clone, Debug)]
pub struct Course {
    planned: Vec<Step>,
    taken: Vec<Check>,
    is_interrupted: bool,
}

impl Course {
    /// A drill that is about to begin, with WebSockets or without.
    pub fn new(with_websockets: bool) -> Self {
        let is_planned = |step: &Step| with_websockets || !matches!(step, Step::Connect | Step::Reconnect);
        Self { planned: Step::ALL.into_iter().filter(is_planned).collect(), taken: Vec::new(), is_interrupted: false }
    }

    /// The steps that it would have if none failed.
    pub fn planned(&self) -> &[Step] {
        &self.planned
    }

    /// The step to be taken now; none when it is over.
    pub fn next(&self) -> Option<Step> {
        let Some(last) = self.taken.last() else { return self.planned.first().copied() };
        let failed = last.result != Verdict::Passed;
        match last.step {
            Step::Ready | Step::Baseline | Step::Connect if failed || self.is_interrupted => None,
            // It may be stopped although nobody could tell.
            Step::Stop | Step::Down if failed => Some(Step::Start),
            Step::Stop | Step::Down | Step::Meanwhile | Step::Reconnect if self.is_interrupted => Some(Step::Start),
            Step::Start | Step::Up if failed || self.is_interrupted => None,
            step => self.planned.iter().copied().find(|planned| *planned > step),
        }
    }

    /// Notes what came of the step that was next.
    pub fn take(&mut self, check: Check) {
        self.taken.push(check);
    }

    /// Somebody wants it to end.
    pub fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    /// Whether a container may have been stopped.
    pub fn has_begun(&self) -> bool {
        self.taken.iter().any(|check| check.step == Step::Stop)
    }

    /// Every planned step, those that were not reached too.
    pub fn checks(&self) -> Vec<Check> {
        let check = |step: &Step| {
            let taken = self.taken.iter().find(|check| check.step == *step).cloned();
            taken.unwrap_or_else(|| Check {
                step: *step,
                result: Verdict::NotReached,
                seconds: 0.0,
                detail: String::new(),
            })
        };
        self.planned.iter().map(check).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(step: Step, holds: bool) -> Check {
        let result = if holds { Verdict::Passed } else { Verdict::Failed };
        Check { step, result, seconds: 1.0, detail: String::new() }
    }

    /// The steps of a drill in which these fail, and that is interrupted during another.
    fn steps(with_websockets: bool, failing: &[Step], interrupted: Option<Step>) -> Vec<Step> {
        let mut course = Course::new(with_websockets);
        let mut steps = Vec::new();
        while let Some(step) = course.next() {
            steps.push(step);
            if interrupted == Some(step) {
                course.interrupt();
            }
            course.take(check(step, !failing.contains(&step) && interrupted != Some(step)));
        }
        steps
    }

    #[test]
    fn a_drill_in_which_all_holds_takes_every_step() {
        assert_eq!(steps(true, &[], None), Step::ALL);
        let without: Vec<_> =
            Step::ALL.into_iter().filter(|step| ![Step::Connect, Step::Reconnect].contains(step)).collect();
        assert_eq!(steps(false, &[], None), without);
    }

    #[test]
    fn nothing_is_stopped_where_clients_are_not_served_to_begin_with() {
        assert_eq!(steps(true, &[Step::Baseline], None), [Step::Ready, Step::Baseline]);
        assert_eq!(steps(true, &[Step::Connect], None), [Step::Ready, Step::Baseline, Step::Connect]);
    }

    #[test]
    fn where_haproxy_finds_nothing_the_rest_says_nothing() {
        let taken = [Step::Ready, Step::Baseline, Step::Stop, Step::Down, Step::Start, Step::Up];
        assert_eq!(steps(false, &[Step::Down], None), taken);
    }

    #[test]
    fn one_check_that_fails_keeps_no_other_from_being_made() {
        assert_eq!(steps(true, &[Step::Meanwhile, Step::Reconnect], None), Step::ALL);
    }

    #[test]
    fn what_was_not_reached_is_told() {
        let mut course = Course::new(false);
        course.take(check(Step::Ready, true));
        course.take(check(Step::Baseline, false));
        assert_eq!((course.next(), course.has_begun()), (None, false));
        let results: Vec<_> = course.checks().into_iter().map(|check| check.result).collect();
        let [passed, failed, left] = [Verdict::Passed, Verdict::Failed, Verdict::NotReached];
        assert_eq!(results, [passed, failed, left, left, left, left, left]);
    }

    proptest! {
        #[test]
        fn what_was_stopped_is_started_whatever_becomes_of_it(
            with_websockets: bool,
            failing in prop::collection::vec(prop::sample::select(Step::ALL.to_vec()), 0..4),
            interrupted in prop::option::of(prop::sample::select(Step::ALL.to_vec())),
        ) {
            let steps = steps(with_websockets, &failing, interrupted);
            prop_assert_eq!(steps.contains(&Step::Stop), steps.contains(&Step::Start));
            prop_assert!(steps.is_sorted() && steps.len() <= Step::ALL.len());
        }
    }
}
