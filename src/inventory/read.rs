//! From YAML to groups and hosts, as Ansible's `yaml` inventory plugin goes about it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use yaml_serde::{Mapping, Value as Yaml};

use super::group::{is_above, settle};
use super::value::scalar;
use super::{ALL, Inventory, UNGROUPED, Value, Variables, pattern, vars};
use crate::diagnostic::Source;
use crate::document;
use crate::rootfs::escaped;
use crate::{Error, Result};

/// What the text of a file begins with that `ansible-vault encrypt` has made.
const VAULTED: &str = "$ANSIBLE_VAULT;";

/// The problems of an inventory that are told: whoever has more of them has given another file.
const MOST_PROBLEMS: usize = 20;

pub(super) fn read(path: &Path) -> Result<Inventory> {
    let source = document::read_source(path, "an inventory", "name your Ansible's, such as `inventory/lab.yml`")?;
    let Some(yaml) = parse(&source)? else {
        return Err(Error::invalid(format!("the inventory `{}` is encrypted by ansible-vault", source.name))
            .hint("its variables may be vaulted one by one, or in files of `group_vars`"));
    };
    let inventory =
        Inventory { source: Arc::new(source), notes: Vec::new(), groups: BTreeMap::new(), hosts: BTreeMap::new() };
    let mut reader = Reader { inventory, problems: Vec::new() };
    reader.top(&yaml);
    if !reader.problems.is_empty() {
        let error = Error::invalid(format!("`{}` is no inventory that Ansible would take", reader.inventory.name()));
        return Err(reader.problems.into_iter().take(MOST_PROBLEMS).fold(error, Error::cause));
    }
    let mut inventory = reader.inventory;
    vars::read_beside(path, &mut inventory)?;
    Ok(inventory)
}

/// The value of a YAML file, its aliases and merge keys resolved; none when it is vaulted as a whole.
///
/// # Errors
/// It is no YAML.
pub(super) fn parse(source: &Source) -> Result<Option<Yaml>> {
    if source.text.starts_with(VAULTED) {
        return Ok(None);
    }
    let not_yaml = |cause| Error::invalid(format!("`{}` is no YAML", source.name)).cause(cause);
    yaml_serde::from_str(&source.text).map(merged).map(Some).map_err(not_yaml)
}

/// The same with merge keys resolved, those of what is merged too, as YAML 1.1 has it: what stands there itself is
/// stronger, and of several the first. What cannot be merged stays as it is.
fn merged(yaml: Yaml) -> Yaml {
    match yaml {
        Yaml::Sequence(items) => items.into_iter().map(merged).collect(),
        Yaml::Mapping(entries) => {
            let mut all: Mapping = entries.into_iter().map(|(key, value)| (key, merged(value))).collect();
            let others = match all.remove("<<") {
                Some(Yaml::Mapping(other)) => vec![other],
                Some(Yaml::Sequence(others)) => {
                    others.into_iter().filter_map(|other| other.as_mapping().cloned()).collect()
                }
                _ => Vec::new(),
            };
            for (key, value) in others.into_iter().flatten() {
                if !all.contains_key(&key) {
                    all.insert(key, value);
                }
            }
            Yaml::Mapping(all)
        }
        other => other,
    }
}

/// Variables by name. Keys that are no names are Ansible's business.
pub(super) fn variables(mapping: &Mapping) -> Variables {
    let named = |(key, value): (&Yaml, &Yaml)| Some((scalar(key)?, Value::of(value)));
    mapping.iter().filter_map(named).collect()
}

struct Reader {
    inventory: Inventory,
    problems: Vec<String>,
}

impl Reader {
    fn top(&mut self, yaml: &Yaml) {
        let Yaml::Mapping(groups) = yaml else {
            let what = if yaml.is_null() { "it is empty" } else { "it is no mapping of groups" };
            return self.problems.push(what.to_owned());
        };
        if groups.contains_key("plugin") {
            return self.problems.push("it configures a plugin, which only Ansible can ask".to_owned());
        }
        self.inventory.groups.entry(ALL.to_owned()).or_default();
        self.inventory.groups.entry(UNGROUPED.to_owned()).or_default();
        self.adopt(ALL, UNGROUPED);
        self.named(groups, "").into_iter().for_each(|(name, group)| self.group(&name, group));
        self.reconcile();
    }

    /// The entries of a mapping whose keys are names.
    fn named<'a>(&mut self, mapping: &'a Mapping, of: &str) -> Vec<(String, &'a Yaml)> {
        let mut named = Vec::new();
        for (key, value) in mapping {
            match key {
                Yaml::String(name) if !name.is_empty() => named.push((name.clone(), value)),
                other => {
                    let shown =
                        scalar(other).map(|text| format!(" `{}`", escaped(text.as_bytes()))).unwrap_or_default();
                    self.problems.push(format!("the key{shown}{of} is no name: write it in quotes"));
                }
            }
        }
        named
    }

    fn group(&mut self, name: &str, group: &Yaml) {
        let shown = escaped(name.as_bytes()).to_string();
        let nothing = Mapping::new();
        let entries = match group {
            Yaml::Null => &nothing,
            Yaml::Mapping(entries) => entries,
            _ => return self.inventory.notes.push(format!("`{shown}` is no group: it is neither empty nor a mapping")),
        };
        self.inventory.groups.entry(name.to_owned()).or_default();
        for key in entries.keys() {
            let key = scalar(key).unwrap_or_default();
            if !["vars", "children", "hosts"].contains(&key.as_str()) {
                let note = format!(
                    "`{}` in the group `{shown}` is none of `hosts`, `children`, `vars`",
                    escaped(key.as_bytes())
                );
                self.inventory.notes.push(note);
            }
        }
        let own = self.part(entries, "vars", &shown);
        self.variables(name, &own);
        let children = self.part(entries, "children", &shown);
        for (child, group) in self.named(&children, &format!(" of the children of `{shown}`")) {
            self.group(&child, group);
            self.adopt(name, &child);
        }
        let hosts = self.part(entries, "hosts", &shown);
        for (pattern, own) in self.named(&hosts, &format!(" of the hosts of `{shown}`")) {
            self.hosts(name, &pattern, own);
        }
    }

    /// A part of a group. Ansible takes one name for a mapping of it to nothing.
    fn part<'a>(&mut self, entries: &'a Mapping, key: &str, group: &str) -> Cow<'a, Mapping> {
        match entries.get(key) {
            None | Some(Yaml::Null) => Cow::default(),
            Some(Yaml::Mapping(part)) => Cow::Borrowed(part),
            Some(Yaml::String(name)) => Cow::Owned([(Yaml::String(name.clone()), Yaml::Null)].into_iter().collect()),
            Some(_) => {
                self.problems.push(format!("`{key}` of the group `{group}` is no mapping"));
                Cow::default()
            }
        }
    }

    fn variables(&mut self, group: &str, mapping: &Mapping) {
        let mut own = variables(mapping);
        let Some(group) = self.inventory.groups.get_mut(group) else { return };
        if let Some(priority) = own.remove("ansible_group_priority") {
            group.priority = priority.text().and_then(|text| text.trim().parse().ok()).unwrap_or(1);
        }
        group.variables.extend(own);
    }

    fn adopt(&mut self, group: &str, child: &str) {
        if is_above(&self.inventory.groups, child, group) {
            let [group, child] = [group, child].map(|name| escaped(name.as_bytes()).to_string());
            return self.problems.push(format!("the group `{child}` is below `{group}` and above it"));
        }
        if let Some(group) = self.inventory.groups.get_mut(group)
            && !group.children.iter().any(|there| there == child)
        {
            group.children.push(child.to_owned());
        }
    }

    fn hosts(&mut self, group: &str, pattern: &str, own: &Yaml) {
        let shown = escaped(pattern.as_bytes()).to_string();
        let (hosts, port) = match pattern::expand(pattern) {
            Ok(expanded) => expanded,
            Err(what) => return self.problems.push(format!("the host pattern `{shown}` {what}")),
        };
        let mut own = match own {
            Yaml::Null => Variables::new(),
            Yaml::Mapping(own) => variables(own),
            _ => return self.problems.push(format!("the variables of the host `{shown}` are no mapping")),
        };
        if let Some(port) = port {
            own.entry("ansible_port".to_owned()).or_insert_with(|| Value::Plain(port.to_string()));
        }
        for host in hosts {
            let there = self.inventory.hosts.entry(host.clone()).or_default();
            if there.pattern.is_empty() {
                pattern.clone_into(&mut there.pattern);
            }
            there.variables.extend(own.clone());
            if let Some(group) = self.inventory.groups.get_mut(group)
                && !group.hosts.contains(&host)
            {
                group.hosts.push(host);
            }
        }
    }

    /// Whoever is below nobody is below `all`; and in `ungrouped` is who is in no other group.
    fn reconcile(&mut self) {
        let groups = &self.inventory.groups;
        let is_child = |name: &String| groups.values().any(|group| group.children.contains(name));
        let orphans: Vec<_> = groups.keys().filter(|name| *name != ALL && !is_child(name)).cloned().collect();
        orphans.iter().for_each(|orphan| self.adopt(ALL, orphan));
        settle(&mut self.inventory.groups);
        let groups = &self.inventory.groups;
        let is_grouped = |host: &String| {
            groups.iter().any(|(name, group)| ![ALL, UNGROUPED].contains(&name.as_str()) && group.hosts.contains(host))
        };
        let lone: Vec<_> = self.inventory.hosts.keys().filter(|host| !is_grouped(host)).cloned().collect();
        if let Some(ungrouped) = self.inventory.groups.get_mut(UNGROUPED) {
            ungrouped.hosts.retain(|host| lone.contains(host));
            let more: Vec<_> = lone.into_iter().filter(|host| !ungrouped.hosts.contains(host)).collect();
            ungrouped.hosts.extend(more);
        }
    }
}
