//! One file of `/usr/share/pam-configs`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What a package wants to stand in the stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    name: Vec<u8>,
    fields: BTreeMap<String, String>,
}

impl Profile {
    /// Reads `Field: value` and the lines that follow, which belong to the field above them.
    pub(super) fn parse(name: &[u8], text: &str) -> Self {
        let mut fields = BTreeMap::<String, String>::new();
        let mut current = String::new();
        for line in text.lines() {
            match line.split_once(':') {
                Some((field, value))
                    if !field.is_empty()
                        && !field.contains(char::is_whitespace)
                        && (value.is_empty() || value.starts_with(char::is_whitespace)) =>
                {
                    // An older name of the same field.
                    current = field.strip_suffix("-Final").unwrap_or(field).to_owned();
                    fields.insert(current.clone(), value.trim().to_owned());
                }
                _ => {
                    let value = fields.entry(current.clone()).or_default();
                    if !line.trim().is_empty() {
                        let separator = if value.is_empty() { "" } else { "\n" };
                        value.push_str(separator);
                        value.push_str(line.trim());
                    }
                }
            }
        }
        if !fields.contains_key("Session-Interactive-Only") {
            for end in ["", "-Initial", "-Type"] {
                if let Some(value) = fields.get(&format!("Session{end}")).cloned() {
                    fields.insert(format!("Session-noninteractive{end}"), value);
                }
            }
        }
        Self { name: name.to_vec(), fields }
    }

    /// A field's value.
    pub(super) fn get(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(String::as_str)
    }

    fn priority(&self) -> i64 {
        self.get("Priority").and_then(|priority| priority.parse().ok()).unwrap_or(0)
    }

    fn conflicts_with(&self, other: &Self) -> bool {
        let conflicts = self.get("Conflicts").unwrap_or_default();
        conflicts.split(", ").any(|name| name.as_bytes() == other.name)
    }
}

/// The profiles that are on without anybody's asking, in the order of their lines: the highest priority first, and of
/// equals the later name. Of two that exclude each other the first stays.
pub(super) fn enabled(mut profiles: Vec<Profile>) -> Vec<Profile> {
    profiles.retain(|profile| profile.get("Default") == Some("yes"));
    profiles.sort_by(|a, b| Reverse(a.priority()).cmp(&Reverse(b.priority())).then_with(|| b.name.cmp(&a.name)));
    let mut enabled: Vec<Profile> = Vec::new();
    for profile in profiles {
        if !enabled.iter().any(|other| other.conflicts_with(&profile) || profile.conflicts_with(other)) {
            enabled.push(profile);
        }
    }
    enabled
}
