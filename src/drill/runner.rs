//! Takes the steps of a drill, one after another.

mod steps;

use std::time::Instant;

use super::course::Course;
use super::ground::Ground;
use super::judge;
use super::report::{Report, Traffic};
use super::requests::{Getter, Stream};
use super::sessions::Sessions;
use super::step::{Check, Seen, Step, Verdict};
use crate::diagnostic::nearest;
use crate::haproxy::Address;
use crate::incus::{Client, InstanceName};
use crate::interrupt::Interrupt;
use crate::rollout::balance::{Balance, Target};
use crate::rollout::census::unfinished;
use crate::rollout::fleet::{Entry, Fleet, Pool};
use crate::rollout::lock::Lock;
use crate::rollout::receipt::seconds;
use crate::rootfs::escaped;
use crate::{Error, Result};

/// The subcommand, as the lock tells it.
const VERB: &str = "drill";

/// What is to be found out.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The instance that is stopped; otherwise the first of its pool.
    pub instance: Option<String>,
    /// Where requests go in; otherwise what the pool says.
    pub through: Option<Entry>,
    /// The path of the requests; otherwise that of the health check.
    pub health_path: Option<String>,
    /// How many WebSockets are kept open.
    pub websockets: usize,
    /// The path at which they are.
    pub websocket_path: String,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A step began.
    Begun(Step),
    /// How far it is, in words.
    Progress(Step, &'a str),
    /// A step is over.
    Ended(&'a Check),
    /// Worth knowing.
    Note(String),
}

/// Whom a drill tells what happens.
pub type Audience<'a> = &'a dyn Fn(&Event<'_>);

/// What a drill works with.
pub struct Drill<'a> {
    /// Incus.
    pub client: &'a Client,
    /// The fleet.
    pub fleet: &'a Fleet,
    /// Its pool that is meant.
    pub pool: &'a Pool,
    /// The sockets of HAProxy.
    pub balance: Balance,
    /// What is to be found out.
    pub wishes: &'a Wishes,
    /// Who can stop it.
    pub interrupt: &'a Interrupt,
    /// Who is told.
    pub audience: Audience<'a>,
}

impl Drill<'_> {
    /// Does it. Whatever it finds, the container runs again when it is over, unless the report says otherwise.
    ///
    /// # Errors
    /// Nothing was stopped: the request is wrong, the pool has no spare, somebody works on it, something is in the way,
    /// somebody interrupted, or Incus or HAProxy cannot be asked.
    pub fn run(&self) -> Result<Report> {
        if self.pool.is_balancer() {
            let name = &self.pool.name;
            let text = format!("the pool `{name}` is one of balancers: no other balancer would find one of them DOWN");
            return Err(Error::invalid(text).hint("`--pool` names one behind them"));
        }
        let instance = self.instance()?;
        let entry = &self.entry()?;
        if self.pool.instances.len() < 2 {
            let text =
                format!("the pool `{}` has no spare: nobody would serve while `{instance}` is stopped", self.pool.name);
            return Err(Error::refused(text));
        }
        let lock = Lock::take(self.client, &self.pool.name, VERB)?;
        let outcome = self.under(&lock, instance, entry);
        // Without a journal of ours it is deleted; one that was found stays. A lock that cannot be deleted expires.
        let _ = lock.suspend();
        outcome
    }

    fn instance(&self) -> Result<&InstanceName> {
        let all = &self.pool.instances;
        let wanted = self.wishes.instance.as_deref();
        let found = match wanted {
            Some(wanted) => all.iter().find(|instance| instance.as_str() == wanted),
            None => all.first(),
        };
        found.ok_or_else(|| {
            let wanted = wanted.unwrap_or_default();
            let error = Error::invalid(format!(
                "the pool `{}` has no instance `{}`",
                self.pool.name,
                escaped(wanted.as_bytes())
            ));
            match nearest(wanted, all.iter().map(InstanceName::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// Where requests go in: where it is said, else at the container that HAProxy runs in.
    fn entry(&self) -> Result<Entry> {
        let said = self.wishes.through.as_ref().or(self.pool.entry.as_ref()).cloned();
        said.or_else(|| self.fleet.balancer.sockets.iter().find_map(|socket| self.entry_of(socket))).ok_or_else(|| {
            Error::invalid(format!("nobody says where clients of the pool `{}` come in", self.pool.name))
                .hint("`--through http://HOST:PORT` names the balancer's address")
                .hint("`entry = \"http://HOST:PORT\"` in the fleet's `[[pool]]`, or in a layout's `[pool]`, does it for good")
        })
    }

    fn entry_of(&self, socket: &Address) -> Option<Entry> {
        let Address::Incus { instance, .. } = socket else { return None };
        let address = self.client.state(instance).ok()?.ipv4()?;
        Entry::parse(&format!("http://{address}")).ok()
    }

    fn under(&self, lock: &Lock, instance: &InstanceName, entry: &Entry) -> Result<Report> {
        if let Some(journal) = lock.journal() {
            let since = "a drill takes a pool on which nobody is at work";
            return Err(unfinished(journal, self.fleet, &self.pool.name, since));
        }
        let began = self.client.now()?;
        let ground = Ground::find(self, instance)?;
        let path = match &self.wishes.health_path {
            Some(path) => path.clone(),
            None => ground.health_path(instance)?,
        };
        let report = Report {
            fleet: self.fleet.name.clone(),
            pool: self.pool.name.to_string(),
            instance: instance.to_string(),
            through: entry.to_string(),
            began,
            ..Report::default()
        };
        let target = ground.targets.get(instance).cloned();
        let target = target.ok_or_else(|| Error::failed(format!("`{instance}` cannot be looked for")))?;
        let getter = Getter::new(entry, &path);
        let run = Run {
            drill: self,
            lock,
            ground,
            target,
            entry,
            getter,
            sessions: None,
            stream: None,
            stopped: None,
            before: Traffic::default(),
            report,
        };
        run.go()
    }

    pub(super) fn progress(&self, step: Step, detail: &str) {
        (self.audience)(&Event::Progress(step, detail));
    }

    /// # Errors
    /// Somebody asked to stop, before anything was done.
    pub(super) fn interrupted(&self) -> Result<()> {
        match self.interrupt.is_requested() {
            true => Err(Error::interrupted("interrupted; nothing was stopped")),
            false => Ok(()),
        }
    }
}

/// A drill under way.
struct Run<'a> {
    drill: &'a Drill<'a>,
    lock: &'a Lock,
    ground: Ground,
    /// The instance that is stopped.
    target: Target,
    entry: &'a Entry,
    getter: Getter,
    sessions: Option<Sessions>,
    /// Requests that go on until it is known that the instance is DOWN.
    stream: Option<Stream>,
    stopped: Option<Instant>,
    /// What HAProxy had counted before the stop.
    before: Traffic,
    report: Report,
}

impl Run<'_> {
    fn go(mut self) -> Result<Report> {
        let (drill, mut course) = (self.drill, Course::new(self.drill.wishes.websockets > 0));
        while let Some(step) = course.next() {
            (drill.audience)(&Event::Begun(step));
            let begun = Instant::now();
            let taken = self.take(step);
            if drill.interrupt.is_requested() {
                course.interrupt();
            }
            let seen = match taken {
                Ok(seen) => seen,
                Err(error) if step < Step::Stop => return Err(error),
                Err(error) => {
                    let seen = Seen::bad(error.line());
                    // The first error is the one to be told.
                    self.report.trouble.get_or_insert(error);
                    seen
                }
            };
            let result = if seen.holds { Verdict::Passed } else { Verdict::Failed };
            let check = Check { step, result, seconds: seconds(begun.elapsed()), detail: seen.detail };
            (drill.audience)(&Event::Ended(&check));
            course.take(check);
        }
        self.end(&course)
    }

    fn end(mut self, course: &Course) -> Result<Report> {
        let mut report = self.report;
        report.checks = course.checks();
        report.passed = report.checks.iter().all(|check| check.result == Verdict::Passed);
        let is_cut_short = report.checks.iter().any(|check| check.result == Verdict::NotReached);
        if is_cut_short && !course.has_begun() {
            self.drill.interrupted()?;
        }
        if !report.passed && self.drill.interrupt.is_requested() {
            let text = format!("interrupted; `{}` runs again", self.target.name);
            report.trouble.get_or_insert_with(|| Error::interrupted(text));
        }
        report.requests.until_down = self.stream.take().map(Stream::tally);
        report.websockets = self.sessions.take().map(|sessions| sessions.seen()).unwrap_or_default();
        report.lost = judge::lost(&report.websockets);
        Ok(report)
    }
}
