//! A client of HAProxy's runtime API, <https://docs.haproxy.org/2.6/management.html#9.3>.

mod address;
pub mod advice;
mod channel;
mod failure;
mod info;
mod map;
mod name;
mod server;
mod sessions;
mod socket;

pub use address::Address;
pub use channel::{Channel, DEADLINE, Inside, LONGEST_ANSWER};
pub use failure::{Failure, Kind, Result};
pub use info::{Info, Started};
pub use map::Map;
pub use name::ServerName;
pub use server::{Admin, Check, Counters, Operation, Server, find};
pub use sessions::{Sessions, Streams};
pub use socket::{Level, Snapshot, Socket};
