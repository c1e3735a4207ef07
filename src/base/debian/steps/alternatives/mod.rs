//! Alternatives, update-alternatives(1): links through `/etc/alternatives` to the best of what packages offer.

mod choices;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::choices::{CHOICES, Choice, Slave};
use super::plan::{Plan, Rights};
use crate::error::Result;
use crate::rootfs::{Resolved, TargetPath};

const DIRECTORY: &str = "/etc/alternatives";
const DATABASE: &str = "/var/lib/dpkg/alternatives";

/// Links each name to the offer of the highest priority, and the slaves whose file is there. The database is there only
/// with dpkg, whose tool it belongs to.
pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    let mut names: BTreeMap<&str, Vec<&Choice>> = BTreeMap::new();
    for choice in CHOICES.iter().filter(|choice| plan.has(choice.package)) {
        if plan.exists(&TargetPath::known(choice.path)) {
            names.entry(choice.name).or_default().push(choice);
        }
    }
    for (name, mut choices) in names {
        choices.sort_by_key(|choice| choice.path);
        let Some(best) = choices.iter().rev().max_by_key(|choice| choice.priority) else { continue };
        link(plan, best.link, name, best.path)?;
        for (slave, (linked, path)) in best.slaves() {
            if plan.exists(&TargetPath::known(path)) {
                link(plan, linked, slave, path)?;
            }
        }
        if let (true, Ok(file)) = (plan.has("dpkg"), TargetPath::known(DATABASE).join(name.as_bytes())) {
            plan.file(file, Rights::root(0o644), record(&choices))?;
        }
    }
    Ok(())
}

fn link(plan: &mut Plan<'_>, link: &'static str, name: &str, path: &str) -> Result<()> {
    let Ok(through) = TargetPath::known(DIRECTORY).join(name.as_bytes()) else { return Ok(()) };
    if let Some(place) = place(plan, &TargetPath::known(link)) {
        plan.link(place, through.to_string())?;
    }
    plan.link(through, path)
}

/// Where a link stands once those to its directory have been followed: `/bin` is one.
fn place(plan: &Plan<'_>, link: &TargetPath) -> Option<TargetPath> {
    match plan.system.tree.resolve(&link.parent()?) {
        Resolved::Entry(directory, _) => directory.join(link.name()).ok(),
        Resolved::Missing(_) | Resolved::Broken(_) => Some(link.clone()),
    }
}

/// A file of the database, after `alternative_save` in dpkg's `utils/update-alternatives.c`: `auto`, the link, name and
/// link of every slave, an empty line; then path, priority and slaves' paths of every choice; and an empty line.
fn record(choices: &[&Choice]) -> String {
    let slaves: BTreeSet<(&str, &str)> =
        choices.iter().flat_map(|choice| choice.slaves()).map(|(name, (link, _))| (name, link)).collect();
    let mut text = String::from("auto\n");
    text.extend(choices.first().map(|choice| format!("{}\n", choice.link)));
    text.extend(slaves.iter().map(|(name, link)| format!("{name}\n{link}\n")));
    text.push('\n');
    for choice in choices {
        text.push_str(&format!("{}\n{}\n", choice.path, choice.priority));
        let offered: BTreeMap<_, _> = choice.slaves().collect();
        for (name, _) in &slaves {
            text.push_str(offered.get(name).map_or("", |(_, path)| path));
            text.push('\n');
        }
    }
    text.push('\n');
    text
}

impl Choice {
    /// Name, link and path of every slave.
    fn slaves(&self) -> impl Iterator<Item = (&'static str, (&'static str, &'static str))> + use<> {
        self.slaves.iter().map(|Slave(link, name, path)| (*name, (*link, *path)))
    }
}
