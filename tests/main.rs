//! The integration tests: vezaimg as its users meet it, one module a subject.
// Here a panic is a verdict.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_base;
mod bad_binary;
mod bad_fleet;
mod bad_layout;
mod bad_out;
mod boot;
mod cache;
mod diff;
mod drill;
mod extends;
mod fidelity;
mod fuzz;
mod haproxy;
mod incus;
mod init_and_check;
mod inspect;
mod inventory;
mod lab_support;
mod lock;
mod memory;
mod packages;
mod readme;
mod reproducible;
mod rollout;
mod rollout_keep;
mod rollout_lock;
mod rollout_status;
mod sample;
mod secrets;
mod support;
mod verify;
mod whole_lab;
