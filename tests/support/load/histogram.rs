//! Latencies in bounded memory.

use std::fmt;
use std::time::Duration;

/// Buckets a doubling: a quantile is told to within 1/64 of itself.
const FINE: u64 = 64;

/// Counts of durations, from a microsecond to days.
#[derive(Clone, Default)]
pub(crate) struct Histogram {
    /// Grows to the bucket of the longest duration: some 1,500 for a minute.
    buckets: Vec<u64>,
    count: u64,
    worst: Duration,
}

impl Histogram {
    pub(super) fn add(&mut self, duration: Duration) {
        let bucket = bucket(u64::try_from(duration.as_micros()).unwrap());
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.worst = self.worst.max(duration);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        for (own, added) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += added;
        }
        self.count += other.count;
        self.worst = self.worst.max(other.worst);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The longest, exact; zero when there is none.
    pub(crate) fn worst(&self) -> Duration {
        self.worst
    }

    /// What this many of a hundred did not exceed, rounded up to its bucket's end; zero when there is none.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = self.buckets.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        reached.map_or(Duration::ZERO, |bucket| Duration::from_micros(end(bucket)).min(self.worst))
    }
}

/// `p50 12.0 ms, p99 15.5 ms, worst 20.1 ms`.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let (p50, p99, worst) = (ms(self.percentile(50)), ms(self.percentile(99)), ms(self.worst));
        write!(f, "p50 {p50:.1} ms, p99 {p99:.1} ms, worst {worst:.1} ms")
    }
}

/// Below `FINE` a bucket each; above, `FINE` buckets a doubling.
fn bucket(micros: u64) -> usize {
    let doublings = u64::from((micros / FINE).checked_ilog2().map_or(0, |log| log + 1));
    let within = if doublings == 0 { micros } else { (micros >> (doublings - 1)) - FINE };
    usize::try_from(doublings * FINE + within).unwrap()
}

/// The largest duration of a bucket, in microseconds.
fn end(bucket: usize) -> u64 {
    let (doublings, within) = (bucket as u64 / FINE, bucket as u64 % FINE);
    if doublings == 0 { within } else { ((FINE + within + 1) << (doublings - 1)) - 1 }
}

#[test]
fn percentiles_are_right_to_a_sixty_fourth() {
    let mut half = Histogram::default();
    let mut histogram = Histogram::default();
    for ms in 1..=1000 {
        let one = if ms % 2 == 0 { &mut half } else { &mut histogram };
        one.add(Duration::from_millis(ms));
    }
    histogram.merge(&half);
    assert_eq!((histogram.count(), histogram.worst()), (1000, Duration::from_secs(1)));
    for (percent, exact) in [(1, 10.0), (50, 500.0), (99, 990.0), (100, 1000.0)] {
        let told = histogram.percentile(percent).as_secs_f64() * 1000.0;
        assert!((exact..=exact * (1.0 + 1.0 / 64.0)).contains(&told), "p{percent} is {told} ms");
    }
    assert_eq!(Histogram::default().percentile(99), Duration::ZERO);
}

#[test]
fn every_duration_is_within_its_bucket() {
    for micros in (0..5000).chain((5000..u64::from(u32::MAX)).step_by(999_983)) {
        let bucket = bucket(micros);
        assert!(micros <= end(bucket) && (bucket == 0 || end(bucket - 1) < micros), "{micros} in {bucket}");
    }
}
