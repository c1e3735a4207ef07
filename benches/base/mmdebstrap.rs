//! `mmdebstrap` with the same packages.

use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::fixture::{Fixture, checked};

/// `usr-is-merged` installs only where the links are there already; an installer makes them.
const MERGED: &str = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr";

/// The peer, with a repository on the disk and the machine's own mirrors.
pub(crate) struct Mmdebstrap<'f> {
    fixture: &'f Fixture,
    /// Every package with its version, for `--include`.
    include: String,
    count: usize,
}

impl<'f> Mmdebstrap<'f> {
    /// Collects the packages of the lock and those that are needed to install them.
    pub(crate) fn new(fixture: &'f Fixture) -> Result<Self, Box<dyn Error>> {
        let support = |name: &str| format!("{}/tests/support/{name}", env!("CARGO_MANIFEST_DIR"));
        let (debs, repository) = (fixture.join("debs"), fixture.join("repository"));
        let store = fixture.join("store");
        checked(Command::new(support("installable.sh")).arg(fixture.lock()).arg(store).arg(&debs))?;
        checked(Command::new(support("repository.sh")).arg(&debs).arg(&repository))?;
        fs::remove_dir_all(debs)?;
        let index = fs::read_to_string(repository.join("Packages"))?;
        let field = |name: &str| -> Vec<&str> { index.lines().filter_map(|line| line.strip_prefix(name)).collect() };
        let (names, versions) = (field("Package: "), field("Version: "));
        let include: Vec<_> = names.iter().zip(&versions).map(|(name, version)| format!("{name}={version}")).collect();
        Ok(Self { fixture, count: include.len(), include: include.join(",") })
    }

    /// How many packages it installs.
    pub(crate) fn packages(&self) -> usize {
        self.count
    }

    /// From the repository on the disk.
    pub(crate) fn copied(&self) -> Result<Duration, Box<dyn Error>> {
        let source = format!("deb [trusted=yes] copy:{} ./", self.fixture.join("repository").display());
        self.run(&["", &source])
    }

    /// From the machine's own mirrors.
    pub(crate) fn fetched(&self) -> Result<Duration, Box<dyn Error>> {
        self.run(&["bookworm"])
    }

    fn run(&self, source: &[&str]) -> Result<Duration, Box<dyn Error>> {
        let tar = self.fixture.join("mmdebstrap.tar");
        let mut mmdebstrap = Command::new("mmdebstrap");
        mmdebstrap.args(["--quiet", "--variant=apt", "--format=tar", MERGED, "--include", &self.include]);
        let (suite, mirrors) = source.split_at(1);
        let ran = checked(mmdebstrap.args(suite).arg(&tar).args(mirrors))?;
        fs::remove_file(tar)?;
        Ok(ran.lasted)
    }
}
