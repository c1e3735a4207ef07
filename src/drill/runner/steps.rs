//! What each step does to Incus and HAProxy, and what is seen.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Run;
use crate::drill::judge;
use crate::drill::report::Traffic;
use crate::drill::requests::Stream;
use crate::drill::revive::revive;
use crate::drill::sessions::{Guide, Sessions};
use crate::drill::step::{Seen, Step};
use crate::haproxy::{Counters, Kind};
use crate::rollout::balance::{Target, View};
use crate::rollout::instance::marks;
use crate::rollout::receipt::seconds;
use crate::ui::Lasted;
use crate::{Error, Result};

/// Requests that are sent before and meanwhile.
const GETS: u32 = 5;
/// Between two looks at HAProxy, or at sessions.
const PAUSE: Duration = Duration::from_millis(250);

impl Run<'_> {
    pub(super) fn take(&mut self, step: Step) -> Result<Seen> {
        match step {
            Step::Ready => self.ground.ready(self.drill),
            Step::Baseline => self.baseline(),
            Step::Connect => self.connect(),
            Step::Stop => self.stop(),
            Step::Down => self.down(),
            Step::Meanwhile => self.meanwhile(),
            Step::Reconnect => Ok(self.reconnect()),
            Step::Start => self.start(),
            Step::Up => self.up(),
        }
    }

    fn baseline(&mut self) -> Result<Seen> {
        let requests = |view: &View| -> u64 { counted(view, self.ground.targets.values()).map(|of| of.requests).sum() };
        let before = requests(&self.drill.balance.observe()?);
        let tally = self.getter.send(GETS);
        let counted = requests(&self.drill.balance.observe()?).saturating_sub(before);
        let seen = judge::baseline(&tally, counted, &self.report.through);
        self.report.requests.baseline = Some(tally);
        Ok(seen)
    }

    fn connect(&mut self) -> Result<Seen> {
        let (drill, instance) = (self.drill, &self.target.name);
        let view = drill.balance.observe()?;
        let guide = Guide::new(drill.pool, &drill.balance, &view, &self.ground.targets)?;
        let wishes = drill.wishes;
        let interrupt = drill.interrupt;
        match Sessions::open(self.entry, &wishes.websocket_path, wishes.websockets, guide, instance, interrupt) {
            Ok(sessions) => {
                let seen = judge::connected(&sessions.seen(), instance);
                self.sessions = Some(sessions);
                Ok(seen)
            }
            Err(why) => Ok(Seen::bad(why)),
        }
    }

    fn stop(&mut self) -> Result<Seen> {
        let (client, name) = (self.drill.client, &self.target.name);
        self.before = traffic(&self.drill.balance.observe()?, &self.target);
        let now = client.now()?.to_string();
        self.lock.check()?;
        client.change_instance(name, &mut |settings| {
            settings.config.insert(marks::DRILL.to_owned(), now.clone());
        })?;
        let stream = Stream::start(self.getter.clone());
        self.stream =
            Some(stream.map_err(|cause| Error::failed("no thread can be started for requests").cause(cause))?);
        let at = Instant::now();
        self.stopped = Some(at);
        if let Some(sessions) = &self.sessions {
            sessions.stopped(at);
        }
        client.kill(name)?;
        Ok(Seen::good(format!("`{name}` was stopped by force")))
    }

    fn down(&mut self) -> Result<Seen> {
        let since = self.stopped.unwrap_or_else(Instant::now);
        let seen = self.wait(Step::Down, since, |view| judge::down(view, &self.target));
        if let Some(stream) = &self.stream {
            stream.end();
        }
        let seen = seen?;
        let after = since.elapsed();
        if !seen.holds {
            return Ok(seen);
        }
        self.report.down_after = Some(seconds(after));
        Ok(Seen::good(format!("{} {} after the stop", seen.detail, Lasted(after))))
    }

    fn meanwhile(&mut self) -> Result<Seen> {
        let tally = self.getter.send(GETS);
        let now = match self.drill.balance.observe() {
            Ok(view) => traffic(&view, &self.target),
            Err(failure) if failure.kind() == Kind::Lost => Traffic::default(),
            Err(failure) => return Err(failure.into()),
        };
        // A HAProxy that was reloaded meanwhile counts from zero.
        self.report.traffic = Traffic {
            connection_errors: now.connection_errors.saturating_sub(self.before.connection_errors),
            retries: now.retries.saturating_sub(self.before.retries),
            redispatches: now.redispatches.saturating_sub(self.before.redispatches),
        };
        let seen = judge::meanwhile(&tally, self.report.traffic);
        self.report.requests.meanwhile = Some(tally);
        Ok(seen)
    }

    fn reconnect(&self) -> Seen {
        let begun = Instant::now();
        loop {
            let sessions = self.sessions.as_ref().map(Sessions::seen).unwrap_or_default();
            let seen = judge::reconnected(&sessions, &self.target.name);
            if seen.holds || begun.elapsed() >= Step::Reconnect.limit() || self.drill.interrupt.is_requested() {
                return seen;
            }
            self.drill.progress(Step::Reconnect, &seen.detail);
            sleep(PAUSE);
        }
    }

    fn start(&self) -> Result<Seen> {
        let name = &self.target.name;
        if let Some(stream) = &self.stream {
            stream.end();
        }
        let unsure = self.report.trouble.as_ref().is_some_and(Error::is_lost);
        Ok(Seen::good(match revive(self.drill.client, name, unsure)? {
            true => format!("`{name}` runs"),
            false => format!("`{name}` was not stopped"),
        }))
    }

    fn up(&mut self) -> Result<Seen> {
        let since = Instant::now();
        let seen = self.wait(Step::Up, since, |view| judge::up(view, &self.target))?;
        let after = since.elapsed();
        if !seen.holds {
            return Ok(seen);
        }
        self.report.up_after = Some(seconds(after));
        Ok(Seen::good(format!("{} after the start: {}", Lasted(after), seen.detail)))
    }

    /// Looks until it holds, the step's time is over, or somebody interrupts.
    ///
    /// # Errors
    /// HAProxy does not say it. While it is away, it is asked again.
    fn wait(&self, step: Step, since: Instant, judge: impl Fn(&View) -> Seen) -> Result<Seen> {
        loop {
            let seen = match self.drill.balance.observe() {
                Ok(view) => judge(&view),
                Err(failure) if failure.kind() == Kind::Lost => Seen::bad(failure.to_string()),
                Err(failure) => return Err(failure.into()),
            };
            if seen.holds {
                return Ok(seen);
            }
            if self.drill.interrupt.is_requested() {
                return Ok(Seen::bad(format!("interrupted: {}", seen.detail)));
            }
            if since.elapsed() >= step.limit() {
                let limit = step.limit().as_secs();
                return Ok(Seen::bad(format!("not within {limit} s: {}", seen.detail)));
            }
            self.drill.progress(step, &seen.detail);
            sleep(PAUSE);
        }
    }
}

/// What HAProxy has counted on the servers of some instances.
fn counted<'t>(view: &View, targets: impl Iterator<Item = &'t Target> + Clone) -> impl Iterator<Item = Counters> {
    view.counters(targets).into_values()
}

fn traffic(view: &View, target: &Target) -> Traffic {
    counted(view, std::iter::once(target)).fold(Traffic::default(), |sum, of| Traffic {
        connection_errors: sum.connection_errors + of.connection_errors,
        retries: sum.retries + of.retries,
        redispatches: sum.redispatches + of.redispatches,
    })
}
