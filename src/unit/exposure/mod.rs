//! How exposed a service is, as `systemd-analyze security --offline=true` of systemd 252 computes it on x86-64.
//!
//! Each point has a weight `w`, a range `r` and a badness `b` of 0 to `r`; a point that does not apply has none and
//! counts nowhere. With `W` the sum of the weights that count, in tenths, every division rounded up:
//!
//! ```text
//! a point's share    (b × w × 100 / r) / W
//! the level          (sum of b × w / r) × 100 / W
//! ```
//!
//! The shares are rounded one by one and do not add up to the level. Weights, ranges and grades are facts of systemd's
//! `src/analyze/analyze-security.c`; the wording is ours. "Offline" means that what one directive implies for another
//! counts only where systemd writes it into the unit while loading: `PrivateDevices=` closes `DevicePolicy=`, but no
//! directive is seen to imply `PrivateMounts=`.

mod graded;
mod settings;
mod switches;
mod syscall_filter;

use std::fmt;

use self::settings::Settings;
use super::UnitFile;

/// A level of exposure in tenths: 0.0, nothing is open, to 10.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u64);

/// How exposed a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Of everything together.
    pub level: Level,
    /// Point by point, always in the same order.
    pub assessments: Vec<Assessment>,
}

/// One point of exposure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// The name that policies use, such as `RestrictNamespaces_user`.
    pub id: String,
    /// The directive, such as `RestrictNamespaces=~user`.
    pub name: String,
    /// How much it counts: 10 to 2500.
    pub weight: u64,
    /// Its share of the level; none when it is closed or does not apply.
    pub exposure: Option<Level>,
    /// Whether it is wholly closed; none when it does not apply.
    pub set: Option<bool>,
    /// One line, without a final period.
    pub description: String,
}

/// A point before the weights are summed up.
#[derive(Debug)]
struct Point {
    id: String,
    name: String,
    weight: u64,
    range: u64,
    /// 0 to `range`; none when the point does not apply.
    badness: Option<u64>,
    description: String,
}

impl Exposure {
    /// The points that are open, the heaviest first.
    pub fn remaining(&self) -> Vec<&Assessment> {
        let mut open: Vec<_> = self.assessments.iter().filter(|point| point.exposure.is_some()).collect();
        open.sort_by_key(|point| std::cmp::Reverse((point.exposure, point.weight)));
        open
    }
}

impl Level {
    /// The level in tenths.
    pub const fn tenths(self) -> u64 {
        self.0
    }

    /// The word that systemd has for it.
    pub const fn rating(self) -> &'static str {
        match self.0 {
            0 => "PERFECT",
            1..10 => "SAFE",
            10..50 => "OK",
            50..75 => "MEDIUM",
            75..90 => "EXPOSED",
            90..100 => "UNSAFE",
            _ => "DANGEROUS",
        }
    }
}

/// `1.2`
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// The exposure of a service unit. What systemd would ignore in it, such as a misspelt value, is ignored here too.
pub fn exposure(unit: &UnitFile) -> Exposure {
    let settings = Settings::of(unit);
    let points = points(&settings);
    let counting = || points.iter().filter_map(|point| point.badness.map(|badness| (badness, point)));
    let weights: u64 = counting().map(|(_, point)| point.weight).sum();
    let badness: u64 = counting().map(|(badness, point)| (badness * point.weight).div_ceil(point.range)).sum();
    let share = |badness: u64, point: &Point| {
        let scaled = (badness * point.weight * 100).div_ceil(point.range);
        (badness > 0).then(|| Level(scaled.div_ceil(weights)))
    };
    let assessments = points.iter().map(|point| Assessment {
        id: point.id.clone(),
        name: point.name.clone(),
        weight: point.weight,
        exposure: point.badness.and_then(|badness| share(badness, point)),
        set: point.badness.map(|badness| badness == 0),
        description: point.description.clone(),
    });
    Exposure { level: Level((badness * 100).div_ceil(weights)), assessments: assessments.collect() }
}

fn points(settings: &Settings) -> Vec<Point> {
    let mut points = graded::identity(settings);
    points.extend(switches::points(settings));
    points.extend(graded::points(settings));
    points.extend(syscall_filter::points(settings));
    points
}
