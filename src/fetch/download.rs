//! One file, from the first mirror that has it.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::address::Address;
use super::client::{Answer, Client};
use super::failure::{Failure, Fault, Kind};
use super::fetcher::Wanted;
use super::standing::Standings;
use crate::store::{Partial, Store};
use crate::{Error, Result};

/// How long another vezaimg may take for a file that it began to fetch.
const PATIENCE: Duration = Duration::from_secs(600);

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// What the downloads of a run share.
pub(super) struct Downloads<'a> {
    pub(super) store: &'a Store,
    pub(super) client: &'a Client,
    pub(super) standings: &'a Standings,
    /// Bytes that are there, of all that are wanted.
    pub(super) done: AtomicU64,
    /// Set when the run is over: what is under way is left as it is.
    pub(super) stop: AtomicBool,
}

/// The mirrors that were asked for a file in vain, and what each did wrong.
pub(super) type Reasons = Vec<(String, String)>;

impl Downloads<'_> {
    /// Brings one file into the store; otherwise tells why no mirror gave it.
    pub(super) fn fetch(&self, wanted: &Wanted, mirrors: &[Address]) -> Result<Option<Reasons>> {
        let mut reasons = Reasons::new();
        for mirror in mirrors {
            let name = mirror.to_string();
            if let Some(reason) = self.standings.left_out(&name) {
                reasons.push((name, reason));
                continue;
            }
            match self.ask(wanted, mirror) {
                Ok(()) => {
                    self.standings.gave(&name);
                    return Ok(None);
                }
                Err(Fault::Run(error)) => return Err(error),
                // Not the mirror's doing.
                Err(Fault::Mirror(_)) if self.is_stopped() => return Ok(Some(reasons)),
                Err(Fault::Mirror(failure)) => {
                    self.standings.failed(&name, &failure);
                    reasons.push((name, failure.reason));
                }
            }
        }
        Ok(Some(reasons))
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn ask(&self, wanted: &Wanted, mirror: &Address) -> Result<(), Fault> {
        let limits = self.client.limits();
        let mut attempt = 1;
        loop {
            match self.attempt(wanted, mirror) {
                Err(Fault::Mirror(failure)) if failure.kind == Kind::Broken && attempt < limits.attempts => {
                    std::thread::sleep(limits.pause * attempt);
                    attempt += 1;
                }
                outcome => return outcome,
            }
            if self.is_stopped() {
                return Err(Failure::broken("stopped").into());
            }
        }
    }

    /// Goes on from what is there, and makes it an object.
    fn attempt(&self, wanted: &Wanted, mirror: &Address) -> Result<(), Fault> {
        let Some(mut partial) = self.partial(wanted)? else { return Ok(()) };
        let unwritten = |cause: std::io::Error| Fault::Run(self.store.unwritten(&cause));
        if partial.length() >= wanted.size {
            partial.restart().map_err(unwritten)?;
        }
        let mut counted = Counted { done: &self.done, bytes: partial.length() };
        counted.done.fetch_add(counted.bytes, Ordering::Relaxed);
        let resumed = partial.length() > 0;

        let mut answer = self.client.get(mirror, &wanted.path, partial.length())?;
        if answer.offset != partial.length() {
            partial.restart().map_err(unwritten)?;
            counted.take_back();
        }
        if let Some(length) = answer.length.filter(|length| answer.offset.saturating_add(*length) != wanted.size) {
            let (whole, content_type) = (answer.offset.saturating_add(length), answer.content_type);
            return Err(
                Failure::refused(format!("sends {whole} bytes ({content_type}) instead of {}", wanted.size)).into()
            );
        }
        self.transfer(&mut answer, &mut partial, wanted, &mut counted)?;
        if self.store.promote(partial, wanted.sha256, wanted.size).map_err(Fault::Run)? {
            counted.bytes = 0;
            return Ok(());
        }
        if resumed {
            // What it was resumed from may have been another mirror's fault.
            return Err(Failure::broken("sends other bytes than those that were begun with").into());
        }
        Err(Failure::refused(format!("sends other content ({}) of the same size", answer.content_type)).into())
    }

    fn transfer(
        &self,
        answer: &mut Answer,
        partial: &mut Partial,
        wanted: &Wanted,
        counted: &mut Counted<'_>,
    ) -> Result<(), Fault> {
        let begun = counted.bytes;
        let mut buffer = vec![0; 1 << 16];
        loop {
            if self.is_stopped() {
                return Err(Failure::broken("stopped").into());
            }
            let so_far = |partial: &Partial| format!("after {} of {} bytes", partial.length(), wanted.size);
            // What has brought something is worth another attempt.
            let length = answer.read(&mut buffer).map_err(|failure| Failure {
                reason: format!("{} {}", failure.reason, so_far(partial)),
                kind: if counted.bytes > begun { Kind::Broken } else { failure.kind },
            })?;
            if length == 0 && partial.length() < wanted.size {
                return Err(Failure::broken(format!("ended {}", so_far(partial))).into());
            }
            if length == 0 {
                return Ok(());
            }
            if partial.length() + length as u64 > wanted.size {
                // None of it is to be gone on from.
                partial.restart().map_err(|cause| Fault::Run(self.store.unwritten(&cause)))?;
                let content_type = &answer.content_type;
                return Err(Failure::refused(format!("sends more ({content_type}) than {} bytes", wanted.size)).into());
            }
            partial.write_all(&buffer[..length]).map_err(|cause| Fault::Run(self.store.unwritten(&cause)))?;
            counted.bytes += length as u64;
            counted.done.fetch_add(length as u64, Ordering::Relaxed);
        }
    }

    /// The download as far as it came; none when another vezaimg has finished it meanwhile.
    fn partial(&self, wanted: &Wanted) -> Result<Option<Partial>, Fault> {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_stopped() {
            let partial = self.store.partial(wanted.sha256, wanted.size).map_err(Fault::Run)?;
            let is_there = self.store.object(wanted.sha256, wanted.size).map_err(Fault::Run)?.is_some();
            if is_there {
                self.done.fetch_add(wanted.size, Ordering::Relaxed);
                return Ok(None);
            }
            if partial.is_some() {
                return Ok(partial);
            }
            if Instant::now() >= deadline {
                let minutes = PATIENCE.as_secs() / 60;
                let message = format!("another vezaimg has been fetching `{}` for {minutes} minutes", wanted.name);
                return Err(Fault::Run(Error::failed(message).hint("end it, and run this again")));
            }
            std::thread::sleep(LOOK);
        }
        Err(Failure::broken("stopped").into())
    }
}

/// The bytes of an attempt that were counted as done; counted no more when it comes to nothing.
struct Counted<'a> {
    done: &'a AtomicU64,
    bytes: u64,
}

impl Counted<'_> {
    fn take_back(&mut self) {
        self.done.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}
