//! vezaimg: immutable, byte-for-byte reproducible Incus images, and fleets rolled onto them.
//!
//! Three flows, each a row of modules from left to right; the lock that the first makes is what the second builds from,
//! and the image that the second makes is what the third brings:
//!
//! ```text
//! lock     layout ─▶ debian ─────▶ lock
//!           [base]    what its      layouts/NAME.lock: packages by version and digest
//!                     archive offers
//!
//! build    layout ─▶ base ─▶ rootfs ─▶ layer ─▶ archive ─▶ image ─▶ release (out/)
//!           TOML     a root   a tree    what     tar,       its      image,
//!           + vars   system   of it     we add   zstd       parts    checksum, manifest
//!                      ▲
//!          lock ─▶ store ◀─ fetch        .debs by digest, from mirrors; and frames that were compressed before
//!
//! rollout  fleet ─▶ survey ─▶ plan ─▶ runner ─▶ receipt
//!           TOML     what is   what    looks, asks [`rollout::swap`], acts, looks again
//!                    in the    will      ▲
//!                    way       be        └─ incus (REST), haproxy (runtime API)
//! ```
//!
//! [`inspect`] reads back what an image holds, [`mod@diff`] compares two, and [`verify`] holds a release to what it says.
//! [`drill`] finds out whether the peers of a container serve on when it is gone. [`binary`] reads the program that goes
//! in, [`secrets`] knows what must never go in, [`mod@unit`] knows systemd's unit files, [`commands`] tell each subcommand
//! as a short story. The library never
//! prints: it tells a [`ui::Listener`], and returns an [`Error`] that carries its exit code.

pub mod archive;
pub mod base;
pub mod binary;
pub mod cli;
pub mod commands;
pub mod debian;
mod decompress;
pub mod diagnostic;
pub mod diff;
mod document;
pub mod drill;
pub mod error;
pub mod fetch;
pub mod haproxy;
pub mod image;
pub mod incus;
pub mod inspect;
pub mod interrupt;
pub mod inventory;
pub mod layer;
pub mod layout;
pub mod lock;
pub mod release;
pub mod rollout;
pub mod rootfs;
pub mod secrets;
mod staged;
pub mod store;
pub mod ui;
pub mod unit;
pub mod verify;

pub use error::{Error, Result};
