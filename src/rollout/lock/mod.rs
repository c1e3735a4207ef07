//! The lock of a pool: one rollout at a time, whichever machines the operators sit at.

mod holder;

use crate::Result;
use crate::incus::Client;
use crate::rollout::fleet::PoolName;
use crate::rollout::journal::Journal;

pub use holder::Holder;

/// A pool's lock, held.
#[derive(Debug)]
pub struct Lock {
    journal: Option<Journal>,
}

/// What a pool's lock says to those who only look.
#[derive(Clone, Debug)]
pub struct Held {
    /// Who holds it, or held it last and is gone.
    pub holder: Option<Holder>,
    /// Whether nobody holds it any more.
    pub is_gone: bool,
    /// The operation that is going on, or was left unfinished.
    pub journal: Option<Journal>,
}

impl Lock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Somebody holds it.
    pub fn take(client: &Client, pool: &PoolName, verb: &str) -> Result<Self> {
        let _ = (client, pool, verb);
        unimplemented!()
    }

    /// What an unfinished operation left, or what was written since.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// Writes the journal.
    ///
    /// # Errors
    /// The lock was lost, or Incus cannot write it.
    pub fn write(&mut self, journal: &Journal) -> Result<()> {
        let _ = journal;
        unimplemented!()
    }

    /// Whether it is still held.
    ///
    /// # Errors
    /// It was lost.
    pub fn check(&self) -> Result<()> {
        unimplemented!()
    }

    /// Gives it back, the operation being finished.
    ///
    /// # Errors
    /// It was lost, or Incus cannot delete it.
    pub fn finish(self) -> Result<()> {
        unimplemented!()
    }

    /// Leaves the journal to whoever goes on, and holds the lock no more.
    ///
    /// # Errors
    /// It was lost, or Incus cannot write it.
    pub fn suspend(self) -> Result<()> {
        unimplemented!()
    }
}

/// What the pool's lock says.
///
/// # Errors
/// Incus does not answer, or there is something else in the lock's place.
pub fn look(client: &Client, pool: &PoolName) -> Result<Option<Held>> {
    let _ = (client, pool);
    unimplemented!()
}
