//! The subcommands, a short story each.

pub mod build;
pub mod cache;
pub mod check;
pub mod diff;
pub mod drill;
pub mod init;
pub mod inspect;
pub mod lock;
pub mod prune;
pub mod rollout;
pub mod status;
pub mod verify;
