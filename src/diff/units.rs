//! Unit files and drop-ins by directive, systemd.syntax(7).

use serde::Serialize;

use super::Change;
use super::bodies::Bodies;
use super::change::changes;
use super::changed::Changed;
use crate::rootfs::TargetPath;
use crate::unit::UnitFile;

/// A unit file or a drop-in that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Where it is.
    pub path: String,
    /// Which image has it.
    pub state: State,
    /// Its assignments by section and name, such as `[Service] MemoryMax`. Empty for a whole unit that comes or goes, and
    /// where only comments are others, or the order.
    pub directives: Vec<Change>,
    /// Whether the directives tell all of it: systemd ignores no line of either.
    #[serde(skip)]
    pub is_whole: bool,
}

/// Which image has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The new one alone.
    Added,
    /// The old one alone.
    Removed,
    /// Both, with another content.
    Changed,
}

/// The units that are not the same, by path.
pub(super) fn changed(changed: &Changed, old: &Bodies, new: &Bodies) -> Vec<Unit> {
    let units = changed.iter().filter(|(path, _)| crate::inspect::is_unit_file(path));
    let units = units.map(|(path, contested)| Unit {
        path: path.to_string(),
        state: match (contested.is_in_both(), contested.is_in_old()) {
            (true, _) => State::Changed,
            (false, true) => State::Removed,
            (false, false) => State::Added,
        },
        directives: changes(directives(path, old).0, directives(path, new).0),
        is_whole: directives(path, old).1 && directives(path, new).1,
    });
    units.collect()
}

/// The assignments of a file as systemd reads them, and whether it ignores nothing of it.
fn directives(path: &TargetPath, bodies: &Bodies) -> (Vec<(String, String)>, bool) {
    let Some(content) = bodies.get(path) else { return (Vec::new(), true) };
    let (unit, ignored) = UnitFile::lenient(content);
    let sections = unit.sections().iter();
    let assigned = sections.flat_map(|section| section.directives().iter().map(move |it| (section.name(), it)));
    let assigned = assigned.map(|(section, it)| (format!("[{section}] {}", it.name()), it.value().to_owned()));
    (assigned.collect(), ignored.is_empty())
}
