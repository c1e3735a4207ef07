//! The packages that suites offer for one architecture.

mod names;
mod paragraphs;
mod record;

use std::io::BufRead;

pub(super) use self::names::Name;
use self::names::Names;
use self::paragraphs::Paragraphs;
use self::record::Stanza;
pub(super) use self::record::{Provided, Record, Target};
use super::{Constraint, Package};
use crate::{Error, Result};

/// What the indices of several suites offer: of each name the highest version, the earlier suite's where two offer it.
#[derive(Debug)]
pub struct Index {
    architecture: String,
    names: Names,
    records: Vec<Record>,
    /// By the number of the name.
    real: Vec<Option<usize>>,
}

impl Index {
    /// An empty index for an architecture by Debian's name of it, such as `amd64`.
    pub fn new(architecture: &str) -> Self {
        Self { architecture: architecture.to_owned(), names: Names::default(), records: Vec::new(), real: Vec::new() }
    }

    /// Adds what a suite's `Packages` says, as deb822(5). Packages of architectures other than the index's and `all`
    /// are passed over.
    ///
    /// # Errors
    /// [`Failed`](crate::error::Class::Failed) if it cannot be read; [`Invalid`](crate::error::Class::Invalid) if a
    /// paragraph is no sound package.
    pub fn read(&mut self, suite: &str, packages: impl BufRead) -> Result<()> {
        let mut paragraphs = Paragraphs::new(packages);
        let unreadable =
            |error: std::io::Error| Error::failed(format!("cannot read the packages index of `{suite}`")).cause(error);
        while let Some(text) = paragraphs.next().map_err(unreadable)? {
            let read = Stanza::parse(text).and_then(|stanza| self.add(suite, &stanza));
            read.map_err(|what| {
                Error::invalid(format!("the packages index of `{suite}` has a package that is not sound")).cause(what)
            })?;
        }
        Ok(())
    }

    fn add(&mut self, suite: &str, stanza: &Stanza<'_>) -> Result<(), String> {
        let own = stanza.architecture()?;
        if own != self.architecture && own != "all" {
            return Ok(());
        }
        let (name, mut record) = Record::read(stanza, suite, &self.architecture, &mut self.names)?;
        self.real.resize(self.names.len(), None);
        match self.real[name.0].map(|at| &mut self.records[at]) {
            None => {
                self.real[name.0] = Some(self.records.len());
                self.records.push(record);
            }
            Some(known) => {
                // apt takes a package for essential if any version of it says so.
                let (essential, important) = (known.essential || record.essential, known.important || record.important);
                if record.package.version > known.package.version {
                    std::mem::swap(known, &mut record);
                }
                (known.essential, known.important) = (essential, important);
            }
        }
        Ok(())
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// A package by its name.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.real(self.names.find(name)?).map(|at| &self.records[at].package)
    }

    /// Every package that there is, in no order that means anything.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.records.iter().map(|record| &record.package)
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The number of a name that was mentioned.
    pub(super) fn name(&self, text: &str) -> Option<Name> {
        self.names.find(text)
    }

    /// The package that bears a name: its place among [`Self::records`].
    pub(super) fn real(&self, name: Name) -> Option<usize> {
        self.real.get(name.0).copied().flatten()
    }

    /// A relation's target as a person writes it, such as `libc6 (>= 2.36)`.
    pub(super) fn describe(&self, target: &Target) -> String {
        let name = self.names.text(target.name);
        target.constraint.as_deref().map_or(name.to_owned(), |constraint: &Constraint| format!("{name} ({constraint})"))
    }
}
