//! A client of HAProxy's runtime API, <https://docs.haproxy.org/2.6/management.html#9.3>.

mod address;
pub mod advice;
mod answer;
mod channel;
mod direct;
mod failure;
mod info;
mod inside;
mod map;
mod name;
mod server;
mod sessions;
mod snapshot;
mod socket;
mod stat;
mod state;
mod table;

pub use address::Address;
pub(crate) use address::is_endpoint;
pub use channel::{Channel, DEADLINE, Inside, LONGEST_ANSWER};
pub(crate) use direct::Tcp;
pub use failure::{Failure, Kind, Result};
pub use info::{Info, Started};
pub use map::Map;
pub use name::ServerName;
pub use server::{Admin, Check, Counters, Operation, Server, find};
pub use sessions::{Sessions, Streams};
pub use snapshot::Snapshot;
pub use socket::{Level, Socket};
