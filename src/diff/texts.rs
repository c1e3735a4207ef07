//! Files whose content is another, line by line as diff(1) writes it with `--unified`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use serde::Serialize;
use similar::{TextDiff, TextDiffConfig};

use super::bodies::Bodies;
use super::changed::Changed;
use super::units::Unit;

/// How long all texts together are compared for the shortest way from one to the other. Any way is told after that: what
/// goes and what comes is right, and more than it could be.
const PATIENCE: Duration = Duration::from_secs(10);

/// What of the contents that changed is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Every text.
    Texts,
    /// Only units, by directive.
    Units,
}

/// A file whose content is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Where it is.
    pub path: String,
    /// The hunks of a unified diff, without a header.
    pub diff: Option<String>,
    /// Why there is none.
    pub left_out: Option<Omission>,
}

/// Why a file is not compared line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Omission {
    /// It is told as packages.
    Packages,
    /// It is told as a unit, by directive.
    Units,
    /// It is not UTF-8, or holds a NUL byte.
    Binary,
    /// It has more than 1 MiB.
    Large,
    /// More than 2,000 files changed, or more than 32 MiB of them.
    Many,
}

impl Changed {
    /// The texts that both images have.
    pub(super) fn texts(&self, old: &Bodies, new: &Bodies, packages_changed: bool, units: &[Unit]) -> Vec<Text> {
        let deadline = Instant::now() + PATIENCE;
        let told = units.iter().filter(|unit| unit.is_whole && !unit.directives.is_empty());
        let told: BTreeSet<_> = told.map(|unit| unit.path.as_str()).collect();
        let both = self.iter().filter(|(_, contested)| contested.is_in_both());
        let texts = both.map(|(path, contested)| {
            let text = || diff(old.get(path)?, new.get(path)?, deadline);
            let told = match path.to_string() {
                path if packages_changed && is_package_list(&path) => Err(Omission::Packages),
                path if told.contains(path.as_str()) => Err(Omission::Units),
                _ => contested.omission.map_or_else(|| text().ok_or(Omission::Binary), Err),
            };
            Text { path: path.to_string(), left_out: told.as_ref().err().copied(), diff: told.ok() }
        });
        texts.collect()
    }
}

/// What is read for packages, and told as such.
fn is_package_list(path: &str) -> bool {
    path == "/var/lib/dpkg/status" || path.starts_with("/var/lib/dpkg/status.d/")
}

/// The hunks; none where one of the two is no text.
fn diff(old: &[u8], new: &[u8], deadline: Instant) -> Option<String> {
    let text = |bytes| str::from_utf8(bytes).ok().filter(|text: &&str| !text.contains('\0'));
    let (old, new) = (text(old)?, text(new)?);
    // A line feed alone ends a line: what stands on one line of the diff stands on one line of the file.
    let [old, new] = [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let diff: TextDiff<'_, '_, str> = TextDiffConfig::new().deadline(deadline).diff_slices(&old, &new);
    let mut told = String::new();
    for hunk in diff.unified_diff().iter_hunks() {
        // Nothing that is written to a string fails.
        let _ = writeln!(told, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let line = change.value();
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            let _ = write!(told, "{}{line}{end}", change.tag());
        }
    }
    Some(told)
}
