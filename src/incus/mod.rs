//! A client of Incus: its REST API over the unix socket, or over TLS to a remote of the user's `incus` configuration.

mod name;

pub use name::{Fingerprint, InstanceName};
