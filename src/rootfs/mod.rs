//! The pure tree of entries: what an image holds, apart from how it is read or written.
//!
//! The same [`Tree`] serves the base (whose files are known by size and digest) and the layer (whose files are known
//! by content): it is generic over what a regular file carries.

mod digest;
mod digesting;
mod entry;
mod path;
mod survey;
#[cfg(test)]
mod tests;
mod tree;

pub use digest::{Digest, hex};
pub use digesting::Digesting;
pub use entry::{Body, Entry, Kind, Metadata, Mode, Xattrs};
pub use path::{PathError, TargetPath, escaped};
pub use survey::Survey;
pub use tree::{Resolved, Summary, Tree};
