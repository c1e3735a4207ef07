//! The failover drill: one container of a pool is stopped as a host that dies would stop it, and its peers have to serve on.
//!
//! ```text
//! ground ─▶ runner ─▶ Report
//! may it     │  asks [`Course`] which step is next, takes it, and tells it what came of it
//! begin?     ├─ requests              GETs through the balancer, as clients send them
//!            ├─ sessions ─▶ websocket  clients that stay, and come back when they are cut off
//!            └─ revive                starts the container again, whatever came before
//! ```
//!
//! [`Course`] is pure: once a container is to be stopped, every way through it leads to its start. A drill that is killed
//! in between leaves a note on the container, [`marks::DRILL`](crate::rollout::instance::marks::DRILL), by which the next
//! one starts it first; `vezaimg status` tells of it, too.

mod course;
mod ground;
mod judge;
mod report;
mod requests;
mod revive;
mod runner;
mod sessions;
mod step;
mod websocket;

pub use course::Course;
pub use report::{Report, Requests, Traffic};
pub use requests::Tally;
pub use runner::{Audience, Drill, Event, Wishes};
pub use sessions::Session;
pub use step::{Check, Step, Verdict};
