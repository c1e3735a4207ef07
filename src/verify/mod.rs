//! Whether a release is what it says: from who signed it down to the files of a running container.
//!
//! ```text
//! allowed signers ─▶ .sig ─▶ .sha256 ─┬▶ image ────────▶ content ─┬▶ the same as .manifest.json?
//!                                     ├▶ .manifest.json           └▶ the same as in a container?
//!                                     ├▶ .spdx.json
//!                                     └▶ .provenance.json ─▶ the same inputs? the same bytes, built again?
//! ```
//!
//! Each step trusts only what the one before has proven: no file is read for what it says before its digest is known to
//! be the one that was signed.

mod container;
mod drift;
mod files;
mod listing;
mod origin;
mod seal;
mod store;

use serde::Serialize;

pub use drift::{Drift, drift};
pub use files::Files;
pub use listing::listing;
pub use origin::{Given, origin, provenance};
pub use seal::{Seal, seal, vouched};
pub use store::{instances, stored};

/// How many things that do not hold are told one by one.
const MOST_TOLD: usize = 20;

/// What one step found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, such as `checksums`.
    pub check: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, in one phrase.
    pub found: String,
    /// What does not hold, one by one: the first twenty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Good,
    /// It does not hold.
    Bad,
    /// Nobody looked: what is needed for it was not given, or is not there.
    Open,
}

impl Check {
    /// It holds.
    pub fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, found: found.into(), faults: Vec::new() }
    }

    /// Nobody looked, and why.
    pub fn open(check: &'static str, why: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Open, found: why.into(), faults: Vec::new() }
    }

    /// It does not hold.
    pub fn bad(check: &'static str, found: impl Into<String>, mut faults: Vec<String>) -> Self {
        let more = faults.len().saturating_sub(MOST_TOLD);
        faults.truncate(MOST_TOLD);
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        Self { check, verdict: Verdict::Bad, found: found.into(), faults }
    }

    /// Whether it was looked at, and does not hold.
    pub fn is_bad(&self) -> bool {
        self.verdict == Verdict::Bad
    }
}

/// `1 entry`, `2 entries`.
fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
