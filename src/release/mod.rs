//! What lands in `out/`: the image, its checksum and its manifest, all at once or not at all.

mod manifest;
mod name;
mod outbox;
mod publish;

pub use manifest::{Listing, Manifest};
pub use name::{ArtifactName, ReleaseName};
pub use outbox::{Outbox, Staged};
pub use publish::{Published, Release};
