//! Everything that is wanted, several files at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::client::{Client, Limits};
use super::download::{Downloads, Reasons};
use super::mirrors::Mirrors;
use super::proxy::Proxies;
use super::standing::Standings;
use crate::interrupt::Interrupt;
use crate::rootfs::{Digest, escaped};
use crate::store::Store;
use crate::ui::{Bytes, Event, Listener};
use crate::{Error, Result};

/// Files that are fetched at a time.
const PARALLEL: usize = 6;

/// How often progress is told, and a request to stop heeded.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// A file that is to be in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What messages call it, such as a package's name and version.
    pub name: String,
    /// The suite whose mirrors have it.
    pub suite: String,
    /// Its path below a mirror.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// The sha256 of its content.
    pub sha256: Digest,
}

/// What is asked, and how.
pub(super) struct Network {
    pub(super) mirrors: Mirrors,
    pub(super) limits: Limits,
    pub(super) proxies: Proxies,
}

/// Brings files into a store.
pub struct Fetcher<'a> {
    pub(super) store: &'a Store,
    /// None to use the store alone.
    pub(super) network: Option<Network>,
    pub(super) interrupt: &'a Interrupt,
    pub(super) listener: &'a dyn Listener,
}

impl<'a> Fetcher<'a> {
    /// One that asks these mirrors for what the store does not have, through the proxies of the environment.
    ///
    /// # Errors
    /// The environment names a proxy that is none.
    pub fn new(
        store: &'a Store,
        mirrors: Mirrors,
        interrupt: &'a Interrupt,
        listener: &'a dyn Listener,
    ) -> Result<Self> {
        let proxies = Proxies::new(|name| std::env::var(name).ok())?;
        Ok(Self { store, network: Some(Network { mirrors, limits: Limits::default(), proxies }), interrupt, listener })
    }

    /// One that asks nobody.
    pub fn offline(store: &'a Store, interrupt: &'a Interrupt, listener: &'a dyn Listener) -> Self {
        Self { store, network: None, interrupt, listener }
    }

    /// Sees to it that all of these are in the store, whole, and opens them in their order. The largest are fetched first,
    /// so that none of them is what everything waits for in the end.
    ///
    /// # Errors
    /// Files that the store lacks and no mirror gives, each with every mirror's reason; the store cannot be read or
    /// written to; or somebody asked to stop. What was fetched stays in the store.
    pub fn fetch(&self, wanted: &[Wanted]) -> Result<Vec<File>> {
        let (mut there, missing) = self.look(wanted)?;
        if !missing.is_empty() {
            let Some(network) = &self.network else { return Err(self.not_in_store(wanted, &missing)) };
            self.download(network, &missing)?;
        }
        let open = |wanted: &Wanted| match there.remove(&wanted.sha256) {
            Some(file) => Ok(file),
            None => {
                let gone = || Error::failed(format!("`{}` went from the store while it was needed", wanted.path));
                self.store.object(wanted.sha256, wanted.size)?.ok_or_else(gone)
            }
        };
        wanted.iter().map(open).collect()
    }

    fn download(&self, network: &Network, missing: &[&Wanted]) -> Result<()> {
        let total = missing.iter().map(|wanted| wanted.size).sum();
        let files = if missing.len() == 1 { "one file".to_owned() } else { format!("{} files", missing.len()) };
        self.listener.event(Event::Stage(format!("fetching {files}, {}", Bytes(total))));

        let (client, standings) = (Client::new(network.limits, &network.proxies), Standings::default());
        let downloads =
            Downloads { store: self.store, client: &client, standings: &standings, done: 0.into(), stop: false.into() };
        let mut failed = self.run(missing, &network.mirrors, &downloads, total)?;
        if failed.is_empty() {
            standings.notes().into_iter().for_each(|note| self.listener.event(Event::Note(note)));
            return Ok(());
        }
        failed.sort_by(|(a, _), (b, _)| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        Err(not_fetched(&failed, missing.len()))
    }

    /// What is in the store, and what is not, the largest first; each content once.
    pub(super) fn look<'w>(&self, wanted: &'w [Wanted]) -> Result<(BTreeMap<Digest, File>, Vec<&'w Wanted>)> {
        let (mut there, mut missing) = (BTreeMap::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for wanted in wanted.iter().filter(|wanted| seen.insert(wanted.sha256)) {
            self.go_on()?;
            match self.store.object(wanted.sha256, wanted.size)? {
                Some(file) => drop(there.insert(wanted.sha256, file)),
                None => missing.push(wanted),
            }
        }
        missing.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
        Ok((there, missing))
    }

    /// Fetches on several threads, while this one tells the listener.
    fn run<'w>(
        &self,
        missing: &[&'w Wanted],
        mirrors: &Mirrors,
        downloads: &Downloads<'_>,
        total: u64,
    ) -> Result<Vec<(&'w Wanted, Reasons)>> {
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        let worker = |sender: mpsc::Sender<_>| {
            while let Some(wanted) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = downloads.fetch(wanted, &mirrors.of_suite(&wanted.suite));
                let is_over = outcome.is_err() || downloads.stop.load(Ordering::Relaxed);
                if sender.send((*wanted, outcome)).is_err() || is_over {
                    break;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..PARALLEL.min(missing.len()) {
                let sender = sender.clone();
                scope.spawn(move || worker(sender));
            }
            drop(sender);
            let outcome = self.watch(&receiver, downloads, total);
            if outcome.is_err() {
                downloads.stop.store(true, Ordering::Relaxed);
                downloads.client.stop();
            }
            outcome
        })
    }

    /// Takes what the threads report, until there is no more of it or the run is over.
    fn watch<'w>(
        &self,
        receiver: &mpsc::Receiver<(&'w Wanted, Result<Option<Reasons>>)>,
        downloads: &Downloads<'_>,
        total: u64,
    ) -> Result<Vec<(&'w Wanted, Reasons)>> {
        let mut failed = Vec::new();
        loop {
            self.go_on()?;
            let done = downloads.done.load(Ordering::Relaxed).min(total);
            self.listener.event(Event::Progress { done, total: Some(total) });
            match receiver.recv_timeout(TICK) {
                Ok((wanted, outcome)) => failed.extend(outcome?.map(|reasons| (wanted, reasons))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(failed),
            }
        }
    }

    /// # Errors
    /// Somebody asked to stop.
    pub(super) fn go_on(&self) -> Result<()> {
        let stopped =
            |_| Error::interrupted("interrupted; what was fetched is kept, and the same command goes on from there");
        self.interrupt.check().map_err(stopped)
    }

    fn not_in_store(&self, wanted: &[Wanted], missing: &[&Wanted]) -> Error {
        let (store, missing_count) = (self.store.directory().display(), missing.len());
        let message = format!("{} not in the store `{store}`", counted(missing_count, wanted.len()));
        let mut missing = missing.to_vec();
        missing.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
        let line = |wanted: &Wanted| {
            let file = wanted.path.rsplit('/').next().unwrap_or_default();
            format!("`{}`: `{}`, {}", escaped(wanted.name.as_bytes()), escaped(file.as_bytes()), Bytes(wanted.size))
        };
        missing
            .into_iter()
            .fold(Error::failed(message), |error, wanted| error.cause(line(wanted)))
            .hint("run it once without `--offline`, or name a store that has them: `VEZAIMG_CACHE=DIR`")
    }
}

fn counted(some: usize, all: usize) -> String {
    match (some, all) {
        (1, 1) => "the one file that is needed is".to_owned(),
        (1, _) => format!("one of {all} files is"),
        _ => format!("{some} of {all} files are"),
    }
}

/// Files that failed for the same reasons, of which each has a line.
const MOST_ALIKE: usize = 3;

fn not_fetched(failed: &[(&Wanted, Reasons)], all: usize) -> Error {
    let message = match failed {
        [_] if all == 1 => "the file cannot be fetched".to_owned(),
        [_] => format!("one of {all} files cannot be fetched"),
        _ => format!("{} of {all} files cannot be fetched", failed.len()),
    };
    let line = |(wanted, reasons): &(&Wanted, Reasons)| {
        let reasons: Vec<_> = reasons.iter().map(|(mirror, reason)| format!("`{mirror}`: {reason}")).collect();
        let reasons = if reasons.is_empty() { no_mirror(&wanted.suite) } else { reasons.join("; ") };
        format!("`{}` ({}): {reasons}", escaped(wanted.name.as_bytes()), escaped(wanted.path.as_bytes()))
    };
    let mut lines = Vec::new();
    let mut rest: Vec<_> = failed.iter().collect();
    // Without a network all of them fail alike.
    while let Some(first) = rest.first().copied() {
        let (alike, others): (Vec<_>, _) = rest.into_iter().partition(|(_, reasons)| *reasons == first.1);
        match alike.len() {
            0..=MOST_ALIKE => lines.extend(alike.into_iter().map(line)),
            count => lines.push(format!("{}; and the same of {} others", line(first), count - 1)),
        }
        rest = others;
    }
    lines.iter().fold(Error::failed(message), Error::cause).hint(OTHER_MIRROR)
}

/// The way out when no mirror will do.
pub(super) const OTHER_MIRROR: &str = "name another mirror: `--mirror URL` or `VEZAIMG_MIRROR=URL`";

pub(super) fn no_mirror(suite: &str) -> String {
    format!("no mirror is known for `{}`", escaped(suite.as_bytes()))
}
