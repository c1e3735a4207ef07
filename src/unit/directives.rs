//! The directives that systemd knows, and what each takes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::kinds::{self, Kind};

/// What `systemd --dump-configuration-items` of systemd 252 prints for the sections of a service, one
/// `Section.Directive PARSER` a line. The parser is what systemd calls the form of the value.
const LISTING: &str = include_str!("directives.txt");

/// Directives that systemd 252 still takes with a warning, and what it says to use.
const OBSOLETE: [(&str, &str); 8] = [
    ("BlockIODeviceWeight", "IODeviceWeight"),
    ("BlockIOReadBandwidth", "IOReadBandwidthMax"),
    ("BlockIOWriteBandwidth", "IOWriteBandwidthMax"),
    ("CPUShares", "CPUWeight"),
    ("MemoryLimit", "MemoryMax"),
    ("RequiresOverridable", "Requires"),
    ("RequisiteOverridable", "Requisite"),
    ("StartupCPUShares", "StartupCPUWeight"),
];

/// Sections of a service, then directives, with their parser.
static SECTIONS: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>> = LazyLock::new(|| {
    let mut sections: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let lines = LISTING.lines().filter_map(|line| line.split_once(' '));
    for (name, parser) in lines {
        if let Some((section, directive)) = name.split_once('.') {
            sections.entry(section).or_default().insert(directive, parser);
        }
    }
    sections
});

/// The sections that a service may have.
pub(super) fn sections() -> impl Iterator<Item = &'static str> {
    SECTIONS.keys().copied()
}

/// The directives of a section; none for a section that a service does not have.
pub(super) fn of(section: &str) -> Option<impl Iterator<Item = &'static str>> {
    SECTIONS.get(section).map(|directives| directives.keys().copied())
}

/// The section that a directive belongs to.
pub(super) fn home(directive: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|(_, directives)| directives.contains_key(directive)).map(|(section, _)| *section)
}

/// What to write in place of a directive that systemd is about to drop.
pub(super) fn successor(directive: &str) -> Option<&'static str> {
    OBSOLETE.iter().find(|(obsolete, _)| *obsolete == directive).map(|(_, successor)| *successor)
}

/// What a directive takes; none for one that systemd does not know in that section.
pub(super) fn kind(section: &str, directive: &str) -> Option<Kind> {
    let parser = SECTIONS.get(section)?.get(directive)?;
    Some(kinds::kind(directive, parser))
}
