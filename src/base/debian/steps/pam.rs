//! `/etc/pam.d/common-*`, as `pam-auth-update` makes them from the packages' profiles.
//!
//! The profiles' format is described in <https://wiki.ubuntu.com/PAMConfigFrameworkSpec>.

mod profile;
#[cfg(test)]
mod tests;

use self::profile::Profile;
use super::plan::{Plan, Rights};
use super::{text, unsound};
use crate::error::Result;
use crate::rootfs::TargetPath;

const PROFILES: &str = "/usr/share/pam-configs";
/// The files by the end of their name: the type of their lines, and the prefix of a profile's fields.
const FILES: [(&str, &str, &str); 5] = [
    ("/usr/share/pam/common-account", "account", "Account"),
    ("/usr/share/pam/common-auth", "auth", "Auth"),
    ("/usr/share/pam/common-password", "password", "Password"),
    ("/usr/share/pam/common-session", "session", "Session"),
    ("/usr/share/pam/common-session-noninteractive", "session", "Session-noninteractive"),
];

pub(super) fn wants(path: &TargetPath) -> bool {
    path.parent() == Some(TargetPath::known(PROFILES))
        || FILES.iter().any(|(template, ..)| TargetPath::known(template) == *path)
}

pub(super) fn plan(plan: &mut Plan<'_>) -> Result<()> {
    let mut profiles = Vec::new();
    for (path, content) in plan.contents_below(&TargetPath::known(PROFILES)) {
        profiles.push(Profile::parse(path.name(), text(path, content)?));
    }
    let profiles = profile::enabled(profiles);
    for (template, kind, field) in FILES {
        let path = TargetPath::known(template);
        let Some(content) = plan.content(&path) else { continue };
        let made = fill(text(&path, content)?, kind, field, &profiles);
        let made = made.ok_or_else(|| unsound(&path, "has no blocks for the modules"))?;
        if let Ok(target) = TargetPath::known("/etc/pam.d").join(path.name()) {
            plan.file(target, Rights::root(0o644), made)?;
        }
    }
    Ok(())
}

/// A block of a template: its heading, and how the line after it begins.
const BLOCKS: [(&str, &str, &str); 2] = [
    (
        "Primary",
        "# here are the per-package modules (the \"Primary\" block)",
        "# here's the fallback if no module succeeds",
    ),
    (
        "Additional",
        "# and here are more per-package modules (the \"Additional\" block)",
        "# end of pam-auth-update config",
    ),
];

/// The template with the profiles' modules in its blocks; none if it lacks a block.
fn fill(template: &str, kind: &str, field: &str, profiles: &[Profile]) -> Option<String> {
    let mut made = String::new();
    let mut lines = template.lines();
    for (block, heading, end) in BLOCKS {
        loop {
            let line = lines.next()?;
            made.push_str(line);
            made.push('\n');
            if line.starts_with(heading) {
                break;
            }
        }
        made.push_str(&modules(kind, field, block, profiles));
        let end = lines.find(|line| line.starts_with(end))?;
        made.push_str(end);
        made.push('\n');
    }
    made.extend(lines.flat_map(|line| [line, "\n"]));
    Some(made)
}

/// The lines of one block. `end` in a control field becomes the number of lines to jump over to leave the block.
fn modules(kind: &str, field: &str, block: &str, profiles: &[Profile]) -> String {
    let stanzas = profiles.iter().filter(|profile| profile.get(&format!("{field}-Type")) == Some(block));
    let lines: Vec<_> = stanzas
        .enumerate()
        .flat_map(|(position, profile)| {
            let first = profile.get(&format!("{field}-Initial")).filter(|text| position == 0 && !text.is_empty());
            first.or_else(|| profile.get(field)).unwrap_or_default().lines()
        })
        .collect();
    if lines.is_empty() && block == "Primary" {
        return format!("{kind}\t[default=1]\t\t\tpam_permit.so\n");
    }
    // Nothing follows the second block: its jumps must not leave the stack.
    let count = if block == "Primary" { lines.len() } else { lines.len().saturating_sub(1) };
    let numbered = lines.iter().enumerate();
    numbered.map(|(index, line)| module(kind, line, count.saturating_sub(index))).collect()
}

/// One line, `control module arguments`, with a space after the module even where there is no argument.
fn module(kind: &str, line: &str, jump: usize) -> String {
    let control = match line.find(']') {
        Some(end) if line.starts_with('[') => end + 1,
        _ => line.find(char::is_whitespace).unwrap_or(line.len()),
    };
    let space = line[control..].len() - line[control..].trim_start().len();
    let name = line[control + space..].find(char::is_whitespace).map_or(line.len(), |length| control + space + length);
    let (module, arguments) = line.split_at(name);
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    format!("{kind}\t{} {}\n", module.replace("end", &jump.to_string()), arguments.join(" "))
}
