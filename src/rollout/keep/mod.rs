//! What outlives a swap.

mod carry;
mod survey;
mod volume;

pub use carry::{Carried, carry};
pub use survey::survey;
pub use volume::{Prepared, Volume, abandon, finish, is_whole, prepare, settle};

use super::contract::Kept;
use crate::incus::{Client, Instance};

/// How a kept path gets from the leaving container to the entering one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Carried, file by file, while both are stopped.
    Carry,
    /// It is on a disk device of the user's, which the entering container gets too: nothing is to be done.
    Elsewhere {
        /// The device's name.
        device: String,
    },
    /// It is on a volume of ours, or will be.
    Volume(Volume),
}

/// How each kept path gets over. Nothing is changed. Without `volumes`, directories are carried too, unless they are on a
/// device already.
///
/// # Errors
/// A path cannot be kept as it is, or Incus does not answer.
pub fn ways(client: &Client, leaving: &Instance, kept: &[Kept], volumes: bool) -> crate::Result<Vec<(Kept, Way)>> {
    let _ = (client, leaving, kept, volumes);
    unimplemented!()
}
