//! Debian's archive: what it says of its packages, and how that is to be read.
//!
//! ```text
//! InRelease ─▶ gpgv ─▶ Release ─▶ Packages ─▶ Index ─▶ Closure
//!              keyring  suite,     by sha256   what     what a list of
//!                       date                   there is packages brings along
//! ```

mod package;
mod release;
mod signature;
mod version;

#[cfg(test)]
mod tests;

pub use package::Package;
pub(crate) use package::is_below_mirror;
pub use release::{Compression, IndexFile, Release};
pub use signature::{Keyring, verify};
pub use version::Version;
