//! The machine: the rules by which an action follows from what was seen.

use std::time::Duration;

use super::action::{Action, Ending, Goal, Terms, Wait};
use super::seen::{Body, Rotation, Seen, UnitState, Vitals};
use crate::haproxy::Admin;

/// Observations in a row without a request in flight, after which a server is idle: HAProxy counts a request a moment
/// after it has chosen the server.
const IDLE_IN_A_ROW: u32 = 3;
/// Observations in a row in which a service that was healthy is not.
const SICK_IN_A_ROW: u32 = 3;
/// How long peers are waited for before an instance is taken out.
const PEERS_PATIENCE: Duration = Duration::from_secs(120);
/// How long slow start may take: its longest sensible value, twice.
const SLOW_START_PATIENCE: Duration = Duration::from_secs(600);
/// Times that a container is started before it is given up.
const MOST_STARTS: u32 = 2;

/// The machine of one swap. What it remembers are times and counts; losing them costs waiting, not safety.
#[derive(Clone, Debug)]
pub struct Swap {
    terms: Terms,
    goal: Goal,
    /// Since when what is waited for now is waited for.
    waiting: Option<(Waiting, Duration)>,
    draining_since: Option<Duration>,
    idle: u32,
    rechecked: bool,
    starts: u32,
    healthy: u32,
    sick: u32,
    healthy_since: Option<Duration>,
    restarts: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Peers,
    Gates,
    Settled,
}

impl Swap {
    /// A swap, taken up at its beginning or wherever another process left it.
    pub fn new(terms: Terms, goal: Goal) -> Self {
        Self {
            terms,
            goal,
            waiting: None,
            draining_since: None,
            idle: 0,
            rechecked: false,
            starts: 0,
            healthy: 0,
            sick: 0,
            healthy_since: None,
            restarts: None,
        }
    }

    /// What the swap is for.
    pub fn goal(&self) -> &Goal {
        &self.goal
    }

    /// What is to be done next. The caller does it, looks again, and asks again.
    pub fn next(&mut self, seen: &Seen) -> Action {
        let leaving = seen.leaving.filter(|leaving| leaving.is_live);
        match (seen.entering, leaving) {
            (Some(entering), Some(leaving)) => self.make_room(entering, leaving, seen),
            (Some(entering), None) => self.take_over(entering, seen),
            (None, Some(_)) if self.goal == Goal::Forward => self.untouched(seen).unwrap_or(Action::Stage),
            (None, _) => Action::Stop(Ending::Stuck("the container that is to serve is gone".to_owned())),
        }
    }

    /// An action was refused, or its answer was lost, and it is asked for again: a container that was not started has not
    /// stopped either.
    pub fn undone(&mut self, action: &Action) {
        if *action == Action::Start {
            self.starts = self.starts.saturating_sub(1);
        }
    }

    /// What follows from an action that could not be done, for this reason.
    pub fn failed(&mut self, why: String) -> Action {
        match self.goal {
            Goal::Forward => Action::Turn(why),
            Goal::Restore(_) => Action::Stop(Ending::Stuck(why)),
        }
    }

    /// The leaving container bears the name still.
    fn make_room(&mut self, entering: Body, leaving: Body, seen: &Seen) -> Action {
        let is_out = !seen.rotation.is_empty() && seen.rotation.all(Admin::Maint);
        // Nobody has looked yet at what is to be brought over.
        if self.goal == Goal::Forward && !entering.is_staged && (!leaving.is_running || is_out) {
            return Action::Stage;
        }
        if !leaving.is_running {
            return match () {
                () if !seen.rotation.all(Admin::Maint) => Action::Maintain,
                () if leaving.is_attached => Action::Detach,
                () => Action::MoveAside,
            };
        }
        // What stands behind no balancer cannot be drained, and what came in its place does not serve.
        if is_out || (seen.rotation.is_empty() && self.goal != Goal::Forward) {
            return Action::Halt;
        }
        // What has no requests is not missed; what was never proved must not get any.
        if self.goal != Goal::Forward && !(seen.rotation.serves() && leaving.is_proved) {
            return Action::Maintain;
        }
        if self.goal == Goal::Forward {
            if let Some(action) = self.untouched(seen) {
                return action;
            }
            if !entering.is_staged {
                return Action::Stage;
            }
        }
        if seen.peers < self.terms.min_available || seen.another_is_out {
            self.idle = 0;
            self.draining_since = None;
            if is_held_back(&seen.rotation) {
                return Action::GiveBack;
            }
            let waited = self.waited(Waiting::Peers, seen.now);
            if waited < PEERS_PATIENCE {
                return Action::Wait(Wait::Peers { available: seen.peers });
            }
            let why = self.too_few(seen);
            return Action::Stop(match self.goal {
                Goal::Forward => Ending::Untouched(why),
                Goal::Restore(_) => Ending::Stuck(why),
            });
        }
        self.drain(seen)
    }

    /// Nobody has asked to stop, or the instance is given back first.
    fn untouched(&self, seen: &Seen) -> Option<Action> {
        seen.interrupted.then(|| match is_held_back(&seen.rotation) {
            true => Action::GiveBack,
            false => Action::Stop(Ending::Interrupted),
        })
    }

    fn drain(&mut self, seen: &Seen) -> Action {
        let (rotation, now) = (&seen.rotation, seen.now);
        if rotation.is_empty() {
            return Action::Halt;
        }
        let is_out = |rotation: &Rotation| match self.terms.allow_sticky_race {
            true => rotation.0.iter().all(|server| server.admin != Admin::Ready),
            false => rotation.is_drained(),
        };
        if !is_out(rotation) {
            (self.idle, self.draining_since) = (0, None);
            return Action::Drain;
        }
        let drained_for = now.saturating_sub(*self.draining_since.get_or_insert(now));
        let (requests, tunnels) = (rotation.requests(), rotation.tunnels());
        let is_busy = ((requests > 0 || seen.was_reloaded) && drained_for < self.terms.drain)
            || (tunnels > 0 && drained_for < self.terms.websocket);
        self.idle = if is_busy { 0 } else { self.idle + 1 };
        match self.idle >= IDLE_IN_A_ROW {
            true => Action::Maintain,
            false => Action::Wait(Wait::Idle { requests, tunnels, was_reloaded: seen.was_reloaded }),
        }
    }

    fn too_few(&self, seen: &Seen) -> String {
        if seen.another_is_out {
            return "another instance of the pool is drained or in maintenance".to_owned();
        }
        let (wanted, available) = (self.terms.min_available, seen.peers);
        if seen.rotation.is_empty() {
            return format!("{available} of the pool's other balancers answer, and {wanted} must");
        }
        format!("{available} of the pool's other instances are UP and unthrottled, and {wanted} must be")
    }

    /// The name is free, or the entering container bears it.
    fn take_over(&mut self, entering: Body, seen: &Seen) -> Action {
        // What served before and was stopped by somebody else is started again, rather than given up.
        let serves = entering.is_running || self.goal == Goal::Forward;
        if entering.is_proved && entering.is_live && entering.is_attached && serves {
            return self.serve(entering, seen);
        }
        // A HAProxy that was reloaded takes every server for ready.
        let is_ready = seen.rotation.0.iter().any(|server| server.admin == Admin::Ready);
        if is_ready {
            return self.recheck();
        }
        if !entering.is_live {
            return Action::MoveIn;
        }
        // Once it bears its name: while Incus serves files of an instance that is renamed, it cannot be started.
        if !entering.is_carried {
            return Action::Carry;
        }
        if !entering.is_attached {
            return Action::Attach;
        }
        if !self.rechecked || !seen.rotation.all(Admin::Drain) {
            return self.recheck();
        }
        if entering.is_running {
            return if entering.is_complete { self.gates(seen) } else { Action::Complete };
        }
        self.starts += 1;
        if self.starts > MOST_STARTS {
            let why = "the container stops as soon as it was started: on a host of a dozen containers, \
                       `fs.inotify.max_user_instances` may be used up";
            return self.failed(why.to_owned());
        }
        Action::Start
    }

    fn recheck(&mut self) -> Action {
        self.rechecked = true;
        self.healthy = 0;
        Action::Recheck
    }

    /// It runs, and gets no request.
    fn gates(&mut self, seen: &Seen) -> Action {
        let waited = self.waited(Waiting::Gates, seen.now);
        let missing = match self.ill(seen.vitals.as_ref(), self.healthy > 0) {
            Illness::Fatal(why) if self.goal == Goal::Forward => return self.failed(why),
            Illness::Fatal(why) | Illness::Ill(why) | Illness::Unknown(why) => {
                self.healthy = 0;
                Some(why)
            }
            Illness::None => {
                self.healthy += 1;
                let (healthy, wanted) = (self.healthy, self.terms.healthy_count);
                match () {
                    () if healthy < wanted => Some(format!("was healthy {healthy} of {wanted} times")),
                    () if !seen.rotation.is_checked() => Some("HAProxy's own check has not passed".to_owned()),
                    () => None,
                }
            }
        };
        match missing {
            None => Action::Prove,
            Some(missing) if waited < self.terms.healthy => Action::Wait(Wait::Gates(missing)),
            Some(missing) if self.goal == Goal::Forward => {
                self.failed(format!("not healthy within {} s: {missing}", self.terms.healthy.as_secs()))
            }
            // There is nothing better than what served before: HAProxy's check decides when it gets requests.
            Some(_) => Action::Prove,
        }
    }

    /// It was proved, and may serve.
    fn serve(&mut self, entering: Body, seen: &Seen) -> Action {
        if !entering.is_running {
            return self.failed("the container stopped after it had been healthy".to_owned());
        }
        let why = match self.ill(seen.vitals.as_ref(), true) {
            Illness::Fatal(why) => Some(why),
            Illness::Ill(why) => {
                self.sick += 1;
                (self.sick >= SICK_IN_A_ROW).then_some(why)
            }
            // What its service answers counts, and what HAProxy's check says.
            Illness::None | Illness::Unknown(_) => {
                self.sick = 0;
                None
            }
        };
        let is_ready = seen.rotation.all(Admin::Ready);
        let why =
            why.or_else(|| (is_ready && seen.rotation.is_broken()).then(|| "HAProxy takes it for down".to_owned()));
        // Before a restored container is given up it serves: there is nothing better.
        if let Some(why) = &why
            && self.goal == Goal::Forward
        {
            return Action::Turn(format!("healthy at first, and then not: {why}"));
        }
        if !is_ready || seen.rotation.0.iter().any(|server| server.ignores_cookies) {
            return Action::Ready;
        }
        if seen.interrupted && self.goal == Goal::Forward {
            return Action::Stop(Ending::Interrupted);
        }
        let healthy_for = seen.now.saturating_sub(*self.healthy_since.get_or_insert(seen.now));
        let lasted = self.goal != Goal::Forward || healthy_for >= self.terms.healthy_for;
        let waited = self.waited(Waiting::Settled, seen.now);
        if seen.rotation.is_whole() && why.is_none() && lasted {
            return Action::Commit;
        }
        let throttle = seen.rotation.throttle();
        let patience = throttle.map_or(self.terms.healthy, |_| SLOW_START_PATIENCE) + self.terms.healthy_for;
        if waited < patience {
            return Action::Wait(Wait::Settled { throttle });
        }
        self.failed(why.unwrap_or_else(|| match throttle {
            Some(_) => "HAProxy's slow start does not end".to_owned(),
            None => "HAProxy does not take it for UP".to_owned(),
        }))
    }

    /// What is wrong with the service; `was_well` if it had been healthy before.
    fn ill(&mut self, vitals: Option<&Vitals>, was_well: bool) -> Illness {
        let Some(vitals) = vitals else { return Illness::Ill("the container cannot be asked".to_owned()) };
        match &vitals.unit {
            Some(UnitState::Dead(state)) => return Illness::Fatal(format!("its unit is {state}")),
            Some(UnitState::Starting) => return Illness::Ill("its unit is starting".to_owned()),
            Some(UnitState::Restarting) => {
                let why = "its service ended, and systemd starts it again".to_owned();
                return if was_well { Illness::Fatal(why) } else { Illness::Ill(why) };
            }
            Some(UnitState::Active { restarts }) => {
                let before = self.restarts.replace(*restarts);
                if before.is_some_and(|before| before != *restarts) {
                    let why = "its service ended, and systemd started it again".to_owned();
                    return if was_well { Illness::Fatal(why) } else { Illness::Ill(why) };
                }
            }
            Some(UnitState::Unknown) | None => {}
        }
        match (&vitals.health, &vitals.unit) {
            (Some(Err(answer)), _) => Illness::Ill(answer.clone()),
            (_, Some(UnitState::Unknown)) => Illness::Unknown("its unit cannot be asked".to_owned()),
            (Some(Ok(())) | None, _) => Illness::None,
        }
    }

    /// How long this is waited for already.
    fn waited(&mut self, what: Waiting, now: Duration) -> Duration {
        match self.waiting {
            Some((waiting, since)) if waiting == what => now.saturating_sub(since),
            _ => {
                self.waiting = Some((what, now));
                Duration::ZERO
            }
        }
    }
}

enum Illness {
    None,
    /// It cannot be told.
    Unknown(String),
    Ill(String),
    Fatal(String),
}

/// Whether some server gets less than it did: it is drained, or its cookie is ignored.
fn is_held_back(rotation: &Rotation) -> bool {
    rotation.0.iter().any(|server| server.admin != Admin::Ready || server.ignores_cookies)
}
