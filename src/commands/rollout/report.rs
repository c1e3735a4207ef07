//! What is printed of a plan and of a receipt.

use std::time::Duration;

use serde::Serialize;

use super::Request;
use super::watch::word;
use crate::rollout::census::shown;
use crate::rollout::plan::Plan;
use crate::rollout::receipt::{Entry, Outcome, Receipt, Release};
use crate::ui::{Console, Event, Lasted, Listener, Table};
use crate::{Error, Result};

/// Prints what would be done.
pub(super) fn plan(plan: &Plan, json: bool, console: &Console) -> Result<()> {
    if json {
        return console.json(plan);
    }
    let mut table = Table::new(["INSTANCE", "FROM", "TO", "STEPS", "ABOUT"]);
    for instance in plan.pools.iter().flat_map(|pool| &pool.instances) {
        let steps: Vec<String> = instance.steps.iter().map(|step| step.name().to_owned()).collect();
        let (steps, about) = match steps.is_empty() {
            true => ("none".to_owned(), String::new()),
            false => (steps.join(" "), Lasted(Duration::from_secs_f64(instance.estimate)).to_string()),
        };
        table.row([instance.instance.clone(), short(&instance.from), short(&instance.to), steps, about]);
    }
    table.print(console)?;
    for note in &plan.notes {
        console.event(Event::Note(note.clone()));
    }
    if plan.imports {
        console.detail("import", "the image is imported first");
    }
    console.detail("about", &Lasted(Duration::from_secs_f64(plan.estimate())).to_string());
    Ok(())
}

/// Says that there is nothing to do.
pub(super) fn nothing_to_do(plan: &Plan, json: bool, console: &Console) -> Result<()> {
    if json {
        return console.json(plan);
    }
    let what = plan.image.as_ref().map(short).unwrap_or_default();
    console.line(&format!("nothing to do: every instance runs {what}"));
    Ok(())
}

/// The last line of JSON.
#[derive(Serialize)]
struct Last<'a> {
    event: &'static str,
    #[serde(flatten)]
    receipt: &'a Receipt,
}

/// Prints what was done.
pub(super) fn receipt(receipt: &Receipt, json: bool, console: &Console) -> Result<()> {
    if json {
        return console.json(&Last { event: "receipt", receipt });
    }
    let mut table = Table::new(["INSTANCE", "BEFORE", "NOW", "RESULT", "OUT OF ROTATION", "REQUESTS", "ERRORS"]);
    for entry in &receipt.instances {
        let out = entry.out_of_rotation.map(|out| Lasted(Duration::from_secs_f64(out)).to_string());
        let errors = entry.traffic.errors();
        table.row([
            entry.instance.clone(),
            short(&entry.before),
            short(&entry.after),
            word(&entry.outcome).to_owned(),
            out.unwrap_or_default(),
            entry.traffic.requests.to_string(),
            errors.to_string(),
        ]);
    }
    table.print(console)
}

/// The exit code, and for an instance that did not get there, why.
pub(super) fn verdict(receipt: &Receipt, request: &Request) -> Result<()> {
    let failed = |entry: &&Entry| !matches!(entry.outcome, Outcome::Done | Outcome::AlreadyThere);
    let Some(entry) = receipt.instances.iter().find(failed) else { return Ok(()) };
    let instance = &entry.instance;
    let verb = receipt.kind.verb();
    let again = format!("`vezaimg {verb}` with the same arguments goes on, from any machine");
    let runs = short(&entry.after);
    Err(match &entry.outcome {
        Outcome::Restored { why, evidence } => {
            let error = Error::rolled_back(format!("`{instance}` runs {runs} again, and the {verb} stopped"));
            let error = evidence.iter().fold(error.cause(why), Error::cause);
            match &request.report {
                Some(path) => error.hint(format!("`{}` holds the whole report", path.display())),
                None => {
                    error.hint(format!("`incus start {instance}-next` starts the failed container, without a network"))
                }
            }
        }
        Outcome::GivenUp { why } => {
            Error::failed(format!("`{instance}` was never taken out and runs {runs}, and the {verb} stopped"))
                .cause(why)
        }
        Outcome::Untouched { why } => {
            Error::refused(format!("`{instance}` was left as it is, and the {verb} stopped")).cause(why).hint(again)
        }
        Outcome::Stuck { why } => Error::failed(format!("`{instance}` could be brought neither forward nor back"))
            .cause(why)
            .hint("`vezaimg status` shows what is where")
            .hint(again),
        _ => Error::interrupted(format!("interrupted at `{instance}`; what serves is whole")).hint(again),
    })
}

/// A release as a person tells it: its name, else the beginning of its image's fingerprint.
pub(super) fn short(release: &Release) -> String {
    match (release.release.as_str(), release.fingerprint.get(..12)) {
        ("", Some(fingerprint)) => fingerprint.to_owned(),
        ("", None) => "-".to_owned(),
        (name, _) => shown(name),
    }
}
