//! What a rollout notes on containers: keys of their configuration, which travel with them.

use jiff::Timestamp;

use crate::incus::{Config, Instance, InstanceName};

/// The instance that the container is, was, or is to become: the name that it bears while it is live.
pub const INSTANCE: &str = "user.vezaimg.instance";
/// The operation that is bringing the container in.
pub const INCOMING: &str = "user.vezaimg.incoming";
/// The operation for which everything was made ready that can be while the other one serves.
pub const STAGED: &str = "user.vezaimg.staged";
/// The operation for which it holds what outlives the swap.
pub const CARRIED: &str = "user.vezaimg.carried";
/// Special bits and extended attributes that are still to be set on what was carried to it.
pub const EXTENDED: &str = "user.vezaimg.extended";
/// There until the container passed its gates, and again from its halt on.
pub const TRIAL: &str = "user.vezaimg.trial";
/// The operation that stopped it, to let another one serve.
pub const HALTED: &str = "user.vezaimg.halted";
/// The network interfaces that were taken from it, as [`Attachments`](super::Attachments) writes them.
pub const DETACHED: &str = "user.vezaimg.detached";
/// The operation that made it live.
pub const OPERATION: &str = "user.vezaimg.operation";
/// When it became live.
pub const SINCE: &str = "user.vezaimg.since";

/// There from right before a drill stops the container until it runs again: when that was.
pub const DRILL: &str = "user.vezaimg.drill";

/// What all of them begin with.
pub const PREFIX: &str = "user.vezaimg.";

/// Whether the container was noted to be one of this instance's.
pub fn belongs_to(container: &Instance, instance: &InstanceName) -> bool {
    container.config.get(INSTANCE).is_some_and(|name| name == instance.as_str())
}

/// Whether the key has this value.
pub fn has(container: &Instance, key: &str, value: &str) -> bool {
    container.config.get(key).is_some_and(|found| found == value)
}

/// When it became live, if a rollout made it so.
pub fn since(container: &Instance) -> Option<Timestamp> {
    container.config.get(SINCE)?.parse().ok()
}

/// Takes the notes of an operation that is over.
pub fn clear(config: &mut Config) {
    for key in [INCOMING, STAGED, CARRIED, EXTENDED, TRIAL, HALTED, DRILL] {
        config.remove(key);
    }
}
