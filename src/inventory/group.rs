//! Groups within groups.

use std::collections::{BTreeMap, BTreeSet};

use super::{ALL, Variables};

/// A group as it stands, without what it has through others.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Its own, in the order in which they stand, none twice.
    pub(super) hosts: Vec<String>,
    /// The groups below it, in the order in which they stand, none twice.
    pub(super) children: Vec<String>,
    /// Of the inventory's file.
    pub(super) variables: Variables,
    /// Of `group_vars`.
    pub(super) beside: Variables,
    /// `ansible_group_priority`: of groups that are equally deep, the higher is stronger.
    pub(super) priority: i64,
    /// How far it is from `all`, by the longest way; known once all groups are.
    depth: usize,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            children: Vec::new(),
            variables: Variables::new(),
            beside: Variables::new(),
            priority: 1,
            depth: 0,
        }
    }
}

/// A group and those below it: level by level, each as often as it takes to be there once.
pub(super) fn below<'a>(groups: &'a BTreeMap<String, Group>, from: &str) -> Vec<&'a str> {
    let mut found: Vec<&str> = groups.get_key_value(from).map(|(name, _)| name.as_str()).into_iter().collect();
    let mut next = 0;
    while let Some(name) = found.get(next) {
        for child in &groups[*name].children {
            if !found.contains(&child.as_str()) {
                found.push(child);
            }
        }
        next += 1;
    }
    found
}

/// Whether one is above the other, or the same.
pub(super) fn is_above(groups: &BTreeMap<String, Group>, above: &str, group: &str) -> bool {
    below(groups, above).contains(&group)
}

/// The groups that a host is in, the weakest first: `all`, then by depth, priority and name.
pub(super) fn above<'a>(groups: &'a BTreeMap<String, Group>, host: &str) -> Vec<&'a Group> {
    let mut own: BTreeSet<&str> = groups
        .iter()
        .filter(|(_, group)| group.hosts.iter().any(|own| own == host))
        .map(|(name, _)| name.as_str())
        .collect();
    own.insert(ALL);
    let mut all: Vec<(&String, &Group)> =
        groups.iter().filter(|(name, _)| own.iter().any(|own| is_above(groups, name, own))).collect();
    all.sort_by_key(|(name, group)| (name.as_str() != ALL, group.depth, group.priority, *name));
    all.into_iter().map(|(_, group)| group).collect()
}

/// Finds out how deep every group is.
pub(super) fn settle(groups: &mut BTreeMap<String, Group>) {
    groups.iter_mut().for_each(|(name, group)| group.depth = usize::from(name != ALL));
    // There are no circles: each round settles one more level.
    for _ in 0..groups.len() {
        let deeper: Vec<(String, usize)> = groups
            .values()
            .flat_map(|group| group.children.iter().map(|child| (child.clone(), group.depth + 1)))
            .filter(|(child, depth)| groups.get(child).is_some_and(|child| child.depth < *depth))
            .collect();
        if deeper.is_empty() {
            break;
        }
        for (child, depth) in deeper {
            if let Some(child) = groups.get_mut(&child) {
                child.depth = child.depth.max(depth);
            }
        }
    }
}
