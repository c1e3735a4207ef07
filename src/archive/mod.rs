//! Entries to bytes: tar records, cut into frames that are compressed on their own, with a digest of the whole.
//!
//! ```text
//! image     segment │ segment │ segment │ end        joined byte for byte; each may come from a cache
//! segment   record record record …                   whole 512-byte tar records, no end-of-archive marker
//! frames    ├─ 4 MiB ─┼─ 4 MiB ─┼─ rest ─┤           zstd frames or gzip members, each independent
//! ```
//!
//! A decoder of `.tar.zst` or `.tar.gz` reads the joined frames as one stream. The bytes of a segment depend on its
//! entries, the codec, the level and [`FORMAT_VERSION`] alone: never on the number of threads, on how the content came
//! in, or on time.

mod codec;
mod frames;
mod hashed;
mod pax;
mod pool;
mod record;
mod segment;

#[cfg(test)]
mod tests;

pub use codec::{Codec, Compression};
pub use hashed::Hashed;
pub use segment::{AppendError, Segment, end};

/// The version of everything that decides the bytes apart from the entries: how records are written, the size of a
/// frame, the parameters of the compressors and the compressors themselves. It goes up with any of them.
pub const FORMAT_VERSION: u32 = 1;
