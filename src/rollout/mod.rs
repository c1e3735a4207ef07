//! Rolls a fleet of containers behind HAProxy onto a new image, one container at a time, without a failed request.

pub mod balance;
pub mod candidate;
pub mod census;
pub mod contract;
pub mod event;
pub mod fleet;
pub mod instance;
pub mod journal;
pub mod keep;
pub mod lock;
pub mod operation;
pub mod plan;
pub mod probe;
pub mod pruning;
pub mod receipt;
pub mod runner;
pub mod survey;
pub mod swap;
