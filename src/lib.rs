//! vezaimg: immutable, byte-for-byte reproducible Incus images, and the swap of a fleet onto them.
//!
//! Two flows, each a row of modules from left to right:
//!
//! ```text
//! build    layout ─▶ base ─▶ rootfs ─▶ archive ─▶ release (out/)
//!           TOML     a root   a tree     tar,      image, checksum,
//!           + vars   system   of entries zstd      manifest
//! ```
//!
//! [`binary`] reads the program that goes in, [`unit`] knows systemd's unit files. The library never prints: it tells
//! a [`ui::Listener`], and returns an [`Error`] that carries its exit code.

pub mod archive;
pub mod base;
pub mod binary;
pub mod diagnostic;
pub mod error;
pub mod layout;
pub mod rootfs;
pub mod ui;
pub mod unit;

pub use error::{Error, Result};
