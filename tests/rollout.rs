//! A fleet rolled onto another image under load, on a real Incus behind a real HAProxy.

mod broken;
mod by_hand;
mod endurance;
mod faults;
pub(crate) mod found;
mod ground;
mod kills;
mod load;
mod plain;
mod refusals;
mod restores;
mod rolls;
mod special;
