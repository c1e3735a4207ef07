//! Licences as Debian states them, in SPDX's terms.
//!
//! A copyright file may be written for programs, <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>: each
//! paragraph with `Files` names the licence of these files in the first line of its `License`. Its short names are
//! like SPDX's, <https://spdx.org/licenses/>, and not the same.

use std::collections::{BTreeMap, BTreeSet};

use deb822_fast::borrowed::BorrowedParser;

use crate::rootfs::Digest;

/// The most paragraphs of a file that are read.
const MOST_PARAGRAPHS: usize = 10_000;
/// The longest statement of one paragraph, in bytes.
const LONGEST: usize = 512;

/// What a package may be used under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Licence {
    /// The licences of all its files, as an SPDX licence expression (Annex D of the specification).
    pub(super) expression: String,
    /// Those of them that SPDX's list does not have, by the reference that stands in the expression.
    pub(super) unlisted: BTreeMap<String, String>,
}

/// What a copyright file states; none where it is not written for programs.
pub(super) fn stated(text: &str) -> Option<Licence> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let is_for_programs = first.strip_prefix("Format:").is_some_and(|value| value.contains("copyright-format"));
    is_for_programs.then_some(())?;
    let mut parts = BTreeSet::new();
    let mut unlisted = BTreeMap::new();
    let paragraphs = text.split("\n\n").take(MOST_PARAGRAPHS).filter_map(|it| BorrowedParser::new(it).parse_all().ok());
    for paragraph in paragraphs.flatten() {
        // A paragraph with a licence and no files gives the licence's text.
        if paragraph.get("Files").is_none() && paragraph.get("Format").is_none() {
            continue;
        }
        let Some(statement) = paragraph.get("License").and_then(|lines| lines.first()) else { continue };
        let statement = statement.trim();
        if statement.is_empty() || statement.len() > LONGEST {
            continue;
        }
        match expression(statement, &mut unlisted) {
            choice if choice.contains(" OR ") => {
                parts.insert(choice);
            }
            all => parts.extend(all.replace(['(', ')'], "").split(" AND ").map(str::to_owned)),
        }
    }
    let one = parts.len() == 1;
    let wrapped =
        parts.iter().map(|part| if one || !part.contains(" OR ") { part.clone() } else { format!("({part})") });
    let expression = wrapped.collect::<Vec<_>>().join(" AND ");
    (!expression.is_empty()).then_some(Licence { expression, unlisted })
}

/// `and` binds closer than `or`, as in SPDX; a comma before either splits first.
fn expression(statement: &str, unlisted: &mut BTreeMap<String, String>) -> String {
    let mut groups: Vec<(&str, String)> = Vec::new();
    let mut joint = "";
    for group in statement.split(',') {
        let group = group.trim();
        let (word, rest) = match group.split_once(' ') {
            Some(("and", rest)) => ("AND", rest),
            Some(("or", rest)) => ("OR", rest),
            _ => (if joint.is_empty() { "" } else { "AND" }, group),
        };
        if !rest.is_empty() {
            groups.push((word, terms(rest, unlisted)));
            joint = "AND";
        }
    }
    let several = groups.len() > 1;
    let mut whole = String::new();
    for (word, group) in groups {
        if !whole.is_empty() {
            whole = format!("{whole} {word} ");
        }
        whole += &if several && group.contains(' ') { format!("({group})") } else { group };
    }
    whole
}

/// Names joined by `and` and `or`.
fn terms(text: &str, unlisted: &mut BTreeMap<String, String>) -> String {
    let mut whole = String::new();
    let mut name: Vec<&str> = Vec::new();
    for word in text.split_whitespace().chain(["and"]) {
        let joint = match word {
            "and" => "AND",
            "or" | "and/or" => "OR",
            _ => {
                name.push(word);
                continue;
            }
        };
        if !name.is_empty() {
            whole += &listed(&name.join(" "), unlisted);
            whole = format!("{whole} {joint} ");
        }
        name.clear();
    }
    whole.trim_end_matches(" AND ").trim_end_matches(" OR ").to_owned()
}

/// SPDX's identifier of a licence that Debian calls so.
fn listed(name: &str, unlisted: &mut BTreeMap<String, String>) -> String {
    if let Some(found) = spdx_name(name) {
        return found;
    }
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let word: String = name.chars().map(fits).collect();
    // Two names that differ in other signs alone are two licences.
    let mut digits = Digest::of_bytes(name.as_bytes()).to_string();
    digits.truncate(if word == name { 0 } else { 8 });
    let parts = [word.trim_matches('-'), &digits].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let reference = format!("LicenseRef-{}", parts.join("-"));
    unlisted.insert(reference.clone(), name.to_owned());
    reference
}

fn spdx_name(name: &str) -> Option<String> {
    let same = match name.to_ascii_lowercase().as_str() {
        "expat" => "MIT",
        "cc0" => "CC0-1.0",
        "apache-2" => "Apache-2.0",
        "mpl-2" => "MPL-2.0",
        "boost-1.0" => "BSL-1.0",
        _ => "",
    };
    if !same.is_empty() {
        return Some(same.to_owned());
    }
    gnu(name).or_else(|| {
        // Debian writes `BSD-3-clause`, and means the listed one.
        let found = spdx::identifiers::LICENSES.iter().find(|license| license.name.eq_ignore_ascii_case(name))?;
        Some(found.name.to_owned())
    })
}

/// `GPL-2+` is SPDX's `GPL-2.0-or-later`, and `LGPL-2.1` its `LGPL-2.1-only`.
fn gnu(name: &str) -> Option<String> {
    let (family, version) = name.split_once('-')?;
    let family = family.to_ascii_uppercase();
    if !["GPL", "LGPL", "AGPL", "GFDL"].contains(&family.as_str()) {
        return None;
    }
    let (invariants, version) = match version.strip_prefix("NIV-") {
        Some(version) => ("-no-invariants", version),
        None => ("", version),
    };
    let (number, range) = match version.strip_suffix('+') {
        Some(number) => (number, "or-later"),
        None => (version, "only"),
    };
    let number = if number.contains('.') { number.to_owned() } else { format!("{number}.0") };
    let candidate = format!("{family}-{number}{invariants}-{range}");
    spdx::license_id(&candidate).map(|id| id.name.to_owned())
}
