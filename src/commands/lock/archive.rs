//! What the suites of a base offer, each signature and digest checked.

use crate::debian::{self, Index, Keyring, Release};
use crate::fetch::{Fetcher, Wanted};
use crate::image::Epoch;
use crate::layout::DebianBase;
use crate::lock::{Lock, Suite};
use crate::ui::{Console, Event, Listener};
use crate::{Error, Result};

/// Debian's archive as this machine reaches it.
pub(super) struct Archive<'a> {
    pub(super) fetcher: &'a Fetcher<'a>,
    pub(super) keyring: &'a Keyring,
    /// The lock that is there.
    pub(super) old: Option<&'a Lock>,
    pub(super) console: &'a Console,
}

impl Archive<'_> {
    /// Reads the release's own suite and its security suite.
    ///
    /// # Errors
    /// No mirror serves a suite whose InRelease is signed, valid and the one asked for, or an index that it names.
    pub(super) fn read(&self, base: &DebianBase, architecture: &str) -> Result<(Index, Vec<Suite>)> {
        let mut index = Index::new(architecture);
        let mut suites = Vec::new();
        for name in [base.debian.clone(), format!("{}-security", base.debian)] {
            self.console.event(Event::Stage(format!("reading the index of `{name}`")));
            let release = self.release(&name)?;
            for component in &base.components {
                self.component(&mut index, &name, &release, component, architecture)?;
            }
            suites.push(Suite { name, date: release.date });
        }
        Ok((index, suites))
    }

    fn release(&self, suite: &str) -> Result<Release> {
        let path = format!("dists/{suite}/InRelease");
        let what = format!("the InRelease of `{suite}`");
        self.fetcher.document(suite, &path, debian::LARGEST_RELEASE, &|bytes| {
            let release = Release::parse(&debian::verify(bytes, self.keyring, &what)?, &what)?;
            release.check(suite, Epoch::now())?;
            self.refuse_older(suite, release.date)?;
            Ok(release)
        })
    }

    /// What is signed stays signed: somebody in between could serve yesterday's suite, without today's security updates.
    fn refuse_older(&self, suite: &str, date: Epoch) -> Result<()> {
        let before = self.old.and_then(|lock| lock.suites.iter().find(|locked| locked.name == suite));
        match before.filter(|locked| locked.date > date) {
            None => Ok(()),
            Some(locked) => Err(Error::refused(format!(
                "its `{suite}` is of {date}, older than the one that is locked, of {}",
                locked.date
            ))
            .hint("the mirror is behind; to go back on purpose, remove the lock first")),
        }
    }

    fn component(
        &self,
        index: &mut Index,
        suite: &str,
        release: &Release,
        component: &str,
        architecture: &str,
    ) -> Result<()> {
        let file = release.packages_index(component, architecture)?;
        let name = format!("the index of `{suite}`, `{component}`");
        let path = format!("dists/{suite}/{}", file.path);

        let wanted = Wanted {
            name: format!("Packages of {suite}/{component}"),
            suite: suite.to_owned(),
            path,
            size: file.size,
            sha256: file.sha256,
        };
        let gone = || Error::failed(format!("{name} was not fetched"));
        let object = self.fetcher.fetch(&[wanted])?.pop().ok_or_else(gone)?;
        let unreadable = |cause| Error::failed(format!("cannot read {name}")).cause(cause);
        index.read(suite, file.open(object).map_err(unreadable)?)
    }
}
