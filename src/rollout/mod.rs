//! Rolls a fleet of containers behind HAProxy onto a new image, one container at a time, without a failed request.

pub mod contract;
pub mod fleet;
pub mod journal;
pub mod keep;
pub mod swap;
