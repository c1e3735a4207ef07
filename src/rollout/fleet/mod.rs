//! Which containers are rolled, behind which HAProxy, and at what pace: a TOML file, read into a checked [`Fleet`].

mod model;

pub use model::{Balancer, Fleet, IncusAt, Pace, Pool, PoolName};
