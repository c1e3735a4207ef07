//! What lands in `out/`: the image, its checksum and its manifest, all at once or not at all.

mod manifest;
mod name;
mod outbox;

pub use manifest::{Listing, Manifest};
pub use name::{ArtifactName, ReleaseName};
pub use outbox::{Outbox, Staged};
