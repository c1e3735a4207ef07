//! What is different between two images.
//!
//! ```text
//! Source ─▶ Image ──┬─▶ Difference      what each holds, pair by pair
//!           Image ──┘       ▲
//!             └─▶ Bodies ───┘           one more pass over each, for the texts that changed
//! ```
//!
//! What both images say of the same thing comes in pairs: a name, what the old one has and what the new one has. Both are
//! hostile until they have been read, as in [`inspect`](crate::inspect); how much is compared line by line is bounded, and
//! what was left out of that is told.

mod accounts;
mod bodies;
mod change;
mod changed;
mod findings;
mod image;
mod links;
mod packages;
mod paths;
mod program;
mod texts;
mod units;
mod why;

use serde::Serialize;

pub use accounts::{Accounts, Moved, Pair, Reused};
pub use change::Change;
pub use findings::Findings;
pub use image::{Image, Side};
pub use packages::{Direction, PackageChange};
pub use paths::{ChangedPath, Paths};
pub use program::Binary;
pub use texts::{Omission, Text, Wish};
pub use units::{State, Unit};
pub use why::Why;

use self::changed::Changed;
use crate::Result;
use crate::ui::Listener;

/// What is different between two images. Lists are empty where nothing is.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// Whether both have the same root file system and say the same about themselves, however they are packed.
    pub same: bool,
    /// The old one.
    pub old: Side,
    /// The new one.
    pub new: Side,
    /// What they say about themselves: `architecture`, `creation_date`, and properties by key.
    pub metadata: Vec<Change>,
    /// Files of the image beside its root file system, `metadata.yaml` and templates, by sha256.
    pub parts: Vec<Change>,
    /// What was not looked at, where that is another number, or other paths that come twice.
    pub left_out: Vec<Change>,
    /// What the system is called.
    pub system: Option<Change>,
    /// Debian packages, by name.
    pub packages: Vec<PackageChange>,
    /// Users, groups and their numbers.
    pub accounts: Accounts,
    /// The unit that the image names as its own: what it is in force with all drop-ins.
    pub service: Vec<Change>,
    /// Unit files and drop-ins, by directive.
    pub units: Vec<Unit>,
    /// The program that the unit starts.
    pub binary: Binary,
    /// What gains rights, and what anybody may write.
    pub findings: Findings,
    /// Every path that is another.
    pub paths: Paths,
    /// The files whose content is another, line by line.
    pub texts: Vec<Text>,
}

impl Difference {
    /// Compares two images. Contents that changed are read in a pass of their own, for only the first tells which.
    ///
    /// # Errors
    /// An image cannot be read again, or is another by now.
    pub fn between(old: &Image<'_>, new: &Image<'_>, wish: Wish, listener: &dyn Listener) -> Result<Self> {
        let changed = Changed::between(old.tree(), new.tree(), wish);
        let bodies = (old.bodies(&changed.in_old(), listener)?, new.bodies(&changed.in_new(), listener)?);
        let packages = packages::changes_of(&old.inspection.packages, &new.inspection.packages);
        let units = units::changed(&changed, &bodies.0, &bodies.1);
        let texts = match wish {
            Wish::Texts => changed.texts(&bodies.0, &bodies.1, !packages.is_empty(), &units),
            Wish::Units => Vec::new(),
        };
        let paths = Paths::between(old.tree(), new.tree());
        let (metadata, parts) = (image::metadata(old, new), image::parts(old, new));
        let left_out = image::left_out(old, new)?;
        Ok(Self {
            same: paths.is_empty() && metadata.is_empty() && parts.is_empty() && left_out.is_empty(),
            old: Side::of(old),
            new: Side::of(new),
            metadata,
            parts,
            left_out,
            system: image::system(old, new),
            packages,
            accounts: Accounts::between(&old.inspection.accounts, &new.inspection.accounts),
            service: program::service(old.inspection.service.as_ref(), new.inspection.service.as_ref()),
            units,
            binary: Binary::between(old.inspection.binary.as_ref(), new.inspection.binary.as_ref()),
            findings: Findings::between(&old.inspection.findings, &new.inspection.findings),
            paths,
            texts,
        })
    }
}
