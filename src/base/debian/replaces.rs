//! The field `Replaces`: which other packages' files a package may take, deb-control(5).

use crate::debian::{Constraint, Version, relations};

/// One package that is replaced, in some or in all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replaced {
    name: String,
    versions: Option<Constraint>,
}

impl Replaced {
    /// Reads the field's value, such as `libc6-amd64, locales (<< 2.36)`. As for dpkg, `libc6:any` replaces as `libc6`
    /// does.
    ///
    /// # Errors
    /// The end of a sentence that begins with the package.
    pub(super) fn parse_all(field: &str) -> Result<Vec<Self>, String> {
        let named = |relation: Result<crate::debian::Relation<'_>, &str>| match relation {
            Ok(relation) if !relation.or => Ok(Self { name: relation.name.to_owned(), versions: relation.constraint }),
            Ok(relation) => Err(unsound(relation.name)),
            Err(text) => Err(unsound(text)),
        };
        relations(field).map(named).collect()
    }

    /// Whether it names this package in this version. A name that is only provided is not meant.
    pub(super) fn names(&self, name: &str, version: &Version) -> bool {
        self.name == name && self.versions.as_ref().is_none_or(|versions| versions.holds(version))
    }
}

fn unsound(text: &str) -> String {
    format!("replaces `{}`, which is no package", text.escape_debug())
}

#[cfg(test)]
mod tests;
