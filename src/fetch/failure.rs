//! What a mirror did wrong.

use std::io;
use std::time::Duration;

use crate::Error;
use crate::rootfs::escaped;

/// Why a mirror did not give what was asked for, in a few words that go behind its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It cannot be reached or is silent: what comes next will fare no better.
    Unreachable,
    /// It began and broke off: the rest may come at another attempt.
    Broken,
    /// It answered, and this is not what it has.
    Refused,
}

/// What ends the work on a file.
pub(super) enum Fault {
    /// This mirror; others may do.
    Mirror(Failure),
    /// The run.
    Run(Error),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Mirror(failure)
    }
}

impl Failure {
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, reason: reason.into() }
    }

    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Broken, reason: reason.into() }
    }

    /// It brings something, and so little that nobody would wait for the end.
    pub(super) fn slow() -> Self {
        Self::unreachable("slower than 5 kB a second")
    }

    fn unreachable(reason: impl Into<String>) -> Self {
        Self { kind: Kind::Unreachable, reason: reason.into() }
    }

    /// Of an HTTP exchange, with time-outs and redirects bounded like this.
    pub(super) fn of_http(error: ureq::Error, limits: &super::client::Limits) -> Self {
        use ureq::{Error, Timeout};
        match error {
            Error::Io(cause) => Self::of_io(&cause),
            Error::HostNotFound => Self::unreachable(UNKNOWN_HOST),
            Error::Timeout(Timeout::Resolve) => Self::broken("the name of the host is not resolved in time"),
            Error::Timeout(Timeout::Connect) => {
                Self::unreachable(format!("no connection within {}", seconds(limits.connect)))
            }
            Error::Timeout(_) => Self::unreachable(format!("nothing came for {}", seconds(limits.stall))),
            Error::TooManyRedirects => Self::refused(format!("redirects more than {} times", limits.redirects)),
            Error::Rustls(cause) => Self::unreachable(format!("TLS: {}", escaped(cause.to_string().as_bytes()))),
            Error::ConnectProxyFailed(cause) => {
                // Of a status it says `proxy server responded 403/403`.
                let status = cause.strip_prefix("proxy server responded ").and_then(|status| status.split('/').next());
                Self::unreachable(format!("through the proxy: {}", escaped(status.unwrap_or(&cause).as_bytes())))
            }
            Error::Protocol(cause) => Self::refused(format!("no HTTP: {}", escaped(cause.to_string().as_bytes()))),
            other => Self::refused(escaped(other.to_string().as_bytes())),
        }
    }

    /// Of the connection.
    pub(super) fn of_io(cause: &io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::ConnectionRefused => Self::unreachable("connection refused"),
            io::ErrorKind::UnexpectedEof => Self::broken("the connection was closed"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::broken("the connection was broken off")
            }
            // What getaddrinfo(3) says has no kind of its own.
            _ if cause.to_string().starts_with("failed to lookup address") => Self::unreachable(UNKNOWN_HOST),
            _ => Self::unreachable(escaped(cause.to_string().as_bytes())),
        }
    }
}

const UNKNOWN_HOST: &str = "the name of the host cannot be resolved";

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f32())
}
