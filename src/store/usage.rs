//! How much a store holds.

use std::ops::AddAssign;

use serde::Serialize;

use super::Store;
use super::entries::Kind;
use crate::Result;

/// A number of files and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Files.
    pub count: u64,
    /// Bytes.
    pub size: u64,
}

/// One file of this size more.
impl AddAssign<u64> for Amount {
    fn add_assign(&mut self, size: u64) {
        self.count += 1;
        self.size += size;
    }
}

/// What a store holds, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Content.
    pub objects: Amount,
    /// What keys led to.
    pub records: Amount,
    /// Downloads that are under way, or were given up.
    pub partial: Amount,
    /// Files in its directory that are not its own.
    pub unknown: Amount,
}

impl Usage {
    /// The amount of a kind.
    pub(super) fn of(&mut self, kind: Kind) -> &mut Amount {
        match kind {
            Kind::Object(_) => &mut self.objects,
            Kind::Record => &mut self.records,
            Kind::Partial => &mut self.partial,
            Kind::Unknown => &mut self.unknown,
        }
    }
}

impl Store {
    /// What it holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        for entry in self.entries().map_err(|cause| self.unread(&cause))?.values() {
            *usage.of(entry.kind) += entry.size;
        }
        Ok(usage)
    }
}
