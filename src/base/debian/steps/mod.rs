//! What the packages' scripts would have done, declared: each step a function of what was unpacked.

use super::unpacked::System;
use crate::error::Result;
use crate::rootfs::{Entry, TargetPath};

/// Whether a step needs the content of this file, of so many bytes.
pub(super) fn wants(_: &TargetPath, _: u64) -> bool {
    false
}

/// Whether a step makes this entry in the package's place.
pub(super) fn withholds(_: &TargetPath) -> bool {
    false
}

/// What the steps add, sorted by path.
pub(super) fn run(_: &System, _epoch: u64) -> Result<Vec<(TargetPath, Entry<Vec<u8>>)>> {
    Ok(Vec::new())
}
