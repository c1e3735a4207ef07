//! How much of what is different, a line a section.

use super::lines;
use crate::Result;
use crate::diff::{Change, Difference, Pair, State};
use crate::ui::Console;

/// Prints it to stdout.
///
/// # Errors
/// It cannot be written.
pub(super) fn print(difference: &Difference, console: &Console) -> Result<()> {
    let mut sections = lines::heads(difference);
    sections.extend(counts(difference).into_iter().map(|(label, count)| (label, count.into_iter().collect())));
    lines::print_sections(sections, console)
}

fn counts(difference: &Difference) -> Vec<(&'static str, Option<String>)> {
    let Difference { accounts, binary, findings, paths, .. } = difference;
    let packages = difference.packages.iter().map(|it| (it.from.is_some(), it.to.is_some()));
    let units = difference.units.iter().map(|it| (it.state != State::Added, it.state != State::Removed));
    let ids = (accounts.moved.len() + accounts.reused.len(), "moved");
    let times = paths.changed.iter().filter(|path| path.is_time_alone()).count();
    vec![
        ("metadata", changes(&difference.metadata)),
        ("image files", changes(&difference.parts)),
        ("system", changes(&difference.system)),
        ("packages", of(packages)),
        ("moved ids", told([ids])),
        ("users", pairs(&accounts.users)),
        ("groups", pairs(&accounts.groups)),
        ("service", changes(&difference.service)),
        ("units", of(units)),
        ("binary", changes(&binary.facts)),
        ("modules", changes(&binary.modules)),
        ("crates", changes(&binary.crates)),
        ("set-id", changes(&findings.set_id)),
        ("capabilities", changes(&findings.capabilities)),
        ("anyone writes", changes(&findings.world_writable)),
        (
            "paths",
            told([
                (paths.added.len(), "new"),
                (paths.removed.len(), "gone"),
                (paths.changed.len() - times, "changed"),
                (times, "by mtime alone"),
            ]),
        ),
        ("left out", changes(&difference.left_out)),
    ]
}

fn changes<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Option<String> {
    of(changes.into_iter().map(|change| (change.from.is_some(), change.to.is_some())))
}

fn pairs<T>(pairs: &[Pair<T>]) -> Option<String> {
    of(pairs.iter().map(|pair| (pair.from.is_some(), pair.to.is_some())))
}

/// Counts what the old image has, and the new one.
fn of(pairs: impl Iterator<Item = (bool, bool)>) -> Option<String> {
    let (mut new, mut gone, mut changed) = (0, 0, 0);
    for (from, to) in pairs {
        *match (from, to) {
            (false, _) => &mut new,
            (true, false) => &mut gone,
            (true, true) => &mut changed,
        } += 1;
    }
    told([(new, "new"), (gone, "gone"), (changed, "changed")])
}

fn told<const N: usize>(counts: [(usize, &str); N]) -> Option<String> {
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}
