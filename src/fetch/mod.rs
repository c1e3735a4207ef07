//! What a base is made of, brought from mirrors into the store.
//!
//! ```text
//! --mirror ─┐
//! VEZAIMG_MIRROR                        ┌─▶ the first mirror that has it ─▶ partial ─▶ sha256 ─▶ object
//! apt's sources ─▶ Mirrors ─▶ Fetcher ──┤   six files at a time
//! the layout's                          └─▶ …
//! snapshots ┘
//! ```
//!
//! A mirror is trusted with nothing: a file counts when its size and sha256 are those that were asked for, a document
//! when the caller accepts it. Whatever goes wrong with one mirror leads to the next, and every reason is told.

mod address;
mod apt_sources;
mod client;
mod document;
mod download;
mod failure;
mod fetcher;
mod mirrors;
mod proxy;
mod resolver;
mod standing;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use apt_sources::{AptSource, apt_sources};
pub use fetcher::{Fetcher, Wanted};
pub(crate) use mirrors::is_mirror;
pub use mirrors::{Mirrors, SNAPSHOTS};
