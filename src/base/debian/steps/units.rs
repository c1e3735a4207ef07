//! Units that are switched on: the links that `systemctl enable` makes, systemd.unit(5).
//!
//! Debian switches on what a package's `postinst` names in the lines that debhelper writes, `deb-systemd-helper enable
//! 'NAME'`; presets do not count there. systemd itself calls `systemctl enable`.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::plan::Plan;
use super::{text, unsound};
use crate::error::Result;
use crate::rootfs::{Resolved, TargetPath};
use crate::unit::UnitFile;

/// What systemd's own script switches on.
const OF_SYSTEMD: [&str; 3] = ["getty@tty1.service", "remote-fs.target", "systemd-pstore.service"];

const SYSTEM_LINKS: &str = "/etc/systemd/system";

/// Where the units of one kind of manager stand, where its links do, and how a script names the manager.
struct Manager {
    units: &'static str,
    /// The same directory by the name that Debian 12's links have.
    named: &'static str,
    links: &'static str,
    enable: &'static str,
}

const MANAGERS: [Manager; 2] = [
    Manager {
        units: "/usr/lib/systemd/system",
        named: "/lib/systemd/system",
        links: SYSTEM_LINKS,
        enable: "deb-systemd-helper enable '",
    },
    Manager {
        units: "/usr/lib/systemd/user",
        named: "/usr/lib/systemd/user",
        links: "/etc/systemd/user",
        enable: "deb-systemd-helper --user enable '",
    },
];

pub(super) fn wants(path: &TargetPath) -> bool {
    path.parent().is_some_and(|parent| MANAGERS.iter().any(|manager| TargetPath::known(manager.units) == parent))
}

pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    for manager in &MANAGERS {
        let mut seen = BTreeSet::new();
        let mut ahead = named(plan, manager);
        while let Some(name) = ahead.pop() {
            if seen.insert(name.clone()) {
                ahead.extend(enable(plan, manager, &name)?);
            }
        }
    }
    Ok(())
}

/// The units that scripts switch on. What debhelper asks `debian-installed` of stays off on a new system.
fn named(plan: &Plan<'_>, manager: &Manager) -> Vec<String> {
    let own = OF_SYSTEMD.iter().filter(|_| manager.links == SYSTEM_LINKS && plan.has("systemd"));
    let mut units: Vec<String> = own.map(|name| (*name).to_owned()).collect();
    for package in plan.system.packages.values() {
        let script = package.script("postinst");
        let named = |call: &str| {
            let lines = script.lines().filter_map(|line| line.split_once(call)?.1.split_once('\''));
            lines.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>()
        };
        let off = named("deb-systemd-helper debian-installed '");
        units.extend(named(manager.enable).difference(&off).cloned());
    }
    units
}

/// Makes the links of one unit, and returns those that go with it (`Also=`).
fn enable(plan: &mut Plan<'_>, manager: &Manager, name: &str) -> Result<Vec<String>> {
    let (units, links) = (TargetPath::known(manager.units), TargetPath::known(manager.links));
    let (file, instance) = template(name);
    let Some(Resolved::Entry(path, _)) = units.join(file.as_bytes()).ok().map(|path| plan.system.tree.resolve(&path))
    else {
        return Ok(Vec::new());
    };
    let Some(content) = plan.content(&path) else { return Ok(Vec::new()) };
    let unit = UnitFile::parse(text(&path, content)?).map_err(|errors| {
        let what = errors.first().map(|error| format!("has a line {} where {}", error.line, error.message));
        unsound(&path, what.unwrap_or_else(|| "is not a unit file".to_owned()))
    })?;
    let words = |directive| -> Vec<String> {
        unit.list("Install", directive).iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect()
    };
    let wanted = ["WantedBy", "RequiredBy"].map(words);
    let link = match (instance, unit.last("Install", "DefaultInstance")) {
        (Some(""), Some(default)) => file.replacen('@', &format!("@{default}"), 1),
        _ => name.to_owned(),
    };
    // A template is linked to as one of its instances, and only those can be wanted.
    if !link.contains("@.") {
        for (targets, directory) in wanted.iter().zip(["wants", "requires"]) {
            for target in targets.iter().filter(|target| is_name(target)) {
                let place = format!("{target}.{directory}/{link}");
                if let Ok(place) = links.join(place.as_bytes()) {
                    plan.link(place, format!("{}/{file}", manager.named))?;
                }
            }
        }
    }
    for alias in words("Alias").iter().filter(|alias| is_name(alias)) {
        if let Ok(place) = links.join(alias.as_bytes()) {
            plan.link(place, format!("{}/{file}", manager.named))?;
        }
    }
    Ok(words("Also").into_iter().filter(|name| is_name(name)).collect())
}

/// The unit file's name and the instance, which is empty for the template itself: `a@b.service` is of `a@.service`.
fn template(name: &str) -> (String, Option<&str>) {
    match (name.split_once('@'), name.rsplit_once('.')) {
        (Some((prefix, rest)), Some((stem, kind))) if stem.len() > prefix.len() => {
            let instance = rest.get(..stem.len() - prefix.len() - 1);
            (format!("{prefix}@.{kind}"), instance)
        }
        _ => (name.to_owned(), None),
    }
}

/// Whether it may be the name of a unit, without specifiers.
fn is_name(name: &str) -> bool {
    name.contains('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-_.@\\".contains(&byte))
}
