//! What lands in `out/`: the image and what is told of it, all at once or not at all.
//!
//! ```text
//! NAME-RELEASE-ARCH.incus.tar.zst   the image
//!                  .manifest.json   every entry of its root file system
//!                  .spdx.json       what it is made of
//!                  .provenance.json what it was built from
//!                  .sha256          the digests of all of these
//!                  .sig             who says so: a signature of the digests
//! ```

mod checksums;
mod manifest;
mod name;
mod outbox;
mod provenance;
mod publish;
pub mod sbom;
mod signature;

pub use checksums::Checksums;
pub use manifest::{Allowed, Line, Listing, Manifest, lines};
pub use name::{ArtifactName, CHECKSUMS, MANIFEST, PROVENANCE, ReleaseName, SIGNATURE, SPDX};
pub use outbox::Outbox;
pub use provenance::{Derived, Parameters, Provenance, Resource, Role};
pub use publish::{Made, Published, Release};
pub use signature::{Armor, Signed, Signer, Signers, check, read_armor};

pub use crate::staged::Staged;
