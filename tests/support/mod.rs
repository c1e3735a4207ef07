//! What several test modules share.

// What a clean-up has to say can only be printed.
#![allow(clippy::print_stderr)]

pub(crate) mod balancer;
mod base;
mod daemon;
pub(crate) mod debian;
mod http;
mod instance;
mod lab;
pub(crate) mod load;
pub(crate) mod locked;
#[path = "../../src/fetch/tests/server.rs"]
pub(crate) mod server;
pub(crate) mod veza;
mod wait;
pub(crate) mod workspace;

pub(crate) use balancer::Balancer;
pub(crate) use base::base;
pub(crate) use http::{Reply, http_get};
pub(crate) use instance::Instance;
pub(crate) use lab::{Lab, script};
pub(crate) use wait::{seconds, try_wait_for, wait_for};
