//! What lands in `out/`: the image, its checksum and its manifest, all at once or not at all.

mod manifest;
mod name;
mod outbox;
mod publish;

pub use manifest::{Allowed, Listing, Manifest, lines};
pub use name::{ArtifactName, ReleaseName};
pub use outbox::Outbox;
pub use publish::{Published, Release};

pub use crate::staged::Staged;
