//! `SystemCallFilter=`, and the groups that it should keep out.

use std::collections::BTreeSet;

use super::super::syscalls;
use super::Point;
use super::settings::{Settings, inverted};

/// Groups that no ordinary service needs, and what each weighs.
const GROUPS: [(&str, u64); 11] = [
    ("@swap", 1000),
    ("@obsolete", 250),
    ("@clock", 1000),
    ("@cpu-emulation", 250),
    ("@debug", 1000),
    ("@mount", 1000),
    ("@module", 1000),
    ("@raw-io", 1000),
    ("@reboot", 1000),
    ("@privileged", 700),
    ("@resources", 700),
];

/// The filter after every assignment.
#[derive(Debug, Default)]
pub(super) struct SyscallFilter {
    /// None until the first list.
    listed: Option<BTreeSet<&'static str>>,
    allow_list: bool,
}

impl SyscallFilter {
    pub(super) fn assign(&mut self, value: &str) {
        if value.is_empty() {
            *self = Self::default();
            return;
        }
        let (inverted, list) = inverted(value);
        if self.listed.is_none() {
            self.allow_list = !inverted;
            if self.allow_list {
                // An allow list always holds what every program needs.
                self.change("@default", true);
            }
        }
        self.listed.get_or_insert_default();
        for word in list.split_whitespace() {
            let (name, error) = word.split_once(':').map_or((word, None), |(name, error)| (name, Some(error)));
            // What is allowed cannot return an error: systemd skips such a word, and one whose error it cannot read.
            if error.is_none_or(|error| inverted && syscalls::is_error(error)) {
                self.change(name, inverted != self.allow_list);
            }
        }
    }

    fn change(&mut self, name: &str, add: bool) {
        let listed = self.listed.get_or_insert_default();
        // Names that systemd does not know are skipped.
        let members = syscalls::members(name).into_iter().flatten().copied().chain(syscalls::known(name));
        for member in members {
            if add {
                listed.insert(member);
            } else {
                listed.remove(member);
            }
        }
    }

    fn lets_through(&self, name: &str) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.contains(name)) == self.allow_list
    }

    fn is_off(&self) -> bool {
        !self.allow_list && self.listed.as_ref().is_none_or(BTreeSet::is_empty)
    }

    fn grade(&self, group: &str) -> (u64, String) {
        if self.is_off() {
            return (10, "the service may make every system call".to_owned());
        }
        match syscalls::native_members(group).find(|name| self.lets_through(name)) {
            Some(open) => {
                let badness = if self.allow_list { 9 } else { 10 };
                (badness, format!("the filter lets calls of {group} through, such as {open}"))
            }
            None => (0, format!("the filter keeps {group} out")),
        }
    }
}

/// The points of the filter.
pub(super) fn points(settings: &Settings) -> impl Iterator<Item = Point> {
    GROUPS.iter().map(|(group, weight)| {
        let (badness, description) = settings.syscalls.grade(group);
        Point {
            id: format!("SystemCallFilter_{}", group.trim_start_matches('@').replace('-', "_")),
            name: format!("SystemCallFilter=~{group}"),
            weight: *weight,
            range: 10,
            badness: Some(badness),
            description,
        }
    })
}
