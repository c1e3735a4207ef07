//! The subcommands, a short story each.

pub mod build;
pub mod check;
pub mod init;
