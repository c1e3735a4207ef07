//! The `.deb`s of a lock, from the store or a mirror.

use super::Lock;
use crate::Result;
use crate::base::{Archive, Packages};
use crate::debian::Package;
use crate::fetch::{Fetcher, Wanted};

impl Lock {
    /// Every package as a file whose size and digest are the lock's. `name` is what messages call the lock, `exclude`
    /// what the layout leaves out.
    ///
    /// # Errors
    /// A package is not in the store, and no mirror has it as it was pinned; all of them are told.
    pub fn packages(&self, name: &str, exclude: &[String], fetcher: &Fetcher<'_>) -> Result<Packages> {
        let archives = archives(&self.packages, fetcher)?;
        Ok(Packages { name: name.to_owned(), archives, exclude: exclude.to_vec(), epoch: self.epoch })
    }
}

/// Packages as files, fetched where the store does not have them.
///
/// # Errors
/// As [`Lock::packages`].
pub fn archives<'p>(
    packages: impl IntoIterator<Item = &'p Package> + Clone,
    fetcher: &Fetcher<'_>,
) -> Result<Vec<Archive>> {
    let wanted = packages.clone().into_iter().map(|package| Wanted {
        name: format!("{} {}", package.name, package.version),
        suite: package.suite.clone(),
        path: package.file.clone(),
        size: package.size,
        sha256: package.sha256,
    });
    let files = fetcher.fetch(&wanted.collect::<Vec<_>>())?;
    let archive = |(package, file): (&Package, _)| Archive { package: package.clone(), file };
    Ok(packages.into_iter().zip(files).map(archive).collect())
}
