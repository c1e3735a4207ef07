//! A client of HAProxy's runtime API, <https://docs.haproxy.org/2.6/management.html#9.3>.

mod address;

pub use address::Address;
