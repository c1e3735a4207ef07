//! How bytes reach an Incus: a unix socket, or TLS.
//!
//! Both let a server end an upload early. One that has made up its mind answers and closes while the client still
//! writes; the answer is the reason, and would be lost in `EPIPE`. From the first write that is turned away on, the rest
//! of a request is dropped, and what was answered is read.

mod tls;
mod unix;

use std::io;

pub(super) use tls::{Credentials, Tls, Trust};
pub(super) use unix::{Nowhere, Unix};

/// Whether the other side has closed its ears, and may have said why.
fn turns_away(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
