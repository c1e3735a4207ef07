//! The image put together: segments in their order, each made once.
//!
//! ```text
//! unified   │ metadata.yaml, templates/ │ rootfs/… of the base │ rootfs/… of the layer │ end │
//! split     │ metadata.yaml, templates/ │ end │   and   │ … of the base │ … of the layer │ end │
//! ```
//!
//! The base's segment is made first, since what the base holds decides the rest; it waits in a file without a name
//! and is copied into its place.

mod base_segment;
mod epoch;
mod kept;
mod metadata;
mod pack;

#[cfg(test)]
mod tests;

pub use base_segment::{BaseSegment, Pass};
pub use epoch::{Clock, Epoch};
pub use kept::Recipe;
pub use metadata::Metadata;
pub(crate) use metadata::OsRelease;
pub use pack::{Format, Packed, Packer};
