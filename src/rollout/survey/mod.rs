//! What is looked at before anything is changed: everything that is in the way is told at once.

mod balancer;
mod instances;

use std::collections::{BTreeMap, BTreeSet};

use super::balance::{Balance, Target};
use super::candidate::Candidate;
use super::contract::Contract;
use super::fleet::{Fleet, Pool, PoolName};
use super::instance::{Containers, Names, marks};
use super::journal::Kind;
use crate::error::Class;
use crate::incus::{Client, Instance, InstanceName};
use crate::{Error, Result};

pub(crate) use balancer::{out_of_place, without_full_share, without_server};
pub(crate) use instances::{absent, not_running, unfit};

/// What is about to be done.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// Containers are made of this image.
    Rollout(&'a Candidate),
    /// The containers from before come back.
    Rollback,
}

impl Purpose<'_> {
    /// What is done.
    pub fn kind(self) -> Kind {
        match self {
            Self::Rollout(_) => Kind::Rollout,
            Self::Rollback => Kind::Rollback,
        }
    }

    /// What the container that the operation brings promises, as far as its image says: of a rollback, the one from before,
    /// whatever name it has by now. Where that names nothing to be kept, what the one that serves keeps is.
    pub fn contract(self, containers: &Containers, operation: &str) -> Contract {
        if let Self::Rollout(candidate) = self {
            return candidate.contract.clone();
        }
        let sides = containers.sides(Kind::Rollback, operation);
        let of = |container: Option<&Instance>| {
            container.and_then(|container| Contract::of_container(container).ok()).unwrap_or_default()
        };
        let mut contract = of(sides.incoming.or(containers.prev.as_ref()));
        if contract.keep.is_empty() {
            contract.keep = of(sides.outgoing).keep;
        }
        contract
    }
}

/// One thing that is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether the request itself is wrong; otherwise the fleet is not in the state that it takes.
    pub is_invalid: bool,
    /// In one sentence.
    pub text: String,
    /// The ways out.
    pub hints: Vec<String>,
}

/// A fleet as it was found.
#[derive(Debug)]
pub struct Survey {
    /// How to find each instance's servers.
    pub targets: BTreeMap<InstanceName, Target>,
    /// Each instance's containers.
    pub containers: BTreeMap<InstanceName, Containers>,
    /// What is worth knowing, and in nobody's way.
    pub notes: Vec<String>,
    findings: Vec<Finding>,
}

/// Who looks.
pub struct Surveyor<'a> {
    /// Incus.
    pub client: &'a Client,
    /// The fleet, with the pools that are meant.
    pub fleet: &'a Fleet,
    /// What is about to be done.
    pub purpose: Purpose<'a>,
    /// Go on without a drain map.
    pub allow_sticky_race: bool,
    /// Go on where nobody is served meanwhile.
    pub accept_outage: bool,
    /// Pools in which an operation is taken up that was cut off: they are as it left them.
    pub resumed: &'a BTreeSet<PoolName>,
}

impl Finding {
    /// The request is wrong.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self { is_invalid: true, text: text.into(), hints: Vec::new() }
    }

    /// The fleet is not in the state that it takes.
    pub(crate) fn refused(text: impl Into<String>) -> Self {
        Self { is_invalid: false, text: text.into(), hints: Vec::new() }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<&Error> for Finding {
    fn from(error: &Error) -> Self {
        Self { is_invalid: error.class() == Class::Invalid, text: error.line(), hints: error.hints().to_vec() }
    }
}

impl Surveyor<'_> {
    /// Looks at everything.
    ///
    /// # Errors
    /// Incus or HAProxy cannot be asked at all. What is in the way is in the survey.
    pub fn run(&self, balance: &mut Balance) -> Result<Survey> {
        let mut survey =
            Survey { targets: BTreeMap::new(), containers: BTreeMap::new(), notes: Vec::new(), findings: Vec::new() };
        for instance in self.fleet.pools.iter().flat_map(|pool| &pool.instances) {
            // The fleet file was checked: its names leave room for those beside them.
            let Some(names) = Names::of(instance) else { continue };
            let containers = Containers::look(self.client, &names)?;
            let target = Target { name: instance.clone(), addresses: containers.addresses() };
            survey.targets.insert(instance.clone(), target);
            survey.containers.insert(instance.clone(), containers);
        }
        for pool in &self.fleet.pools {
            self.outage(pool, &mut survey);
            self.instances(pool, &mut survey)?;
        }
        self.balancer(balance, &mut survey)?;
        Ok(survey)
    }

    /// A balancer that stands alone cannot be drained. What is out already is best gone on with.
    fn outage(&self, pool: &Pool, survey: &mut Survey) {
        let taken = pool.instances.iter().find(|instance| self.is_taken(pool, instance, survey));
        let Some(instance) = taken.filter(|_| pool.goes_out() && !self.resumes(pool)) else { return };
        let text = format!(
            "no other balancer of pool `{}` stands in for `{instance}`: nobody is served for some 3 s while it is swapped, \
             and every connection is closed",
            pool.name
        );
        match self.accept_outage {
            true => survey.notes.push(text),
            false => survey.find(Finding::refused(text).hint("`--accept-outage` goes on")),
        }
    }

    fn resumes(&self, pool: &Pool) -> bool {
        self.resumed.contains(&pool.name)
    }

    fn is_taken(&self, pool: &Pool, instance: &InstanceName, survey: &Survey) -> bool {
        let Some(containers) = survey.containers.get(instance) else { return false };
        let Purpose::Rollout(candidate) = self.purpose else { return survey.is_of_newest(pool, containers) };
        let runs = containers.live.as_ref().and_then(Instance::image);
        runs.as_ref() != Some(&candidate.fingerprint)
    }
}

impl Survey {
    /// The survey, if nothing is in the way.
    ///
    /// # Errors
    /// Everything that is, at once: exit code 2 if the request itself is wrong, else 3.
    pub fn clear(mut self) -> Result<Self> {
        verdict(std::mem::take(&mut self.findings)).map(|()| self)
    }

    /// Whether what the instance runs is of the newest operation of its pool, which a rollback takes back; what that did
    /// not reach stays. Where no operation is noted, every instance is meant.
    pub fn is_of_newest(&self, pool: &Pool, containers: &Containers) -> bool {
        let all = pool.instances.iter().filter_map(|instance| self.containers.get(instance)?.live.as_ref());
        let noted = all.filter_map(|live| Some((marks::since(live)?, live.config.get(marks::OPERATION)?)));
        match noted.max() {
            None => true,
            Some((_, newest)) => {
                containers.live.as_ref().is_some_and(|live| marks::has(live, marks::OPERATION, newest))
            }
        }
    }

    /// Several instances may have one thing in their way: it is told once.
    fn find(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// Whether nothing was found to be in the way.
///
/// # Errors
/// Everything that was, at once: exit code 2 if the request itself is wrong, else 3.
pub(crate) fn verdict(findings: Vec<Finding>) -> Result<()> {
    let message = match findings.len() {
        0 => return Ok(()),
        1 => "nothing was changed: 1 thing is in the way".to_owned(),
        count => format!("nothing was changed: {count} things are in the way"),
    };
    let error = match findings.iter().any(|finding| finding.is_invalid) {
        true => Error::invalid(message),
        false => Error::refused(message),
    };
    let mut hints: Vec<String> = Vec::new();
    for hint in findings.iter().flat_map(|finding| &finding.hints) {
        if !hints.contains(hint) {
            hints.push(hint.clone());
        }
    }
    let error = findings.into_iter().fold(error, |error, finding| error.cause(finding.text));
    Err(hints.into_iter().fold(error, Error::hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::instance::{Names, marks};

    #[test]
    fn a_rollback_that_is_taken_up_knows_what_comes_by_its_note_and_not_by_its_name() {
        let container = |name: &str, health: &str, note: Option<&str>| {
            let mut container = crate::rollout::instance::containers::tests::container(name);
            for (key, value) in [("vezaimg.layout", "api"), ("vezaimg.format", "1"), ("vezaimg.health", health)] {
                container.config.insert(format!("image.{key}"), value.to_owned());
            }
            container.config.extend(note.map(|id| (marks::INCOMING.to_owned(), id.to_owned())));
            Some(container)
        };
        let names = Names::of(&InstanceName::parse("api").unwrap()).unwrap();
        let [old, new] = ["8080/old", "8080/new"];
        let port_and_path = |live, next, prev| {
            let containers = Containers { names: names.clone(), live, next, prev };
            let contract = Purpose::Rollback.contract(&containers, "id");
            contract.health.map(|health| format!("{}{}", health.port, health.path))
        };
        let before = port_and_path(container("api", new, None), None, container("api-prev", old, None));
        let after = port_and_path(container("api", old, Some("id")), container("api-next", new, None), None);
        assert_eq!([before.as_deref(), after.as_deref()], [Some(old); 2]);
    }
}
