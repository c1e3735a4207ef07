//! `/etc/shells`, shells(5), as debianutils' `update-shells` makes it.

use super::plan::{Plan, Rights};
use super::text;
use crate::error::Result;
use crate::rootfs::{Resolved, TargetPath};

const TEMPLATE: &str = "/usr/share/debianutils/shells";
const PACKAGES: &str = "/usr/share/debianutils/shells.d";

pub(super) fn wants(path: &TargetPath) -> bool {
    *path == TargetPath::known(TEMPLATE) || path.parent() == Some(TargetPath::known(PACKAGES))
}

/// The template as it stands, then every shell by the name that its package has for it and by the one that the merger of
/// `/usr` gives it.
pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    let template = TargetPath::known(TEMPLATE);
    let Some(content) = plan.content(&template) else { return Ok(()) };
    let mut shells = text(&template, content)?.to_owned();
    let mut wanted = named(&shells);
    for (path, content) in plan.contents_below(&TargetPath::known(PACKAGES)) {
        wanted.extend(named(text(path, content)?));
    }
    let names = wanted.iter().flat_map(|shell| [Some(shell.clone()), merged(plan, shell)]);
    for shell in names.flatten() {
        if !named(&shells).contains(&shell) {
            shells.push_str(&shell);
            shells.push('\n');
        }
    }
    plan.file(TargetPath::known("/etc/shells"), Rights::root(0o644), shells)
}

fn named(text: &str) -> Vec<String> {
    let shells = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    shells.filter(|shell| !shell.is_empty()).map(str::to_owned).collect()
}

/// The path with the links of its directory followed.
fn merged(plan: &Plan<'_>, shell: &str) -> Option<String> {
    let path = TargetPath::parse(shell).ok()?;
    match plan.system.tree.resolve(&path.parent()?) {
        Resolved::Entry(directory, _) => Some(directory.join(path.name()).ok()?.to_string()),
        Resolved::Missing(_) | Resolved::Broken(_) => None,
    }
}
