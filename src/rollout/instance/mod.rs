//! The containers of one instance, as Incus has them: the live one, the one made beside it, and those kept from before.
//!
//! ```text
//! NAME         live: it bears the addresses, and HAProxy knows it
//! NAME-next    made beside it, or left by a swap that was given up
//! NAME-prev    what served before; NAME-prev-2, NAME-prev-3, … what served before that, the highest number newest
//! ```

mod attachments;
pub(in crate::rollout) mod containers;
pub mod marks;
mod stage;

pub use attachments::Attachments;
#[cfg(test)]
pub(in crate::rollout) use containers::tests;
pub use containers::{Containers, Names, Sides};
pub use stage::{commit, new_container};
