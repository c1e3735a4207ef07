//! A difference as a person reads it: what is different by section, then the texts line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::Timestamp;

use super::accounts;
use crate::Result;
use crate::diff::{Change, ChangedPath, Difference, Omission, Side, State, Text, Unit};
use crate::release::Line;
use crate::ui::{Bytes, Console, printable};

/// Paths whose time alone is another are named up to so many: a base with a new epoch has thousands.
const MOST_TIMES: usize = 10;

/// Prints it to stdout.
///
/// # Errors
/// It cannot be written.
pub(super) fn print(difference: &Difference, console: &Console) -> Result<()> {
    print_sections(sections(difference), console)?;
    difference.texts.iter().try_for_each(|text| print_text(text, console))
}

/// Prints sections that have lines: a label, and what it says.
///
/// # Errors
/// They cannot be written.
pub(super) fn print_sections(sections: Vec<(&'static str, Vec<String>)>, console: &Console) -> Result<()> {
    sections.into_iter().try_for_each(|(label, lines)| {
        let labels = [label].into_iter().chain(std::iter::repeat(""));
        let mut lines = labels.zip(lines);
        lines.try_for_each(|(label, line)| console.words(format!("{label:<14} {line}").trim_end()))
    })
}

/// The two images, and in which way they are the same.
pub(super) fn heads(difference: &Difference) -> Vec<(&'static str, Vec<String>)> {
    let Difference { old, new, .. } = difference;
    let head = |side: &Side| {
        let Side { image, fingerprint, size, content, entries, .. } = side;
        let sizes = format!("{}, unpacked {} in {entries} entries", Bytes(*size), Bytes(*content));
        [Some(image.clone()), fingerprint.clone(), Some(sizes)].into_iter().flatten().collect()
    };
    let same = match difference.same {
        false => None,
        true if old.fingerprint.is_some() && old.fingerprint == new.fingerprint => Some("byte for byte"),
        true => Some("the same content, packed differently"),
    };
    vec![("old", head(old)), ("new", head(new)), ("same", same.map(str::to_owned).into_iter().collect())]
}

fn sections(difference: &Difference) -> Vec<(&'static str, Vec<String>)> {
    let Difference { findings, paths, binary, .. } = difference;
    let (times, changed): (Vec<_>, Vec<_>) = paths.changed.iter().partition(|path| path.is_time_alone());
    let (shown, counted) = if times.len() > MOST_TIMES { (Vec::new(), times) } else { (times, Vec::new()) };
    let changed = changed.into_iter().chain(shown).map(path);
    let counted = (!counted.is_empty()).then(|| format!("{} paths differ by mtime alone", counted.len()));
    let mut sections = heads(difference);
    sections.extend([
        ("metadata", metadata(&difference.metadata)),
        ("image files", difference.parts.iter().map(name).collect()),
        ("system", all(&difference.system)),
        ("packages", all(&difference.packages)),
        ("moved ids", accounts::ids(&difference.accounts)),
        ("users", difference.accounts.users.iter().map(accounts::user).collect()),
        ("groups", difference.accounts.groups.iter().map(accounts::group).collect()),
        ("service", all(&difference.service)),
        ("units", difference.units.iter().flat_map(unit).collect()),
        ("binary", binary.facts.iter().map(fact).collect()),
        ("modules", all(&binary.modules)),
        ("crates", all(&binary.crates)),
        ("set-id", all(&findings.set_id)),
        ("capabilities", all(&findings.capabilities)),
        ("anyone writes", all(&findings.world_writable)),
        ("added", paths.added.iter().map(line).collect()),
        ("removed", paths.removed.iter().map(line).collect()),
        ("changed", changed.chain(counted).collect()),
        ("left out", all(&difference.left_out)),
        ("not compared", omissions(&difference.texts)),
    ]);
    sections
}

fn all<'a>(changes: impl IntoIterator<Item = &'a (impl Display + 'a)>) -> Vec<String> {
    changes.into_iter().map(ToString::to_string).collect()
}

/// What the images say of themselves. vezaimg says some of it twice, once as a property.
fn metadata(changes: &[Change]) -> Vec<String> {
    let date = |seconds: &Option<String>| {
        let date = seconds.as_ref()?.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        date.map_or_else(|| seconds.clone(), |date| Some(date.to_string()))
    };
    let told = changes.iter().map(|change| match change.name.as_str() {
        "creation_date" => Change { name: "made".to_owned(), from: date(&change.from), to: date(&change.to) },
        name => Change { name: name.strip_prefix("properties.").unwrap_or(name).to_owned(), ..change.clone() },
    });
    told.map(|change| change.to_string()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What changed alone, where the value says nothing to a person.
fn name(change: &Change) -> String {
    let Change { name, from, to } = change;
    match (from, to) {
        (None, Some(_)) => format!("{name}, new"),
        (Some(_), None) => format!("{name}, gone"),
        _ => name.clone(),
    }
}

fn fact(change: &Change) -> String {
    let size = |bytes: &Option<String>| bytes.as_ref().and_then(|bytes| Some(Bytes(bytes.parse().ok()?).to_string()));
    match change.name.as_str() {
        "size" => Change { from: size(&change.from), to: size(&change.to), ..change.clone() }.to_string(),
        _ => change.to_string(),
    }
}

fn unit(unit: &Unit) -> Vec<String> {
    let Unit { path, state, directives, is_whole: _ } = unit;
    let head = match state {
        State::Added => format!("{path}, new"),
        State::Removed => format!("{path}, gone"),
        State::Changed => path.clone(),
    };
    [head].into_iter().chain(directives.iter().map(|it| format!("  {it}"))).collect()
}

/// An entry as `tar --list --verbose` shows it, but for the mode in octal.
fn line(line: &Line) -> String {
    let Line { path, r#type, mode, uid, gid, size, target, .. } = line;
    let size = size.map(|size| format!(", {}", Bytes(size))).unwrap_or_default();
    let target = target.as_ref().map(|target| format!(" -> {target}")).unwrap_or_default();
    format!("{path}{target} {type} {mode} {uid}:{gid}{size}")
}

fn path(path: &ChangedPath) -> String {
    let ChangedPath { path, fields } = path;
    // What is no file any more has no size, which the type has said.
    let is_other = fields.iter().any(|field| field.name == "type");
    let told = fields.iter().filter(|field| !is_other || (field.from.is_some() && field.to.is_some()));
    let fields = told.map(|field| match field.name.as_str() {
        "content" | "mtime" => name(field),
        _ => field.to_string(),
    });
    format!("{path} {}", fields.collect::<Vec<_>>().join(", "))
}

fn omissions(texts: &[Text]) -> Vec<String> {
    let mut counts: BTreeMap<Omission, usize> = BTreeMap::new();
    let is_told = |omission: &Omission| matches!(omission, Omission::Packages | Omission::Units);
    for omission in texts.iter().filter_map(|text| text.left_out).filter(|omission| !is_told(omission)) {
        *counts.entry(omission).or_default() += 1;
    }
    let told = counts.into_iter().map(|(omission, count)| {
        let why = match omission {
            Omission::Packages => "told as packages",
            Omission::Units => "told as units",
            Omission::Binary => "not text",
            Omission::Large => "of more than 1 MiB",
            Omission::Many => "past the first 2,000 files or 32 MiB",
        };
        format!("{count} {}, {why}", if count == 1 { "file" } else { "files" })
    });
    told.collect()
}

fn print_text(text: &Text, console: &Console) -> Result<()> {
    let Text { path, diff: Some(diff), .. } = text else { return Ok(()) };
    // A line feed alone ends a line, as in the diff. There may be a million: they are written at once.
    let text = format!("--- a{path}\n+++ b{path}\n{diff}");
    let lines: Vec<_> = text.strip_suffix('\n').unwrap_or(&text).split('\n').map(printable).collect();
    console.result(&lines.join("\n"))
}
