//! The field `Replaces`: which other packages' files a package may take, deb-control(5).

use std::cmp::Ordering;

use crate::debian::Version;

/// One package that is replaced, in some or in all versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replaced {
    name: String,
    versions: Option<(Relation, Version)>,
}

/// How a version must stand to the one that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Earlier,
    EarlierOrEqual,
    Equal,
    LaterOrEqual,
    Later,
}

impl Relation {
    /// Policy 7.1; `<` and `>` are the old forms of `<=` and `>=`.
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "<<" => Self::Earlier,
            "<=" | "<" => Self::EarlierOrEqual,
            "=" => Self::Equal,
            ">=" | ">" => Self::LaterOrEqual,
            ">>" => Self::Later,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

impl Replaced {
    /// Reads the field's value, such as `libc6-amd64, locales (<< 2.36)`.
    ///
    /// # Errors
    /// The end of a sentence that begins with the package.
    pub(super) fn parse_all(field: &str) -> Result<Vec<Self>, String> {
        let parts = field.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| {
                Self::parse(part).ok_or_else(|| format!("replaces `{}`, which is no package", part.escape_debug()))
            })
            .collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, versions) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')')?.trim();
                let (relation, version) = inside.split_at(inside.find(|at| !"<=>".contains(at))?);
                (name, Some((Relation::parse(relation)?, Version::parse(version.trim())?)))
            }
        };
        // dpkg lets `libc6:any` replace as `libc6` does.
        let name = name.trim().split(':').next()?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        (!name.is_empty() && name.bytes().all(fits)).then(|| Self { name: name.to_owned(), versions })
    }

    /// Whether it names this package in this version. A name that is only provided is not meant.
    pub(super) fn names(&self, name: &str, version: &Version) -> bool {
        let fits = |(relation, bound): &(Relation, Version)| relation.holds(version.cmp(bound));
        self.name == name && self.versions.as_ref().is_none_or(fits)
    }
}

#[cfg(test)]
mod tests;
