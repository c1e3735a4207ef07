//! Ansible's inventory in YAML, read as Ansible reads it: who is in which group, and which variables a host has.
//!
//! ```text
//! inventory/lab.yml ──▶ yaml ──▶ read ──▶ Inventory ──▶ hosts of a group, variables of a host
//! group_vars/, host_vars/ ─────────▲        groups, hosts
//! beside it                        patterns such as `backend-api-[1:2]` expanded
//! ```
//!
//! The format is that of Ansible's `yaml` inventory plugin, and of its `host_group_vars` for the directories beside it; the
//! order in which one value beats another is that of `VARIABLE_PRECEDENCE` as it is by default. Templates in values are
//! not rendered, and what is vaulted is never read.

mod group;
mod pattern;
mod read;
mod value;
mod vars;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::Result;
use crate::diagnostic::{Place, Source};

pub use value::Value;

use group::Group;

/// The groups and hosts of one inventory.
#[derive(Clone, Debug)]
pub struct Inventory {
    source: Arc<Source>,
    /// What Ansible would skip with a warning, in one sentence each.
    pub notes: Vec<String>,
    groups: BTreeMap<String, Group>,
    hosts: BTreeMap<String, Host>,
}

/// A host as it stands.
#[derive(Clone, Debug, Default)]
struct Host {
    /// How the inventory names it first, alone or with others.
    pattern: String,
    variables: Variables,
}

/// Variables by name.
pub type Variables = BTreeMap<String, Value>;

/// The group of everybody.
const ALL: &str = "all";
/// The group of those who are in no other one.
const UNGROUPED: &str = "ungrouped";

impl Inventory {
    /// Reads an inventory, and the `group_vars` and `host_vars` beside it.
    ///
    /// # Errors
    /// A file cannot be read, or is no inventory: every problem of it.
    pub fn read(path: &Path) -> Result<Self> {
        read::read(path)
    }

    /// What messages call it: the path as it was given.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// Where a host is named in a group; the beginning where that is in another form. The place shows the name alone: what
    /// stands beside it may be a secret.
    pub fn place_of(&self, group: &str, host: &str) -> Place {
        let text = &self.source.text;
        let name = self.hosts.get(host).map_or(host, |host| &host.pattern);
        let from = key_in(text, 0, group).unwrap_or(0);
        let found = key_in(text, from, name).or_else(|| key_in(text, 0, name));
        let span = found.map_or(0..0, |at| at..at + name.len());
        let blank =
            text[..span.start].chars().map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) });
        let text = blank.collect::<String>() + &text[span.clone()];
        Place { source: Arc::new(Source { name: self.source.name.clone(), text }), span }
    }

    /// Every group's name.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// The hosts of a group and of those below it, in the order in which they stand; none where there is no such group.
    pub fn hosts_of(&self, group: &str) -> Option<Vec<&str>> {
        self.groups.contains_key(group).then(|| {
            let mut hosts = Vec::new();
            for name in group::below(&self.groups, group) {
                for host in &self.groups[name].hosts {
                    if !hosts.contains(&host.as_str()) {
                        hosts.push(host);
                    }
                }
            }
            hosts
        })
    }

    /// Every host with its variables, in the order of the group `all`.
    pub fn hosts(&self) -> Vec<(&str, Variables)> {
        let all = self.hosts_of("all").unwrap_or_default().into_iter();
        all.filter_map(|host| Some((host, self.variables_of(host)?))).collect()
    }

    /// What Ansible would give a host as variables; none where there is no such host.
    pub fn variables_of(&self, host: &str) -> Option<Variables> {
        let own = &self.hosts.get(host)?.variables;
        let mut all = Variables::new();
        let mut set = |variables: &Variables| all.extend(variables.iter().map(|(k, v)| (k.clone(), v.clone())));
        // Groups nearer to the host are stronger; what stands beside the inventory beats what stands in it.
        let groups = group::above(&self.groups, host);
        groups.iter().for_each(|group| set(&group.variables));
        groups.iter().for_each(|group| set(&group.beside));
        set(own);
        Some(all)
    }
}

/// Where a name stands as the key of a mapping, or as the whole value of one, from there on.
fn key_in(text: &str, from: usize, name: &str) -> Option<usize> {
    let is_key = |at: &usize| {
        let before = text[..*at].trim_end_matches(['"', '\'']);
        let after = text[at + name.len()..].trim_start_matches(['"', '\'']);
        let begins = before.trim_end_matches([' ', '\t']).ends_with(['\n', '{', ',', ':']) || before.trim().is_empty();
        begins && (after.starts_with([':', '\n', '\r', '}', ',']) || after.is_empty())
    };
    text.get(from..)?.match_indices(name).map(|(at, _)| from + at).find(is_key)
}
