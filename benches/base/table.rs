//! The result, for people.

use std::fmt;
use std::time::Duration;

use vezaimg::ui::Bytes;

use crate::peak::Ran;

/// A build and what is measured beside it, run as often.
pub(crate) struct Case {
    what: &'static str,
    beside: &'static str,
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
    peak: u64,
}

impl Case {
    pub(crate) fn new(what: &'static str, beside: &'static str) -> Self {
        Self { what, beside, ours: Vec::new(), theirs: Vec::new(), peak: 0 }
    }

    pub(crate) fn push(&mut self, ours: Ran, theirs: Duration) {
        self.peak = self.peak.max(ours.peak);
        self.ours.push(ours.lasted);
        self.theirs.push(theirs);
    }
}

/// The medians of all runs; each case with what it is meant to take, as a share of what stands beside it.
pub(crate) struct Table<'a> {
    pub(crate) cases: &'a [(Case, &'static str)],
    /// Bytes of the image.
    pub(crate) image: u64,
    /// Packages that mmdebstrap installs.
    pub(crate) packages: usize,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (image, packages) = (Bytes(self.image), self.packages);
        writeln!(f, "vezaimg build from a lock; an image of {image}. mmdebstrap installs {packages} packages.\n")?;
        writeln!(f, "{:<32} {:>8} {:>10}   {:<28} {:>8} {:>7}", "vezaimg", "s", "peak MiB", "beside it", "s", "share")?;
        for (case, aim) in self.cases.iter().filter(|(case, _)| !case.ours.is_empty()) {
            let Case { what, beside, ours, theirs, peak } = case;
            let (ours, theirs) = (median(ours), median(theirs));
            let (peak, share) = (*peak as f64 / 1024.0 / 1024.0, ours / theirs);
            writeln!(
                f,
                "{what:<32} {ours:>8.2} {peak:>10.1}   {beside:<28} {theirs:>8.2} {share:>7.3}   the aim is {aim}"
            )?;
        }
        Ok(())
    }
}

fn median(times: &[Duration]) -> f64 {
    let mut seconds: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
