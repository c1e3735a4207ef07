//! Performs what the machine asks for, one instance at a time: looks, asks, does, and looks again.

mod act;
mod look;
mod stopwatch;

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::balance::{Balance, Target};
use super::contract::Contract;
use super::event::{self, Event, Step, detail};
use super::fleet::Pool;
use super::instance::{Containers, Names, marks};
use super::journal::{Course, Journal};
use super::lock::Lock;
use super::plan::release_of;
use super::probe::{Probe, Reach};
use super::receipt::{Entry, Outcome, Release, seconds};
use super::swap::{Action, Ending, Goal, Swap, Terms, Wait};
use crate::haproxy;
use crate::incus::{self, Client, Fingerprint, InstanceName};
use crate::interrupt::Interrupt;
use crate::{Error, Result};
use stopwatch::Stopwatch;

/// How long Incus or HAProxy may be away in the middle of a swap, as while one of them restarts.
const PATIENCE: Duration = Duration::from_secs(120);
/// Times that an action is tried which is refused; on the way back, five times as often.
const MOST_ATTEMPTS: u32 = 3;
/// Times in a row that an action may have no effect: what it does is undone by somebody else, or cannot be done.
const MOST_REPEATS: u32 = 20;
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Whom a rollout tells what happens.
pub type Audience<'a> = &'a dyn Fn(&Event<'_>);

/// What a rollout of one pool works with.
pub struct Runner<'a> {
    /// Incus.
    pub client: &'a Client,
    /// HAProxy.
    pub balance: &'a Balance,
    /// The pool.
    pub pool: &'a Pool,
    /// How to find its servers, by instance.
    pub targets: &'a BTreeMap<InstanceName, Target>,
    /// What the entering containers promise; those of a rollback each their own.
    pub contracts: &'a BTreeMap<InstanceName, Contract>,
    /// What is done, kept in the lock.
    pub journal: Journal,
    /// The pool's lock.
    pub lock: &'a mut Lock,
    /// Whether an instance may go out although clients that bear its cookie keep coming.
    pub allow_sticky_race: bool,
    /// Who can stop it.
    pub interrupt: &'a Interrupt,
    /// Who is told.
    pub audience: Audience<'a>,
}

/// Why something could not be done.
#[derive(Debug)]
enum Trouble {
    /// Incus or HAProxy is away, or somebody else wrote meanwhile: look again.
    Lost(String),
    /// It was refused.
    Refused(String),
}

impl Trouble {
    fn why(self) -> String {
        match self {
            Self::Lost(why) | Self::Refused(why) => why,
        }
    }
}

impl From<incus::Failure> for Trouble {
    fn from(failure: incus::Failure) -> Self {
        match failure.kind() {
            incus::Kind::Lost | incus::Kind::Changed => Self::Lost(failure.to_string()),
            _ => Self::Refused(failure.to_string()),
        }
    }
}

impl From<haproxy::Failure> for Trouble {
    fn from(failure: haproxy::Failure) -> Self {
        match failure.kind() {
            haproxy::Kind::Lost => Self::Lost(failure.to_string()),
            _ => Self::Refused(failure.to_string()),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        if error.is_lost() { Self::Lost(error.line()) } else { Self::Refused(error.line()) }
    }
}

/// One instance's swap under way.
struct Work<'a> {
    instance: &'a InstanceName,
    names: Names,
    target: Target,
    probe: Probe,
    reach: Option<Reach>,
    swap: Swap,
    began: Instant,
    watch: Stopwatch,
    before: Release,
    /// Whether what will be carried was looked at.
    is_surveyed: bool,
    /// When its container was started.
    started: Option<Instant>,
    /// Which processes of HAProxy answered last.
    processes: Option<Vec<haproxy::Started>>,
    /// When others did for the first time.
    reloaded: Option<Instant>,
    /// The failed unit's state and journal, taken before its container is stopped.
    evidence: Vec<String>,
}

impl Runner<'_> {
    /// Brings one instance to where the journal wants it, or back.
    ///
    /// # Errors
    /// The lock was lost, or the journal cannot be written: whoever has the lock now goes on.
    pub fn run(&mut self, instance: &InstanceName) -> Result<Entry> {
        let mut work = self.take_up(instance)?;
        let outcome = self.bring(&mut work)?;
        let after = self.release_of(&work.names.live);
        let entry = Entry {
            pool: self.pool.name.to_string(),
            instance: instance.to_string(),
            before: work.before.clone(),
            after,
            out_of_rotation: work.watch.out_of_rotation().map(seconds),
            stop_to_healthy: work.watch.stop_to_healthy().map(seconds),
            sessions_drained: work.watch.drained,
            sessions_cut: work.watch.cut,
            traffic: work.watch.traffic,
            steps: work.watch.into_steps(),
            outcome,
        };
        let ended = Event::Ended {
            instance: instance.as_str(),
            outcome: &entry.outcome,
            seconds: seconds(work.began.elapsed()),
        };
        (self.audience)(&ended);
        Ok(entry)
    }

    fn take_up<'w>(&mut self, instance: &'w InstanceName) -> Result<Work<'w>> {
        let names = Names::of(instance)
            .ok_or_else(|| Error::invalid(format!("`{instance}` is too long a name to keep `-prev` beside it")))?;
        let goal = match self.course(instance) {
            Course::Back(why) => Goal::Restore(why),
            _ => Goal::Forward,
        };
        if goal == Goal::Forward {
            self.set_course(instance, Course::Forward)?;
        }
        let target = self.targets.get(instance).cloned();
        let target = target.unwrap_or_else(|| Target { name: instance.clone(), addresses: Vec::new() });
        let probe = match &goal {
            Goal::Forward => Probe::new(self.client, &self.contracts.get(instance).cloned().unwrap_or_default()),
            Goal::Restore(_) => self.probe_back(&names),
        };
        Ok(Work {
            instance,
            before: self.release_of(&names.live),
            names,
            target,
            probe,
            reach: None,
            swap: Swap::new(self.terms(), goal),
            began: Instant::now(),
            watch: Stopwatch::new(),
            is_surveyed: false,
            started: None,
            processes: None,
            reloaded: None,
            evidence: Vec::new(),
        })
    }

    fn terms(&self) -> Terms {
        let pace = self.pool.pace;
        Terms {
            min_available: self.pool.min_available,
            drain: pace.drain,
            websocket: pace.websocket,
            healthy: pace.healthy,
            healthy_count: pace.healthy_count,
            healthy_for: pace.healthy_for,
            allow_sticky_race: self.allow_sticky_race,
        }
    }

    /// The loop: look, ask the machine, act.
    fn bring(&mut self, work: &mut Work<'_>) -> Result<Outcome> {
        let mut away_since: Option<Instant> = None;
        let (mut refused, mut asked) = (Streak::default(), Streak::default());
        loop {
            let look = self.look(work);
            // Nothing is done to Incus that was not looked at, and a look may take longer than a lock lives.
            if look.is_ok() {
                self.lock.check()?;
            }
            let done = look.and_then(|look| {
                let action = work.swap.next(&look.seen);
                self.announce(work, &action, &look);
                match asked.of(&action) {
                    // Waiting may go on: every wait has its own end.
                    _ if matches!(action, Action::Wait(_)) => {}
                    0..=1 => {}
                    2..=MOST_REPEATS => sleep(PAUSE / 4),
                    _ => return Ok(Ok(work.swap.failed(format!("`{}` has no effect", event::name(&action))))),
                }
                match self.act(work, &action, &look) {
                    Ok(()) => Ok(Ok(action)),
                    Err(Trouble::Refused(why)) => Ok(Err((action, why))),
                    Err(lost) => {
                        work.swap.undone(&action);
                        Err(lost)
                    }
                }
            });
            let action = match done {
                Ok(Ok(action)) => {
                    (away_since, refused) = (None, Streak::default());
                    action
                }
                Ok(Err((action, why))) => {
                    away_since = None;
                    let attempts = refused.of(&action);
                    // There is nothing better than what served before.
                    let most = if *work.swap.goal() == Goal::Forward { MOST_ATTEMPTS } else { 5 * MOST_ATTEMPTS };
                    work.swap.undone(&action);
                    if attempts < most {
                        self.progress(work, Step::of(&action), why);
                        sleep(PAUSE);
                        continue;
                    }
                    work.swap.failed(why)
                }
                // While something is away, nothing is done: what serves goes on serving.
                Err(Trouble::Lost(why) | Trouble::Refused(why)) => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return Ok(Outcome::Stuck { why });
                    }
                    self.progress(work, work.watch.step(), why);
                    sleep(PAUSE / 2);
                    continue;
                }
            };
            match action {
                Action::Commit => return self.end(work),
                Action::Turn(why) => self.turn(work, why)?,
                Action::Stop(ending) => return self.stop(work, ending),
                Action::Wait(wait) => sleep(pause(&wait)),
                _ => {}
            }
        }
    }

    /// From here on, the container from before comes back.
    fn turn(&mut self, work: &mut Work<'_>, why: String) -> Result<()> {
        self.note(work, format!("{why}; restoring"));
        work.evidence = self.evidence(work);
        self.set_course(work.instance, Course::Back(why.clone()))?;
        work.swap = Swap::new(self.terms(), Goal::Restore(why));
        work.probe = self.probe_back(&work.names);
        Ok(())
    }

    fn end(&mut self, work: &mut Work<'_>) -> Result<Outcome> {
        let Goal::Restore(why) = work.swap.goal().clone() else {
            self.set_course(work.instance, Course::Done)?;
            self.tidy(work);
            return Ok(Outcome::Done);
        };
        // Whoever takes this up after a kill is to tell the same, and to leave the next instance alone.
        let was_out = self.was_out(work);
        let course = if was_out { Course::Restored } else { Course::GivenUp };
        self.set_course(work.instance, course(why.clone()))?;
        self.tidy(work);
        Ok(match was_out {
            true => Outcome::Restored { why, evidence: std::mem::take(&mut work.evidence) },
            false => Outcome::GivenUp { why },
        })
    }

    fn stop(&mut self, work: &Work<'_>, ending: Ending) -> Result<Outcome> {
        Ok(match ending {
            Ending::Interrupted => Outcome::Interrupted,
            Ending::Untouched(why) => {
                self.set_course(work.instance, Course::Waiting)?;
                Outcome::Untouched { why }
            }
            Ending::Stuck(why) => Outcome::Stuck { why },
        })
    }

    /// A probe of the service that served before, by what its own image says.
    fn probe_back(&self, names: &Names) -> Probe {
        let containers = Containers::look(self.client, names).ok();
        let sides = containers.as_ref().map(|containers| containers.sides(self.journal.kind, &self.journal.id));
        let outgoing = sides.and_then(|sides| sides.outgoing);
        let contract = outgoing.and_then(|outgoing| Contract::of_container(outgoing).ok());
        Probe::new(self.client, &contract.unwrap_or_default())
    }

    /// Whether the container that serves again was stopped meanwhile. When it cannot be told, it was.
    fn was_out(&self, work: &Work<'_>) -> bool {
        let live = self.client.instance(&work.names.live).ok().flatten();
        live.is_none_or(|live| marks::has(&live, marks::HALTED, &self.journal.id))
    }

    fn course(&self, instance: &InstanceName) -> Course {
        self.journal.instances.get(instance.as_str()).cloned().unwrap_or(Course::Waiting)
    }

    fn set_course(&mut self, instance: &InstanceName, course: Course) -> Result<()> {
        if self.journal.instances.get(instance.as_str()) == Some(&course) {
            return Ok(());
        }
        self.journal.instances.insert(instance.to_string(), course);
        self.lock.write(&self.journal)
    }

    /// What the container of that name was made of; nothing where it cannot be told.
    fn release_of(&self, name: &InstanceName) -> Release {
        self.client.instance(name).ok().flatten().as_ref().map(release_of).unwrap_or_default()
    }

    /// The image that a rollout brings.
    fn image(&self) -> Option<Fingerprint> {
        Fingerprint::parse(self.journal.image.as_deref()?)
    }

    fn announce(&self, work: &mut Work<'_>, action: &Action, look: &look::Look) {
        if let Action::Stop(_) = action {
            return;
        }
        let step = Step::of(action);
        let (instance, name) = (work.instance.as_str(), event::name(action));
        if work.watch.enter(step, name, action, &look.seen) {
            (self.audience)(&Event::Step { instance, step, action: name });
        }
        if let Action::Wait(wait) = action {
            self.progress(work, step, detail(wait));
        }
    }

    fn progress(&self, work: &Work<'_>, step: Step, detail: String) {
        (self.audience)(&Event::Progress { instance: work.instance.as_str(), step, detail });
    }
}

/// An action, and how often it came in a row.
#[derive(Default)]
struct Streak(Option<(Action, u32)>);

impl Streak {
    /// How often it has come in a row by now.
    fn of(&mut self, action: &Action) -> u32 {
        let times = self.0.take().filter(|(before, _)| before == action).map_or(1, |(_, times)| times + 1);
        self.0 = Some((action.clone(), times));
        times
    }
}

/// Until the next look. A drain is looked at often, for every look costs time out of rotation.
fn pause(wait: &Wait) -> Duration {
    Duration::from_millis(match wait {
        Wait::Idle { .. } => 100,
        Wait::Gates(_) => 150,
        Wait::Peers { .. } | Wait::Settled { .. } => 500,
    })
}
