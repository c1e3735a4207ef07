//! Names of packages, numbered.

use std::collections::HashMap;

/// A name, by the order in which it was first mentioned anywhere. apt numbers packages in the same way, and prefers the
/// later one of two providers between which nothing else decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::debian) struct Name(pub(super) usize);

/// Every name that was mentioned.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// The number of a name, a new one if it is new.
    pub(super) fn number(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        let name = Name(self.texts.len());
        self.texts.push(text.into());
        self.numbers.insert(text.into(), name);
        name
    }

    /// The number of a name that was mentioned.
    pub(super) fn find(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }

    /// The name.
    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name.0]
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }
}
