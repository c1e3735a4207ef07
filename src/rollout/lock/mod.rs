//! The lock of a pool: one rollout at a time, whichever machines the operators sit at.
//!
//! It is kept in Incus: a profile that nothing uses, named `vezaimg.POOL`, or `vezaimg.PROJECT.POOL` in any project but
//! `default`, since projects may share the profiles of that one.
//!
//! ```text
//! vezaimg.api ─┬─ user.vezaimg.holder    who, where, which process, since when, renewed when; absent: nobody
//!              └─ user.vezaimg.journal   what was begun; absent: nothing
//!
//! take ─▶ nothing there? create, which is atomic ──────────────────────▶ held ─▶ finish: deleted
//!         holder gone, or none? replace by ETag, settle, look again ──▶         ─▶ suspend: the journal stays
//!         else refused                                                          ─▶ dropped, killed: expires
//! ```
//!
//! All times are the daemon's, so that the operators' clocks do not matter. A holder renews its lock every 10 s and is
//! gone 45 s after the last renewal, or at once when it was a process of this machine that has ended.
//!
//! Incus compares the ETag in one transaction and writes in the next: of two that replace a profile at once, both are
//! often told that they did (22 times of 60, tried with 6.0.4), and what the later one wrote stands. Hence a lock that
//! was taken over is looked at again after a second, and every lock whenever it is [checked](Lock::check).

mod holder;
mod keeper;
mod place;
mod process;
mod words;

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::incus::{Client, Kind};
use crate::rollout::fleet::PoolName;
use crate::rollout::journal::Journal;
use crate::{Error, Result};

pub use holder::Holder;
use keeper::Keeper;
pub(in crate::rollout) use place::quoted;
use place::{JOURNAL, Place};

/// How long a lock is held after its last renewal.
const LIFE: Duration = Duration::from_secs(45);

/// Between two renewals.
const RENEWAL: Duration = Duration::from_secs(10);

/// How long a write of somebody else may take that passed the ETag's check before ours was made.
const SETTLING: Duration = Duration::from_secs(1);

/// How often a write is tried while others write meanwhile.
const ATTEMPTS: u32 = 5;

/// A pool's lock, held, and renewed until it is finished, suspended or dropped. Dropped, it stays as it is and expires,
/// as if the process had been killed.
#[derive(Debug)]
pub struct Lock {
    keeper: Arc<Keeper>,
    journal: Option<Journal>,
}

/// What a pool's lock says to those who only look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who holds it, or held it last and is gone.
    pub holder: Option<Holder>,
    /// Whether nobody holds it any more.
    pub is_gone: bool,
    /// The operation that is going on, or was left unfinished.
    pub journal: Option<Journal>,
}

impl Held {
    /// Why nothing may be begun now, if somebody works on the pool.
    pub fn refusal(&self, pool: &PoolName) -> Option<Error> {
        let holder = self.holder.as_ref().filter(|_| !self.is_gone)?;
        let (user, host, verb) = (&holder.user, holder.host(), &holder.verb);
        let text = format!("the pool `{pool}` is locked by `{user}` on `{host}`, who runs `vezaimg {verb}`");
        Some(Error::refused(text).hint("`vezaimg status` shows how far that is"))
    }
}

impl Lock {
    /// Takes the lock for `vezaimg VERB`: a new one, or that of a holder who is gone, with the journal that was left.
    ///
    /// # Errors
    /// Somebody holds it: refused, with who, where, since when, and the ways out. Refused as well when something else
    /// stands in its place or its journal cannot be read; failed when Incus does not answer.
    pub fn take(client: &Client, pool: &PoolName, verb: &str) -> Result<Self> {
        let place = Place::of(client, pool);
        let mut own = Holder::own(verb, client.now()?)?;
        for attempt in 0..=ATTEMPTS {
            let asked = Instant::now();
            let now = client.now()?;
            (own.since, own.renewed) = (now, now);
            let Some(found) = place.read()? else {
                match place.create(&own)? {
                    Ok(()) => return Self::start(&place, own, None, asked),
                    Err(failure) if matches!(failure.kind(), Kind::Exists | Kind::Lost) => continue,
                    Err(failure) => return Err(failure.into()),
                }
            };
            let record = place.record(&found)?;
            match &record.holder {
                // Written by an attempt whose answer was lost, or that was looked at again.
                Some(holder) if holder.is(&own) => return Self::start(&place, holder.clone(), record.journal, asked),
                Some(holder) if !holder.is_gone(now) => {
                    return Err(words::held(&place, holder, record.journal.is_some(), now));
                }
                // What the last attempt wrote was looked at, too.
                _ if attempt == ATTEMPTS => break,
                _ => {}
            }
            match place.hold(found, &own)? {
                Err(failure) if !matches!(failure.kind(), Kind::Changed | Kind::Lost | Kind::NotFound) => {
                    return Err(failure.into());
                }
                _ => sleep(SETTLING),
            }
        }
        let sentence = format!("the lock of the pool `{pool}` changed whenever it was to be taken");
        Err(Error::refused(sentence).hint("others are working on the pool; `vezaimg status` shows who"))
    }

    fn start(place: &Place, own: Holder, journal: Option<Journal>, taken: Instant) -> Result<Self> {
        Ok(Self { keeper: Keeper::start(place, own, taken)?, journal })
    }

    /// What an unfinished operation left, or what was written since.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// Writes the journal, which from then on is what another one finds who takes the lock over.
    ///
    /// # Errors
    /// The lock was lost, Incus does not answer, or the journal is one that could not be read.
    pub fn write(&mut self, journal: &Journal) -> Result<()> {
        let pool = self.keeper.place().pool();
        let json = journal.to_json().map_err(|why| {
            Error::failed(format!("what is done to the pool `{pool}` cannot be written into its lock")).cause(why)
        })?;
        self.keeper.write(|config| {
            config.insert(JOURNAL.to_owned(), json.clone());
        })?;
        self.journal = Some(journal.clone());
        Ok(())
    }

    /// Takes the journal out: what it told of is over, and something else may begin under the same lock.
    ///
    /// # Errors
    /// The lock was lost, or Incus does not answer.
    pub fn clear(&mut self) -> Result<()> {
        self.keeper.write(|config| {
            config.remove(JOURNAL);
        })?;
        self.journal = None;
        Ok(())
    }

    /// Whether the lock is still held, as Incus tells it now. To be asked before everything that changes something.
    ///
    /// # Errors
    /// Somebody deleted it or took it over, or it could not be renewed until it was about to expire. Where Incus cannot
    /// be reached it counts as held for 35 s after the last renewal.
    pub fn check(&self) -> Result<()> {
        self.keeper.check()
    }

    /// Deletes the lock, and with it the journal of what is finished.
    ///
    /// # Errors
    /// The lock was lost, or Incus cannot delete it: then it expires, and its journal is found by the next one.
    pub fn finish(self) -> Result<()> {
        self.keeper.delete()
    }

    /// Leaves the journal to whoever goes on, who may do so at once. A lock without a journal is deleted.
    ///
    /// # Errors
    /// The lock was lost, or Incus cannot write it: then it expires.
    pub fn suspend(self) -> Result<()> {
        match self.journal {
            Some(_) => self.keeper.release(),
            None => self.keeper.delete(),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.keeper.close();
    }
}

/// What the pool's lock says, if there is one.
///
/// # Errors
/// Incus does not answer, something else stands in the lock's place, or its journal cannot be read.
pub fn look(client: &Client, pool: &PoolName) -> Result<Option<Held>> {
    let place = Place::of(client, pool);
    let Some(found) = place.read()? else { return Ok(None) };
    let record = place.record(&found)?;
    let now = client.now()?;
    let is_gone = record.holder.as_ref().is_none_or(|holder| holder.is_gone(now));
    Ok(Some(Held { holder: record.holder, is_gone, journal: record.journal }))
}
