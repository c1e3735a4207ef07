//! `vezaimg prune`: gives back the room that containers and images from before take.

use serde::Serialize;

use crate::commands::rollout::Scope;
use crate::incus::Client;
use crate::interrupt::Interrupt;
use crate::rollout::census::{called, shown};
use crate::rollout::pruning::{Freed, Pruned, Pruner, Pruning};
use crate::ui::{Bytes, Console, Event, Listener, Table};
use crate::{Error, Result};

/// What `vezaimg prune` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which pools of which fleet.
    pub scope: Scope,
    /// Containers from before that stay of each instance.
    pub keep: usize,
    /// Only tell what would be removed.
    pub dry_run: bool,
    /// Print one JSON object.
    pub json: bool,
}

/// What went, or would, as `--json` prints it.
#[derive(Serialize)]
struct Report<'a> {
    fleet: &'a str,
    dry_run: bool,
    keep: usize,
    #[serde(flatten)]
    pruning: &'a Pruning,
    freed: &'a [Freed],
    failures: &'a [String],
}

/// Removes a fleet's containers and images from before.
///
/// # Errors
/// Refused before anything was removed: somebody works on a pool, or has left something unfinished. Afterwards, with
/// what was removed in the result: something could not be, the lock was lost, or a signal came.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let everyone = request.scope.members.read(&[], console)?;
    let fleet = everyone.only(&request.scope.pools)?;
    let client = Client::connect(&fleet.incus.remote, fleet.incus.project.as_deref())?;
    let interrupt = Interrupt::on_signals().map_err(|cause| Error::failed("cannot watch for signals").cause(cause))?;
    let pruner =
        Pruner { client: &client, fleet: &fleet, everyone: &everyone, keep: request.keep, interrupt: &interrupt };
    if request.keep == 0 {
        console
            .event(Event::Warning("`--keep 0` removes the way back: `vezaimg rollback` finds nothing then".to_owned()));
    }
    if request.dry_run {
        let gone = pruner.plan()?;
        let pruned = Pruned { gone, freed: Vec::new(), failures: Vec::new(), stopped: None };
        print(request, &fleet.name, &pruned, console)?;
        return pruner.is_free();
    }
    let pruned = pruner.run()?;
    print(request, &fleet.name, &pruned, console)?;
    verdict(pruned)
}

fn print(request: &Request, fleet: &str, pruned: &Pruned, console: &Console) -> Result<()> {
    let Pruned { gone, freed, failures, stopped: _ } = pruned;
    if request.json {
        let Request { keep, dry_run, .. } = *request;
        return console.json(&Report { fleet, dry_run, keep, pruning: gone, freed, failures });
    }
    for stays in &gone.stays {
        console.event(Event::Note(format!("{} stays: {}", stays.what, stays.why)));
    }
    if gone.is_empty() {
        return console.result("nothing to remove");
    }
    let mut table = Table::new([if request.dry_run { "WOULD GO" } else { "GONE" }, "NAME", "RELEASE", "SIZE"]);
    for old in &gone.containers {
        let with = match old.snapshots {
            0 => "container".to_owned(),
            1 => "container, 1 snapshot".to_owned(),
            count => format!("container, {count} snapshots"),
        };
        table.row([with, old.container.to_string(), called(&old.release), String::new()]);
    }
    for old in &gone.images {
        let size = Bytes(old.size).to_string();
        table.row(["image".to_owned(), old.fingerprint.short().to_owned(), shown(&old.release), size]);
    }
    table.print(console)?;
    let size = gone.images.iter().map(|image| image.size).sum();
    if size > 0 {
        console.detail("images", &Bytes(size).to_string());
    }
    for Freed { pool, bytes } in freed {
        console.detail("freed", &format!("{} of storage pool `{}`", Bytes(*bytes), shown(pool)));
    }
    Ok(())
}

fn verdict(pruned: Pruned) -> Result<()> {
    if let Some(error) = pruned.stopped {
        return Err(error);
    }
    let message = match pruned.failures.len() {
        0 => return Ok(()),
        1 => "1 thing was not removed".to_owned(),
        count => format!("{count} things were not removed"),
    };
    Err(pruned.failures.into_iter().fold(Error::failed(message), Error::cause))
}
