//! Debian's archive: what it says of its packages, and how that is to be read.
//!
//! ```text
//! InRelease ─▶ gpgv ─▶ Release ─▶ Packages ─▶ Index ─▶ Closure
//!              keyring  suite,     by sha256   what     what a list of
//!                       date                   there is packages brings along
//! ```

mod closure;
mod index;
mod package;
mod relation;
mod release;
mod signature;
mod version;

#[cfg(test)]
mod tests;

pub use closure::{Closure, resolve};
pub use index::Index;
pub use package::Package;
pub(crate) use package::{is_below_mirror, is_debian_name};
pub use relation::{Comparison, Constraint, Relation, relations};
pub(crate) use release::MOVING_NAMES;
pub use release::{IndexFile, Release};
pub use signature::{Keyring, LARGEST_RELEASE, verify};
pub use version::Version;
