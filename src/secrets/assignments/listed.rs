//! Lists of names and values as Kubernetes and others write environments: `- name: DB_PASSWORD`, and `value: …` in the
//! next line or the one before.

use super::pairs::{Pair, is_name};
use super::values::{Setting, Value, judge};
use crate::secrets::Secret;

/// Between a name and its value are no more lines than these.
const APART: usize = 3;

/// An entry of a list, as far as it was read.
#[derive(Debug, Default)]
pub(in crate::secrets) struct Listed {
    name: Option<String>,
    value: Option<(String, bool)>,
    age: usize,
}

impl Listed {
    /// Takes the pairs of the next line, and tells what a name and a value are that both are known by then.
    pub(super) fn take(&mut self, line: &str, pairs: &[Pair<'_>]) -> Option<Secret> {
        self.age += 1;
        if line.starts_with(['-', '{', '}']) || self.age > APART {
            *self = Self::default();
        }
        pairs.iter().filter_map(|pair| self.take_pair(pair)).min()
    }

    fn take_pair(&mut self, pair: &Pair<'_>) -> Option<Secret> {
        match pair.name {
            "name" | "Name" | "key" | "Key" if is_name(pair.value) => self.name = Some(pair.value.to_owned()),
            "value" | "Value" => self.value = Some((pair.value.to_owned(), pair.is_quoted)),
            _ => return None,
        }
        self.age = 0;
        let (Some(name), Some((text, is_quoted))) = (&self.name, &self.value) else { return None };
        let secret = judge(name, Value { text, is_quoted: *is_quoted }, Setting::Document);
        *self = Self::default();
        secret
    }
}
