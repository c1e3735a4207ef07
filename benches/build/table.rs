//! The result, for people.

use std::fmt;
use std::time::Duration;

use vezaimg::archive::Compression;
use vezaimg::ui::Bytes;

use crate::fixture::Fixture;
use crate::peak::Ran;

/// What a build may take, as a multiple of the floor.
const AIM: f64 = 1.3;

/// Everything, run once.
pub(crate) struct Round {
    pub(crate) build: Ran,
    pub(crate) zstd: Duration,
    pub(crate) sha256sum: Duration,
    /// One for each form of the base.
    pub(crate) reads: Vec<Duration>,
    pub(crate) hash: Duration,
    pub(crate) compress: Duration,
}

/// The medians of all rounds.
pub(crate) struct Table<'a> {
    pub(crate) fixture: &'a Fixture,
    pub(crate) compression: &'a Compression,
    /// At least one.
    pub(crate) rounds: &'a [Round],
}

impl Table<'_> {
    /// The median in seconds.
    fn median(&self, of: impl Fn(&Round) -> Duration) -> f64 {
        let mut seconds: Vec<_> = self.rounds.iter().map(|round| of(round).as_secs_f64()).collect();
        seconds.sort_by(f64::total_cmp);
        let middle = seconds.len() / 2;
        if seconds.len() % 2 == 1 { seconds[middle] } else { f64::midpoint(seconds[middle - 1], seconds[middle]) }
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, what: &str, how: &str, seconds: f64) -> fmt::Result {
        let speed = self.fixture.size() as f64 / 1e6 / seconds;
        writeln!(f, "  {what:<9} {how:<38} {seconds:>7.2} {speed:>8.0}")
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, jobs) = (self.compression.level(), self.compression.jobs());
        let threads = if jobs.get() == 1 { "1 thread".to_owned() } else { format!("{jobs} threads") };
        let name = self.fixture.tar().file_name().unwrap_or_default().display();
        let (size, runs) = (Bytes(self.fixture.size()), self.rounds.len());
        writeln!(f, "vezaimg build, and below it the public tools that do no more than its work needs.")?;
        writeln!(f, "base {name}, {size}; medians of {runs} alternating runs; speeds are of the plain tar\n")?;

        writeln!(f, "{:<50} {:>7} {:>8}", "vezaimg", "s", "MB/s")?;
        for (index, base) in self.fixture.bases().iter().enumerate() {
            self.row(f, "read", base.form, self.median(|round| round.reads[index]))?;
        }
        self.row(f, "hash", "sha256", self.median(|round| round.hash))?;
        let how = format!("zstd {level}, {threads}, hashed meanwhile");
        self.row(f, "compress", &how, self.median(|round| round.compress))?;
        let build = self.median(|round| round.build.lasted);
        self.row(f, "total", "plain tar to an image on the disk", build)?;

        writeln!(f, "\nfloor")?;
        let (zstd, sha256sum) = (self.median(|round| round.zstd), self.median(|round| round.sha256sum));
        self.row(f, "compress", &format!("zstd -{level} -T{jobs}"), zstd)?;
        self.row(f, "hash", "sha256sum", sha256sum)?;
        self.row(f, "total", "one after the other", zstd + sha256sum)?;

        let peak = self.rounds.iter().map(|round| round.build.peak).max().unwrap_or_default();
        writeln!(f, "\ntotal / floor {:>6.2}   the aim is at most {AIM}", build / (zstd + sha256sum))?;
        writeln!(
            f,
            "peak memory   {:>6.1} MiB of vezaimg build without its code, the highest of all runs",
            peak as f64 / 1024.0 / 1024.0
        )
    }
}
