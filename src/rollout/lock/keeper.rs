//! Keeps a lock that is held: renews it from a thread of its own, and writes into it one at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::holder::Holder;
use super::place::{Found, HOLDER, Place};
use super::words::{self, Loss};
use super::{ATTEMPTS, RENEWAL};
use crate::incus::{Config, Failure, Kind};
use crate::{Error, Result};

/// Between two attempts at a renewal that fails.
const RETRY: Duration = Duration::from_secs(2);

/// For one look at what cannot be reached, and for a renewal: the next one comes soon.
const PATIENCE: Duration = Duration::from_secs(5);

/// For what has to be written, while incusd restarts. Writing renews the lock, too.
const INSISTENCE: Duration = Duration::from_secs(30);

/// Between two attempts at a write.
const PAUSE: Duration = Duration::from_millis(250);

/// When a lock is to be renewed before anything is done under it: the thread that does so was held up.
const STALE: Duration = Duration::from_secs(20);

/// When a lock that cannot be renewed is given up: sooner than others may take it, as what is done under it takes time.
const GIVEN_UP: Duration = Duration::from_secs(35);

/// A lock that is held.
#[derive(Debug)]
pub(super) struct Keeper {
    place: Place,
    own: Holder,
    state: Mutex<State>,
    wake: Condvar,
    /// Set, nothing is renewed any more.
    closed: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// When the last successful renewal was begun.
    renewed: Instant,
    /// Once lost, always lost.
    loss: Option<Loss>,
}

/// Why a write came to nothing.
enum Setback {
    Lost(Loss),
    Failed(Failure),
    Other(Error),
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Keeper {
    /// Keeps the lock that `own` has held since `taken`.
    pub(super) fn start(place: &Place, own: Holder, taken: Instant) -> Result<Arc<Self>> {
        let place = place.clone().with_patience(PATIENCE);
        let state = Mutex::new(State { renewed: taken, loss: None });
        let keeper = Arc::new(Self { place, own, state, wake: Condvar::new(), closed: AtomicBool::new(false) });
        let renewing = Arc::clone(&keeper);
        let thread = thread::Builder::new().name("lock".to_owned()).spawn(move || renewing.renew());
        thread.map_err(|cause| Error::failed("no thread can be started to renew a lock").cause(cause))?;
        Ok(keeper)
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Lets the thread end. What it has already sent it does not take back.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.wake.notify_all();
    }

    fn renew(&self) {
        let mut pause = RENEWAL;
        let mut state = self.state();
        loop {
            let waited = self.wake.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if self.closed.load(Ordering::Relaxed) || state.loss.is_some() {
                return;
            }
            pause = if self.update(&mut state, PATIENCE, |_| ()).is_ok() { RENEWAL } else { RETRY };
        }
    }

    /// Nobody but the holder of this writes.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the lock is still held, and will be for a while.
    pub(super) fn check(&self) -> Result<()> {
        let mut state = self.state();
        let outcome =
            self.freshness().and_then(|fresh| if fresh { Ok(()) } else { self.attempts(&mut state, PATIENCE, |_| ()) });
        let age = state.renewed.elapsed();
        match outcome {
            Err(Setback::Failed(failure)) if failure.kind() == Kind::Lost && age < GIVEN_UP => Ok(()),
            Err(Setback::Failed(failure)) if failure.kind() == Kind::Lost => {
                Err(words::expired(&self.place, age, &failure))
            }
            outcome => self.conclude(&mut state, outcome),
        }
    }

    /// Whether the lock as it stands in Incus is ours and was renewed lately.
    fn freshness(&self) -> Result<bool, Setback> {
        let holder = self.ours(self.place.read()?.as_ref())?;
        Ok(holder.age(self.place.client.now()?) < STALE)
    }

    /// The holder that was found, if it is still this one.
    fn ours(&self, found: Option<&Found>) -> Result<Holder, Setback> {
        let Some(found) = found else { return Err(Setback::Lost(Loss::Deleted)) };
        let holder = found.profile.config.get(HOLDER).map(|text| Holder::read(text));
        match holder {
            Some(Ok(holder)) if holder.is(&self.own) => Ok(holder),
            Some(Ok(other)) => Err(Setback::Lost(Loss::Taken(Box::new(other)))),
            Some(Err(_)) | None => Err(Setback::Lost(Loss::Freed)),
        }
    }

    /// Renews the lock and changes what else it says, if it is still held.
    pub(super) fn write(&self, change: impl Fn(&mut Config)) -> Result<()> {
        self.update(&mut self.state(), INSISTENCE, |found| change(&mut found.profile.config))
    }

    /// Takes the holder out; what else the lock says stays for whoever goes on.
    pub(super) fn release(&self) -> Result<()> {
        let mut state = self.state();
        self.close();
        let outcome = self.attempts(&mut state, INSISTENCE, |found| {
            found.profile.config.remove(HOLDER);
            found.profile.description = words::left_description(&self.place);
        });
        match outcome {
            // By hand, or by an attempt whose answer was lost.
            Err(Setback::Lost(Loss::Freed)) => Ok(()),
            outcome => self.conclude(&mut state, outcome),
        }
    }

    /// Deletes the lock.
    pub(super) fn delete(&self) -> Result<()> {
        let mut state = self.state();
        self.close();
        // Renewed, so that it cannot expire and be taken over between this look and the end.
        self.update(&mut state, INSISTENCE, |_| ())?;
        let begun = Instant::now();
        loop {
            match self.place.delete() {
                Err(failure) if failure.kind() == Kind::Lost && begun.elapsed() < INSISTENCE => {
                    thread::sleep(PAUSE);
                    // Nobody knows whether it was deleted: what stands there now does.
                    match self.place.read().map_err(Setback::from).and_then(|found| self.ours(found.as_ref())) {
                        Ok(_) => {}
                        Err(Setback::Lost(_)) => return Ok(()),
                        outcome => return self.conclude(&mut state, outcome.map(drop)),
                    }
                }
                Err(failure) if failure.kind() == Kind::NotFound => {
                    return self.conclude(&mut state, Err(Setback::Lost(Loss::Deleted)));
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    fn update(&self, state: &mut State, patience: Duration, change: impl Fn(&mut Found)) -> Result<()> {
        let outcome = self.attempts(state, patience, change);
        self.conclude(state, outcome)
    }

    /// The same until it succeeds: a write of which nobody knows what came of it is as good as one that came to
    /// nothing, for the next one holds all that it held.
    fn attempts(&self, state: &mut State, patience: Duration, change: impl Fn(&mut Found)) -> Result<(), Setback> {
        if let Some(loss) = &state.loss {
            return Err(Setback::Lost(loss.clone()));
        }
        let begun = Instant::now();
        let mut collisions = 0;
        loop {
            let asked = Instant::now();
            let failure = match self.attempt(&change) {
                Ok(()) => {
                    state.renewed = asked;
                    return Ok(());
                }
                Err(Setback::Failed(failure)) => failure,
                Err(setback) => return Err(setback),
            };
            match failure.kind() {
                Kind::Changed if collisions < ATTEMPTS => collisions += 1,
                Kind::Lost if begun.elapsed() < patience => thread::sleep(PAUSE),
                _ => return Err(Setback::Failed(failure)),
            }
        }
    }

    fn attempt(&self, change: impl Fn(&mut Found)) -> Result<(), Setback> {
        let now = self.place.client.now()?;
        let found = self.place.read()?;
        let mut holder = self.ours(found.as_ref())?;
        let Some(mut found) = found else { return Err(Setback::Lost(Loss::Deleted)) };
        holder.renewed = now;
        let json = holder.to_json().map_err(Setback::Other)?;
        found.profile.config.insert(HOLDER.to_owned(), json);
        change(&mut found);
        match self.place.client.replace_profile(&found.profile, &found.etag) {
            Err(failure) if failure.kind() == Kind::NotFound => Err(Setback::Lost(Loss::Deleted)),
            outcome => Ok(outcome?),
        }
    }

    /// What the caller is told; a loss is remembered.
    fn conclude(&self, state: &mut State, outcome: Result<(), Setback>) -> Result<()> {
        match outcome {
            Ok(()) => Ok(()),
            Err(Setback::Lost(loss)) => {
                let error = loss.error(&self.place);
                state.loss = Some(loss);
                Err(error)
            }
            Err(Setback::Failed(failure)) => Err(failure.into()),
            Err(Setback::Other(error)) => Err(error),
        }
    }
}
