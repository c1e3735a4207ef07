//! HTTP/1.0 and 1.1 as RFC 9112 frames it, with every size and every wait bounded.

mod body;
pub(crate) mod connection;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod wire;

/// Why there is no request to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    /// The client has closed, or died.
    Gone,
    /// It sent what is answered with this status and ends the connection, for nothing tells where the next request
    /// would begin.
    Refused(u16, &'static str),
}
