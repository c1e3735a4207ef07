//! `vezaimg rollout` and `vezaimg rollback`: a fleet brought onto an image, or back.

mod report;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::haproxy::Inside;
use crate::incus::{Client, InstanceName};
use crate::interrupt::Interrupt;
use crate::inventory::Inventory;
use crate::layout;
use crate::release::Signers;
use crate::rollout::balance::Balance;
use crate::rollout::candidate::Candidate;
use crate::rollout::fleet::{self, Fleet};
use crate::rollout::operation::{Ended, Operation};
use crate::rollout::receipt::Receipt;
use crate::rollout::survey::Purpose;
use crate::ui::{Console, Event, Listener, Silent};
use crate::{Error, Result};
use watch::Watch;

/// Which pools of which fleet.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What says who belongs to it.
    pub members: Members,
    /// The pools; none for all.
    pub pools: Vec<String>,
}

/// What says who belongs to a fleet.
#[derive(Clone, Debug)]
pub enum Members {
    /// A fleet file.
    Fleet(PathBuf),
    /// An inventory of Ansible's, whose groups are named in layouts.
    Inventory {
        /// The inventory.
        file: PathBuf,
        /// The layouts; none for those that lie about.
        layouts: Vec<PathBuf>,
    },
}

impl Members {
    /// The fleet, with those pools at least that are wanted; with all of them when none is named.
    ///
    /// # Errors
    /// A file cannot be read, or has a problem.
    pub(super) fn read(&self, wanted: &[String], console: &Console) -> Result<Fleet> {
        match self {
            Self::Fleet(file) => fleet::read(file),
            Self::Inventory { file, layouts } => {
                let inventory = Inventory::read(file)?;
                let (pools, left_out) = layout::pools(layouts)?;
                let notes = inventory.notes.iter().chain(&left_out);
                notes.for_each(|note| console.event(Event::Warning(note.clone())));
                let names = layouts.iter().map(|layout| layout.display().to_string()).collect();
                fleet::from_inventory(&inventory, pools, wanted, names)
            }
        }
    }
}

/// What `vezaimg rollout` and `vezaimg rollback` are asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// The image: a file, a fingerprint or an alias; none for a rollback.
    pub image: Option<String>,
    /// Who may sign the image; otherwise whom the fleet names.
    pub signers: Option<PathBuf>,
    /// Which pools of which fleet.
    pub scope: Scope,
    /// Print what would be done, and do nothing.
    pub dry_run: bool,
    /// Go on without a drain map.
    pub allow_sticky_race: bool,
    /// Go on where nobody is served meanwhile.
    pub accept_outage: bool,
    /// A file for the receipt.
    pub report: Option<PathBuf>,
    /// JSON on stdout: the plan, or one event a line.
    pub json: bool,
}

/// The fleet, and Incus as it names it.
///
/// # Errors
/// The fleet has a problem, or its remote cannot be used.
pub(super) fn open(scope: &Scope, console: &Console) -> Result<(Fleet, Client)> {
    let fleet = scope.members.read(&scope.pools, console)?.only(&scope.pools)?;
    let client = Client::connect(&fleet.incus.remote, fleet.incus.project.as_deref())?;
    Ok((fleet, client))
}

/// HAProxy's sockets of a fleet; some are reached through a container.
pub(super) fn balance(fleet: &Fleet, client: &Client) -> Balance {
    let inside: Arc<dyn Inside> = Arc::new(Through(client.clone()));
    Balance::new(fleet, &inside)
}

/// Rolls the fleet.
///
/// # Errors
/// Exit code 2 or 3 before anything was changed; 1, 4 or 5 with what became of each instance in the result.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    if let Some(path) = &request.report {
        check_place(path)?;
    }
    let (mut fleet, client) = open(&request.scope, console)?;
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let quiet: &dyn Listener = if request.json { &Silent } else { console };
    let signers = request.signers.as_deref().or(fleet.signers.as_deref());
    let candidate = match &request.image {
        Some(reference) => {
            let signers = signers.map(Signers::open).transpose()?;
            Some(Candidate::find(&client, reference, signers.as_ref(), quiet, &interrupt)?)
        }
        None => None,
    };
    console.end_stage();
    if let Some(candidate) = &candidate {
        for pool in fleet.of_layout(&candidate.contract.layout)? {
            let own = pool.layout.unwrap_or_default();
            console
                .event(Event::Note(format!("pool `{}` is left out: its images are of the layout `{own}`", pool.name)));
        }
    }
    for pool in fleet.set_balancers_apart(!request.scope.pools.is_empty())? {
        let name = pool.name;
        console
            .event(Event::Note(format!("pool `{name}` of balancers is left out: `--pool {name}` rolls it by itself")));
    }
    let purpose = candidate.as_ref().map_or(Purpose::Rollback, Purpose::Rollout);
    let watch = Watch::new(console, request.json);
    let mut operation = Operation {
        client: &client,
        fleet: &fleet,
        balance: balance(&fleet, &client),
        purpose,
        allow_sticky_race: request.allow_sticky_race,
        accept_outage: request.accept_outage,
        interrupt: &interrupt,
        audience: &|event| watch.event(event),
        listener: quiet,
    };
    if request.dry_run {
        let (plan, survey) = operation.plan()?;
        report::plan(&plan, request.json, console)?;
        return survey.clear().map(|_| ());
    }
    let ended = operation.run(&mut |plan| watch.begin(plan))?;
    watch.finish();
    match ended {
        Ended::NothingToDo(plan) => report::nothing_to_do(&plan, request.json, console),
        Ended::Run(receipt, trouble) => {
            let written = request.report.as_ref().map_or(Ok(()), |path| write_receipt(path, &receipt));
            report::receipt(&receipt, request.json, console)?;
            // What became of the fleet comes before what became of the lock or the report.
            report::verdict(&receipt, request)?;
            trouble.map_or(Ok(()), Err)?;
            written
        }
    }
}

/// Found out before the rollout, and not after it.
fn check_place(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match parent.is_dir() && !path.is_dir() {
        true => Ok(()),
        false => Err(Error::invalid(format!("the report cannot be written to `{}`", path.display()))
            .hint("`--report` names a file in a directory that is there")),
    }
}

fn write_receipt(path: &Path, receipt: &Receipt) -> Result<()> {
    let wrong = |cause: &dyn std::fmt::Display| {
        Error::failed(format!("cannot write the report `{}`", path.display())).cause(cause)
    };
    let text = serde_json::to_string_pretty(receipt).map_err(|cause| wrong(&cause))?;
    fs::write(path, text + "\n").map_err(|cause| wrong(&cause))
}

/// Commands in containers, for sockets that only their own HAProxy's container can reach.
struct Through(Client);

impl Inside for Through {
    fn run(
        &self,
        instance: &InstanceName,
        command: &[&str],
        deadline: Duration,
    ) -> std::result::Result<Vec<u8>, String> {
        let output = self.0.exec(instance, command, deadline).map_err(|failure| failure.to_string())?;
        match output.code {
            0 => Ok(output.stdout),
            code => {
                let said = crate::rootfs::escaped(output.stderr.trim_ascii());
                Err(format!("the command in `{instance}` ended with {code}: {said}"))
            }
        }
    }
}
