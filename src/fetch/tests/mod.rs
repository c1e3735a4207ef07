mod documents;
mod downloads;
mod order;
mod proxies;
mod resuming;
mod server;

use std::cell::RefCell;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::client::Limits;
use super::fetcher::{Fetcher, Network, Wanted};
use super::mirrors::Mirrors;
use super::proxy::Proxies;
use crate::interrupt::Interrupt;
use crate::rootfs::Digest;
use crate::store::Store;
use crate::ui::{Event, Listener};

/// Keeps what it is told, but for the progress on the way.
#[derive(Default)]
struct Told(RefCell<Vec<Event>>);

impl Listener for Told {
    fn event(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }
}

impl Told {
    fn stages_and_notes(&self) -> Vec<String> {
        let text = |event: &Event| match event {
            Event::Stage(text) | Event::Note(text) | Event::Warning(text) => Some(text.clone()),
            Event::Progress { .. } => None,
        };
        self.0.borrow().iter().filter_map(text).collect()
    }
}

/// A store of its own, and whoever listens.
struct Bench {
    _directory: TempDir,
    store: Store,
    interrupt: Interrupt,
    told: Told,
}

impl Bench {
    fn new() -> Self {
        let directory = TempDir::with_prefix("vezaimg-fetch-").unwrap();
        let store = Store::at(&directory.path().join("store")).unwrap();
        Self { _directory: directory, store, interrupt: Interrupt::default(), told: Told::default() }
    }

    fn fetcher(&self, mirrors: &[&str]) -> Fetcher<'_> {
        let given: Vec<_> = mirrors.iter().map(|mirror| (*mirror).to_owned()).collect();
        let mirrors = Mirrors::new(&given, "", Vec::new(), &[], "", None).unwrap();
        let limits = Limits {
            connect: Duration::from_secs(5),
            stall: Duration::from_secs(60),
            pause: Duration::from_millis(1),
            ..Limits::default()
        };
        let network = Some(Network { mirrors, limits, proxies: Proxies::default() });
        Fetcher { store: &self.store, network, interrupt: &self.interrupt, listener: &self.told }
    }

    /// A fetcher that gives up a mirror after half a second of silence.
    fn impatient(&self, mirrors: &[&str]) -> Fetcher<'_> {
        let mut fetcher = self.fetcher(mirrors);
        fetcher.network.as_mut().unwrap().limits.stall = Duration::from_millis(500);
        fetcher
    }

    fn has(&self, content: &[u8]) -> bool {
        self.store.object(digest(content), content.len() as u64).unwrap().is_some()
    }
}

fn digest(content: &[u8]) -> Digest {
    Digest(Sha256::digest(content).into())
}

fn wanted(name: &str, content: &[u8]) -> Wanted {
    Wanted {
        name: format!("{name} 1.0"),
        suite: "bookworm".to_owned(),
        path: format!("pool/{name}.deb"),
        size: content.len() as u64,
        sha256: digest(content),
    }
}
