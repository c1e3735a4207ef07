//! What an image stands on: the packages of the layout's lock, or what `--base` names.

use super::Request;
use crate::base::{self, Base, Stamp};
use crate::commands::lock::command as lock_command;
use crate::fetch::{Fetcher, Mirrors};
use crate::image::{Clock, Epoch};
use crate::interrupt::Interrupt;
use crate::layout::{DebianBase, Layout, LockFile};
use crate::lock::Lock;
use crate::rootfs::Digest;
use crate::store::Store;
use crate::ui::Console;
use crate::{Error, Result};

/// A base of which nothing but the outside has been read, and where its frames may be kept.
#[derive(Debug)]
pub(super) enum Ground<'a> {
    /// Debian packages, pinned; messages call the lock `name`.
    Locked { name: String, lock: Lock, base: &'a DebianBase, store: Store },
    /// A base that somebody made, which can do without a store.
    Given { base: Base, store: Option<Store> },
}

impl<'a> Ground<'a> {
    /// Finds the base of a build.
    ///
    /// # Errors
    /// There is no base, no lock, or one that was made from another `[base]` or for another architecture.
    pub(super) fn open(request: &Request, layout: &'a Layout, lock_file: &LockFile) -> Result<Self> {
        if !request.base.is_empty() {
            return Ok(Self::Given { base: base::open(&request.base)?, store: Store::open().ok() });
        }
        let Some(base) = &layout.base else {
            return Err(Error::invalid("the layout has no [base] to build on, and no `--base` is given")
                .hint("add `[base]` with `debian` and `packages` to the layout, and run `vezaimg lock`")
                .hint("or name a directory, a rootfs tar or an Incus image with `--base`"));
        };
        let lock = Lock::of_layout(
            lock_file,
            &base.value,
            layout.image.architecture,
            &lock_command(&request.layout, lock_file),
        )?;
        let (name, base) = (lock_file.name(), &base.value);
        Ok(Self::Locked { name, lock, base, store: Store::open()? })
    }

    /// What messages call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Locked { name, .. } => name,
            Self::Given { base, .. } => base.name(),
        }
    }

    /// What becomes of times: a lock has an epoch of its own.
    pub(super) fn clock(&self, source_date_epoch: Option<Epoch>) -> Clock {
        match self {
            Self::Locked { lock, .. } => Clock::Given(source_date_epoch.unwrap_or(lock.epoch)),
            Self::Given { base, .. } => Clock::new(source_date_epoch, base.has_times()),
        }
    }

    /// What tells, once it has been read, whether somebody wrote to it meanwhile. Objects of the store are never written to.
    pub(super) fn stamp(&self) -> Stamp {
        match self {
            Self::Locked { .. } => Stamp::default(),
            Self::Given { base, .. } => base.stamp(),
        }
    }

    /// The digests of its files: of the lock, or of what `--base` names; none of a directory.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn digests(&self) -> Result<Vec<Digest>> {
        match self {
            Self::Locked { lock, .. } => Ok(vec![Digest::of_bytes(lock.to_string().as_bytes())]),
            Self::Given { base, .. } => base.digests(),
        }
    }

    /// The packages, where a lock pins them.
    pub(super) fn lock(&self) -> Option<&Lock> {
        match self {
            Self::Locked { lock, .. } => Some(lock),
            Self::Given { .. } => None,
        }
    }

    /// Where its frames may be kept.
    pub(super) fn store(&self) -> Option<&Store> {
        match self {
            Self::Locked { store, .. } => Some(store),
            Self::Given { store, .. } => store.as_ref(),
        }
    }

    /// The base, ready to be read, and where its frames may be kept; packages that are not in the store are fetched.
    ///
    /// # Errors
    /// A package is not in the store and cannot be fetched.
    pub(super) fn base(
        self,
        request: &Request,
        interrupt: &Interrupt,
        console: &Console,
    ) -> Result<(Base, Option<Store>)> {
        match self {
            Self::Given { base, store } => Ok((base, store)),
            Self::Locked { name, lock, base, store } => {
                let fetcher = if request.offline {
                    Fetcher::offline(&store, interrupt, console)
                } else {
                    let mirrors = Mirrors::of_machine(&request.mirrors, &base.mirrors, Some(lock.epoch))?;
                    Fetcher::new(&store, mirrors, interrupt, console)?
                };
                let packages = lock.packages(&name, &base.exclude_paths, &fetcher)?;
                Ok((Base::of_packages(packages), Some(store)))
            }
        }
    }
}
