//! A rollout or a rollback of whole pools: takes their locks, takes up what was cut off, and goes from instance to
//! instance until one does not get there.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use jiff::Timestamp;

use super::balance::{Balance, Target};
use super::contract::Contract;
use super::fleet::{Fleet, Pool, PoolName};
use super::instance::Containers;
use super::journal::{Course, Journal};
use super::lock::{self, Lock};
use super::plan::{Plan, PoolPlan};
use super::receipt::{Entry, Outcome, Receipt, Release, Traffic};
use super::runner::{Audience, Runner};
use super::survey::{Purpose, Survey, Surveyor};
use crate::incus::{Client, InstanceName};
use crate::interrupt::Interrupt;
use crate::ui::Listener;
use crate::{Error, Result};

/// What an operation works with.
pub struct Operation<'a> {
    /// Incus.
    pub client: &'a Client,
    /// The fleet, with the pools that are meant.
    pub fleet: &'a Fleet,
    /// The sockets of HAProxy.
    pub balance: Balance,
    /// What is done.
    pub purpose: Purpose<'a>,
    /// Go on without a drain map.
    pub allow_sticky_race: bool,
    /// Go on where nobody is served meanwhile.
    pub accept_outage: bool,
    /// Who can stop it.
    pub interrupt: &'a Interrupt,
    /// Who is told what happens to the instances.
    pub audience: Audience<'a>,
    /// Who is told the rest.
    pub listener: &'a dyn Listener,
}

/// What came of an operation.
#[derive(Debug)]
pub enum Ended {
    /// Every instance runs already what it is to run; nothing was done.
    NothingToDo(Plan),
    /// Something was done, and what kept the rest from being done, beside what became of the instances: a lock was lost, or
    /// could not be given back.
    Run(Receipt, Option<Error>),
}

impl Operation<'_> {
    /// What would be done, and what is in the way of it. Nothing is changed.
    ///
    /// # Errors
    /// Somebody else has a lock, or Incus or HAProxy cannot be asked.
    pub fn plan(&mut self) -> Result<(Plan, Survey)> {
        let (mut resumed, mut notes) = (BTreeSet::new(), Vec::new());
        for pool in &self.fleet.pools {
            let Some(held) = lock::look(self.client, &pool.name)? else { continue };
            if let Some(refusal) = held.refusal(&pool.name) {
                return Err(refusal);
            }
            if let Some(journal) = &held.journal {
                check_members(pool, journal)?;
                let goes_on = if self.is_same(journal) { "gone on with" } else { "taken back first" };
                notes.push(format!("{}, and is {goes_on}", which(pool, journal)));
                resumed.insert(pool.name.clone());
            }
        }
        let mut survey = self.survey(&resumed)?;
        survey.notes.splice(0..0, notes);
        Ok((Plan::new(self.fleet, &survey, self.purpose), survey))
    }

    /// Does it.
    ///
    /// # Errors
    /// Somebody else has a lock, something is in the way, or the image cannot be imported: nothing was changed. What
    /// becomes of an instance is in the receipt.
    pub fn run(mut self, told: &mut dyn FnMut(&Plan)) -> Result<Ended> {
        let began = self.client.now()?;
        let mut locks = self.take_locks()?;
        let ended = self.go(&mut locks, began, told);
        let is_over = match &ended {
            Ok(Ended::NothingToDo(_)) => true,
            Ok(Ended::Run(receipt, trouble)) => receipt.is_over() && trouble.is_none(),
            Err(_) => false,
        };
        let released = give_back(locks, if is_over { Lock::finish } else { Lock::suspend });
        // The first error is the one to be told.
        match ended? {
            Ended::Run(receipt, trouble) => Ok(Ended::Run(receipt, trouble.or(released.err()))),
            nothing => released.map(|()| nothing),
        }
    }

    fn take_locks(&self) -> Result<Vec<Lock>> {
        let mut locks = Vec::new();
        for pool in &self.fleet.pools {
            match Lock::take(self.client, &pool.name, self.purpose.kind().verb()) {
                Ok(lock) => locks.push(lock),
                Err(error) => {
                    // The first error is the one to be told.
                    let _ = give_back(locks, Lock::suspend);
                    return Err(error);
                }
            }
        }
        Ok(locks)
    }

    fn survey(&mut self, resumed: &BTreeSet<PoolName>) -> Result<Survey> {
        let surveyor = Surveyor {
            client: self.client,
            fleet: self.fleet,
            purpose: self.purpose,
            allow_sticky_race: self.allow_sticky_race,
            accept_outage: self.accept_outage,
            resumed,
        };
        surveyor.run(&mut self.balance)
    }

    fn go(&mut self, locks: &mut [Lock], began: Timestamp, told: &mut dyn FnMut(&Plan)) -> Result<Ended> {
        for (lock, pool) in locks.iter().zip(&self.fleet.pools) {
            lock.journal().map_or(Ok(()), |journal| check_members(pool, journal))?;
        }
        let cut_off = self.cut_off(locks);
        for (lock, pool) in locks.iter_mut().zip(&self.fleet.pools) {
            if lock.journal().is_some_and(|journal| !self.is_same(journal)) {
                self.undo(lock, pool, &cut_off)?;
            }
        }
        let resumed = self.cut_off(locks);
        let survey = self.survey(&resumed)?.clear()?;
        let plan = Plan::new(self.fleet, &survey, self.purpose);
        if plan.is_empty() && resumed.is_empty() {
            return Ok(Ended::NothingToDo(plan));
        }
        if let Purpose::Rollout(candidate) = self.purpose {
            candidate.import(self.client, self.listener, self.interrupt)?;
        }
        told(&plan);
        let taken_up = locks.iter().find_map(|lock| lock.journal().map(|journal| journal.id.clone()));
        let mut receipt = Receipt {
            operation: taken_up.unwrap_or_else(|| operation_id(began)),
            kind: self.purpose.kind(),
            image: plan.image.clone(),
            began,
            ended: began,
            instances: Vec::new(),
        };
        let mut trouble = None;
        for ((lock, pool), planned) in locks.iter_mut().zip(&self.fleet.pools).zip(&plan.pools) {
            let journal = lock.journal().cloned().unwrap_or_else(|| self.journal(&receipt, planned));
            let done =
                lock.write(&journal).and_then(|()| self.pool(lock, pool, journal, planned, &survey, &mut receipt));
            if let Err(error) = done {
                trouble = Some(error);
                break;
            }
        }
        receipt.ended = self.client.now().unwrap_or(began);
        Ok(Ended::Run(receipt, trouble))
    }

    /// The pools in which something was cut off.
    fn cut_off(&self, locks: &[Lock]) -> BTreeSet<PoolName> {
        let pools = locks.iter().zip(&self.fleet.pools);
        pools.filter(|(lock, _)| lock.journal().is_some()).map(|(_, pool)| pool.name.clone()).collect()
    }

    /// Whether an operation that was cut off is the one that is asked for.
    fn is_same(&self, journal: &Journal) -> bool {
        journal.kind == self.purpose.kind()
            && match self.purpose {
                Purpose::Rollout(candidate) => journal.image.as_deref() == Some(candidate.fingerprint.as_str()),
                Purpose::Rollback => true,
            }
    }

    fn journal(&self, receipt: &Receipt, planned: &PoolPlan) -> Journal {
        let wanted = planned.instances.iter().filter(|instance| !instance.steps.is_empty());
        Journal {
            id: receipt.operation.clone(),
            kind: receipt.kind,
            image: receipt.image.as_ref().map(|image| image.fingerprint.clone()),
            release: receipt.image.as_ref().map(|image| image.release.clone()).unwrap_or_default(),
            started: receipt.began,
            instances: wanted.map(|instance| (instance.instance.clone(), Course::Waiting)).collect(),
        }
    }

    /// Brings a pool to the end of its journal, or to the first instance that does not get there.
    fn pool(
        &self,
        lock: &mut Lock,
        pool: &Pool,
        journal: Journal,
        planned: &PoolPlan,
        survey: &Survey,
        receipt: &mut Receipt,
    ) -> Result<()> {
        let courses = journal.instances.clone();
        let contracts = self.contracts(pool, survey, &journal);
        let targets = targets(pool, survey);
        let mut runner = self.runner(pool, &targets, &contracts, journal, lock);
        for instance in in_order(pool, &courses) {
            let entry = |outcome| {
                let plan = planned.instances.iter().find(|plan| plan.instance == instance.as_str());
                let runs = plan.map(|plan| plan.from.clone()).unwrap_or_default();
                empty_entry(pool, instance, runs, outcome)
            };
            let entry = match courses.get(instance.as_str()) {
                None | Some(Course::Done) => entry(Outcome::AlreadyThere),
                Some(Course::Restored(why)) => entry(Outcome::Restored { why: why.clone(), evidence: Vec::new() }),
                Some(Course::GivenUp(why)) => entry(Outcome::GivenUp { why: why.clone() }),
                _ if receipt.has_failed() => entry(Outcome::NotReached),
                _ if self.interrupt.is_requested() && courses.get(instance.as_str()) == Some(&Course::Waiting) => {
                    entry(Outcome::Interrupted)
                }
                Some(_) => runner.run(instance)?,
            };
            receipt.instances.push(entry);
        }
        Ok(())
    }

    /// Takes another operation back that was cut off: what it has half done must not stay so.
    fn undo(&mut self, lock: &mut Lock, pool: &Pool, cut_off: &BTreeSet<PoolName>) -> Result<()> {
        let Some(mut journal) = lock.journal().cloned() else { return Ok(()) };
        let note = format!("{}: what it left half done is taken back first", which(pool, &journal));
        self.listener.event(crate::ui::Event::Note(note));
        let survey = self.survey(cut_off)?.clear()?;
        for course in journal.instances.values_mut() {
            if *course == Course::Forward {
                *course = Course::Back("another operation was begun".to_owned());
            }
        }
        lock.write(&journal)?;
        let courses = journal.instances.clone();
        let (targets, contracts) = (targets(pool, &survey), promised(&survey, &journal));
        let mut runner = self.runner(pool, &targets, &contracts, journal, lock);
        for instance in in_order(pool, &courses) {
            if !matches!(courses.get(instance.as_str()), Some(Course::Back(_))) {
                continue;
            }
            if let Outcome::Stuck { why } = runner.run(instance)?.outcome {
                return Err(
                    Error::failed(format!("what was left half done of `{instance}` cannot be taken back")).cause(why)
                );
            }
        }
        lock.clear()
    }

    fn runner<'r>(
        &'r self,
        pool: &'r Pool,
        targets: &'r BTreeMap<InstanceName, Target>,
        contracts: &'r BTreeMap<InstanceName, Contract>,
        journal: Journal,
        lock: &'r mut Lock,
    ) -> Runner<'r> {
        Runner {
            client: self.client,
            balance: &self.balance,
            pool,
            targets,
            contracts,
            journal,
            lock,
            allow_sticky_race: self.allow_sticky_race,
            interrupt: self.interrupt,
            audience: self.audience,
        }
    }

    /// What each container that comes promises.
    fn contracts(&self, pool: &Pool, survey: &Survey, journal: &Journal) -> BTreeMap<InstanceName, Contract> {
        let of = |instance: &InstanceName| {
            let containers = survey.containers.get(instance)?;
            Some((instance.clone(), self.purpose.contract(containers, &journal.id)))
        };
        pool.instances.iter().filter_map(of).collect()
    }
}

/// How to find the servers of a pool's instances.
fn targets(pool: &Pool, survey: &Survey) -> BTreeMap<InstanceName, Target> {
    let target = |instance: &InstanceName| Some((instance.clone(), survey.targets.get(instance)?.clone()));
    pool.instances.iter().filter_map(target).collect()
}

/// What the containers promise that an operation has brought, by their own account.
fn promised(survey: &Survey, journal: &Journal) -> BTreeMap<InstanceName, Contract> {
    let contract = |(instance, containers): (&InstanceName, &Containers)| {
        let incoming = containers.sides(journal.kind, &journal.id).incoming?;
        Some((instance.clone(), Contract::of_container(incoming).ok()?))
    };
    survey.containers.iter().filter_map(contract).collect()
}

/// An operation goes on with the instances that it has begun with.
fn check_members(pool: &Pool, journal: &Journal) -> Result<()> {
    let is_begun = |course: &Course| matches!(course, Course::Forward | Course::Back(_));
    let is_member = |name: &String| pool.instances.iter().any(|instance| instance.as_str() == name);
    let lost = journal.instances.iter().find(|(name, course)| is_begun(course) && !is_member(name));
    let Some((name, _)) = lost else { return Ok(()) };
    Err(Error::refused(format!(
        "{}, and left `{name}` half done, which is not in the pool any more",
        which(pool, journal)
    ))
    .hint(format!("put `{name}` back into `instances` of the pool, until the operation is over")))
}

/// That an operation was cut off, and which.
fn which(pool: &Pool, journal: &Journal) -> String {
    format!("pool `{}`: {} was cut off", pool.name, journal.called())
}

/// Gives every lock back, whatever becomes of the others; the first error, if any.
fn give_back(locks: Vec<Lock>, give: impl Fn(Lock) -> Result<()>) -> Result<()> {
    locks.into_iter().map(give).fold(Ok(()), Result::and)
}

/// What was begun is ended first, and what has failed keeps the others from being begun.
fn in_order<'p>(pool: &'p Pool, courses: &BTreeMap<String, Course>) -> Vec<&'p InstanceName> {
    let is_under_way = |instance: &&InstanceName| {
        let course = courses.get(instance.as_str());
        course.is_some_and(|course| !matches!(course, Course::Waiting | Course::Done))
    };
    let (mut begun, rest): (Vec<_>, Vec<_>) = pool.instances.iter().partition(is_under_way);
    begun.extend(rest);
    begun
}

fn empty_entry(pool: &Pool, instance: &InstanceName, runs: Release, outcome: Outcome) -> Entry {
    Entry {
        pool: pool.name.to_string(),
        instance: instance.to_string(),
        before: runs.clone(),
        after: runs,
        outcome,
        steps: Vec::new(),
        out_of_rotation: None,
        stop_to_healthy: None,
        sessions_drained: 0,
        sessions_cut: 0,
        traffic: Traffic::default(),
    }
}

/// Tells an operation from every other, and when it began.
fn operation_id(began: Timestamp) -> String {
    // A hasher of its own, keyed at random.
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{:08x}", began.strftime("%Y%m%dT%H%M%SZ"), random & 0xffff_ffff)
}
