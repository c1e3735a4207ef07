//! A small world with two containers, in which everything can go wrong.

use std::time::Duration;

use super::super::*;
use crate::haproxy::Admin;

/// Where a container stands, and what was noted on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container {
    pub(super) body: Body,
    /// Looks since its start; its fate depends on it.
    pub(super) age: u32,
}

/// What becomes of the new release.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Healthy,
    NeverHealthy,
    NoUnit,
    /// Its service ends so many looks after its start.
    Crashes(u32),
}

/// What happens at a look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Nothing,
    /// The process is killed: the machine begins anew with the goal that was written down.
    Killed,
    /// HAProxy forgets what it was told.
    Reloaded,
    /// The next action fails.
    Fails,
    PeerDown,
    PeerUp,
    Interrupted,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) old: Container,
    pub(super) new: Option<Container>,
    /// Whether it is behind a balancer, and not one itself.
    pub(super) is_behind: bool,
    pub(super) admin: Admin,
    pub(super) ignores_cookies: bool,
    /// Looks until HAProxy's check has passed; `None` when it does not run.
    pub(super) rise: Option<u32>,
    pub(super) throttle: u32,
    pub(super) requests: u64,
    pub(super) peers: usize,
    pub(super) fate: Fate,
    pub(super) interrupted: bool,
    /// The goal as the journal has it.
    pub(super) goal: Goal,
    pub(super) clock: Duration,
    /// HAProxy was reloaded since the last action: it may give requests to whom it must not.
    pub(super) forgot: bool,
}

impl World {
    pub(super) fn new(fate: Fate, peers: usize) -> Self {
        let serving = Body {
            is_live: true,
            is_running: true,
            is_attached: true,
            is_staged: true,
            is_carried: true,
            is_complete: true,
            is_proved: true,
        };
        Self {
            old: Container { body: serving, age: 100 },
            new: None,
            is_behind: true,
            admin: Admin::Ready,
            ignores_cookies: false,
            rise: Some(0),
            throttle: 0,
            requests: 2,
            peers,
            fate,
            interrupted: false,
            goal: Goal::Forward,
            clock: Duration::ZERO,
            forgot: false,
        }
    }

    pub(super) fn live(&self) -> Option<(Container, bool)> {
        let new = self.new.filter(|new| new.body.is_live).map(|new| (new, true));
        new.or(self.old.body.is_live.then_some((self.old, false)))
    }

    /// Whether what bears the name answers health checks.
    pub(super) fn answers(&self) -> bool {
        let Some((live, is_new)) = self.live() else { return false };
        let runs = live.body.is_running && live.body.is_attached;
        runs && match self.fate {
            _ if !is_new => true,
            Fate::Healthy => live.age >= 2,
            Fate::NeverHealthy | Fate::NoUnit => false,
            Fate::Crashes(age) => live.age >= 2 && live.age < age,
        }
    }

    pub(super) fn vitals(&self, container: Container, is_new: bool) -> Option<Vitals> {
        if !container.body.is_running {
            return None;
        }
        let unit = match self.fate {
            Fate::NoUnit if is_new => UnitState::Dead("not-found".to_owned()),
            Fate::Crashes(age) if is_new && container.age >= age => UnitState::Dead("failed".to_owned()),
            _ => UnitState::Active { restarts: 0 },
        };
        let health = if self.answers() { Ok(()) } else { Err("503".to_owned()) };
        Some(Vitals { unit: Some(unit), health: Some(health) })
    }

    /// Time passes, and the world is looked at.
    pub(super) fn look(&mut self) -> Seen {
        self.clock += Duration::from_millis(500);
        for container in [Some(&mut self.old), self.new.as_mut()].into_iter().flatten() {
            container.age += u32::from(container.body.is_running);
        }
        self.rise = match (self.answers(), self.rise) {
            (false, _) => Some(2),
            (true, rise) => rise.map(|rise| rise.saturating_sub(1)),
        };
        self.throttle = self.throttle.saturating_sub(1);
        self.requests = if self.admin == Admin::Ready { 2 } else { self.requests.saturating_sub(1) };
        let is_up = self.admin != Admin::Maint && self.rise == Some(0);
        let serving = Serving {
            admin: self.admin,
            is_up,
            check_passes: Some(is_up),
            throttle: (is_up && self.throttle > 0).then_some(50),
            is_sticky: true,
            ignores_cookies: self.ignores_cookies,
            requests: self.requests,
            tunnels: 0,
        };
        let restoring = self.goal != Goal::Forward;
        let (old, new) = (Some((self.old, false)), self.new.map(|new| (new, true)));
        let (entering, leaving) = if restoring { (old, new) } else { (new, old) };
        Seen {
            now: self.clock,
            entering: entering.map(|(container, _)| container.body),
            leaving: leaving.map(|(container, _)| container.body),
            rotation: Rotation(if self.is_behind { vec![serving] } else { Vec::new() }),
            peers: self.peers,
            another_is_out: false,
            was_reloaded: false,
            vitals: entering.and_then(|(container, is_new)| self.vitals(container, is_new)),
            interrupted: self.interrupted,
        }
    }

    pub(super) fn entering(&mut self) -> &mut Container {
        if self.goal != Goal::Forward {
            return &mut self.old;
        }
        self.new.as_mut().expect("what enters was staged")
    }

    pub(super) fn leaving(&mut self) -> &mut Container {
        if self.goal == Goal::Forward {
            return &mut self.old;
        }
        self.new.as_mut().expect("what leaves was staged")
    }

    pub(super) fn act(&mut self, action: &Action) {
        self.forgot = false;
        match action {
            Action::Stage => {
                self.new = Some(Container { body: Body { is_staged: true, ..Body::default() }, age: 0 });
            }
            Action::Drain => {
                self.ignores_cookies = true;
                self.admin = if self.admin == Admin::Ready { Admin::Drain } else { self.admin };
            }
            Action::Maintain => self.admin = Admin::Maint,
            Action::Halt => {
                let leaving = self.leaving();
                leaving.body.is_proved = false;
                leaving.body.is_running = false;
            }
            Action::Carry => self.entering().body.is_carried = true,
            Action::Detach => self.leaving().body.is_attached = false,
            Action::MoveAside => self.leaving().body.is_live = false,
            Action::MoveIn => self.entering().body.is_live = true,
            Action::Attach => self.entering().body.is_attached = true,
            Action::Recheck if !self.is_behind => {}
            Action::Recheck => {
                self.ignores_cookies = true;
                self.admin = Admin::Drain;
                self.rise = Some(2);
            }
            Action::Start => {
                self.entering().body.is_running = true;
                self.entering().age = 0;
            }
            Action::Complete => {
                let entering = self.entering();
                assert!(entering.body.is_running && entering.body.is_carried, "it is completed once it can be");
                entering.body.is_complete = true;
            }
            Action::Prove => self.entering().body.is_proved = true,
            Action::Ready | Action::GiveBack => {
                self.throttle = if self.admin == Admin::Ready { self.throttle } else { 4 };
                self.admin = Admin::Ready;
                self.ignores_cookies = false;
            }
            Action::Turn(why) => self.goal = Goal::Restore(why.clone()),
            Action::Wait(_) | Action::Commit | Action::Stop(_) => {}
        }
    }

    /// Whether a request can come to a container that is not known to be well.
    pub(super) fn exposes(&self) -> bool {
        let proved = self.live().is_some_and(|(live, _)| live.body.is_proved && live.body.is_running);
        self.is_behind && self.admin == Admin::Ready && !self.forgot && !proved
    }
}
