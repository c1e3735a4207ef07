//! One instance's swap, as a pure machine: what was seen goes in, what is to be done next comes out.
//!
//! A swap brings one container, the entering one, to where another, the leaving one, serves. It is level-triggered:
//! nothing is remembered that can be read from Incus and HAProxy, so a swap that was cut off anywhere goes on from what
//! is there. A restore is the same swap with the two exchanged.
//!
//! ```text
//!           leaving serves                            │ nobody serves here        │ entering serves
//! stage ─▶ drain ─▶ idle ─▶ maintenance ─▶ stop ─▶ detach ─▶ aside ─▶ enter       │
//!                                            carry ─▶ attach ─▶ check ─▶ start ─▶ gates ─▶ ready ─▶ settle ─▶ commit
//! ```

mod action;
mod machine;
mod seen;

#[cfg(test)]
mod tests;

pub use action::{Action, Ending, Goal, Terms, Wait};
pub use machine::Swap;
pub use seen::{Body, Rotation, Seen, Serving, UnitState, Vitals};
