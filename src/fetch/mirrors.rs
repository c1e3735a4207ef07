//! Which mirrors are asked, and in which order.

use std::path::Path;

use super::address::Address;
use super::apt_sources::{AptSource, apt_sources};
use crate::Result;
use crate::image::Epoch;

/// Where Debian keeps what its mirrors have dropped: the one host that this program names, for it has no mirrors and
/// no configuration of any machine tells it.
pub const SNAPSHOTS: &str = "https://snapshot.debian.org/archive";

/// The mirrors of a run, the first to be asked first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors(Vec<Mirror>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mirror {
    /// An archive, of one suite or of all.
    Archive { suite: Option<String>, address: Address },
    /// The archives as they were at a time: `BASE/ARCHIVE/YYYYMMDDTHHMMSSZ`.
    Snapshot { base: Address, date: Epoch },
}

impl Mirrors {
    /// The mirrors that were `given` on the command line, those of `VEZAIMG_MIRROR`, of apt, of the layout, and last the
    /// snapshots of this date at `VEZAIMG_SNAPSHOT` or [`SNAPSHOTS`].
    ///
    /// # Errors
    /// One that a person named is no address.
    pub fn of_machine(given: &[String], layout: &[String], date: Option<Epoch>) -> Result<Self> {
        let variable = |name| std::env::var(name).ok();
        let environment = variable("VEZAIMG_MIRROR").unwrap_or_default();
        let snapshots = variable("VEZAIMG_SNAPSHOT").unwrap_or_else(|| SNAPSHOTS.to_owned());
        Self::new(given, &environment, apt_sources(Path::new("/")), layout, &snapshots, date)
    }

    /// The same of values. Mirrors are `[SUITE=]URL`, in `environment` separated by blanks or commas; `snapshots` is
    /// empty for none.
    ///
    /// # Errors
    /// One that a person named is no address.
    pub fn new(
        given: &[String],
        environment: &str,
        apt: Vec<AptSource>,
        layout: &[String],
        snapshots: &str,
        date: Option<Epoch>,
    ) -> Result<Self> {
        let environment = environment.split(|separator: char| separator == ',' || separator.is_whitespace());
        let environment = environment.filter(|entry| !entry.is_empty());
        let named = given.iter().map(String::as_str).chain(environment);
        let mut mirrors = named.map(Mirror::parse).collect::<Result<Vec<_>>>()?;
        let of_apt = |AptSource { suite, uri }| {
            // What apt takes and we cannot is none of a person's mistakes here.
            Some(Mirror::Archive { suite: Some(suite), address: Address::parse(&uri).ok()? })
        };
        mirrors.extend(apt.into_iter().filter_map(of_apt));
        for entry in layout {
            mirrors.push(Mirror::parse(entry)?);
        }
        if let Some(date) = date.filter(|_| !snapshots.is_empty()) {
            // A suite is dated before the snapshot that first has it.
            const DAY: u64 = 86_400;
            let base = Address::parse(snapshots)?;
            let next = Epoch::from_seconds(date.seconds() + DAY);
            mirrors.extend([date, next].map(|date| Mirror::Snapshot { base: base.clone(), date }));
        }
        Ok(Self(mirrors))
    }

    /// The addresses that may have a suite, each once.
    pub(super) fn of_suite(&self, suite: &str) -> Vec<Address> {
        let mut addresses: Vec<Address> = Vec::new();
        for address in self.0.iter().filter_map(|mirror| mirror.of_suite(suite)) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }
}

/// Whether this names a mirror, `[SUITE=]URL`.
pub(crate) fn is_mirror(entry: &str) -> bool {
    Mirror::parse(entry).is_ok()
}

impl Mirror {
    /// `[SUITE=]URL`.
    fn parse(entry: &str) -> Result<Self> {
        let is_suite = |suite: &str| !suite.is_empty() && !suite.contains([':', '/']);
        let (suite, url) = match entry.split_once('=') {
            Some((suite, url)) if is_suite(suite) => (Some(suite.to_owned()), url),
            _ => (None, entry),
        };
        Ok(Self::Archive { suite, address: Address::parse(url)? })
    }

    fn of_suite(&self, suite: &str) -> Option<Address> {
        match self {
            Self::Archive { suite: None, address } => Some(address.of_suite(suite)),
            Self::Archive { suite: Some(own), address } => (own == suite).then(|| address.clone()),
            Self::Snapshot { base, date } => {
                let date = date.to_string().replace(['-', ':'], "");
                Some(base.below("debian").of_suite(suite).below(&date))
            }
        }
    }
}
