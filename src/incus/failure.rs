//! What went wrong between this client and Incus, by what may be done about it.

use std::fmt;

use crate::Error;
use crate::rootfs::escaped;

/// The result of a request.
pub type Result<T> = std::result::Result<T, Failure>;

/// What may be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// There was no connection, or it broke: whether the request was carried out is unknown.
    Lost,
    /// An operation went on past its deadline.
    TimedOut,
    /// What the request is about is not there.
    NotFound,
    /// Somebody else wrote meanwhile: what was read before is out of date.
    Changed,
    /// What was to be created is there already.
    Exists,
    /// Incus does not let this user do it.
    Denied,
    /// Any other error that Incus answered, or with which an operation of it ended.
    Refused,
    /// The answer is not what Incus answers.
    Malformed,
}

/// A request that failed: what was wanted, and what Incus or the system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    what: String,
    causes: Vec<String>,
}

impl Failure {
    /// A failure of that kind, in a sentence as [`Error`] wants it.
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), causes: Vec::new() }
    }

    /// Adds what Incus or the system said; what it is made of is no matter, control characters are escaped.
    #[must_use]
    pub(super) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(escaped(cause.to_string().as_bytes()));
        self
    }

    /// What may be done about it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence alone.
    pub fn message(&self) -> &str {
        &self.what
    }

    /// What Incus or the system said, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }
}

/// In one line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Failure {}

/// Something that should have worked did not: exit code 1.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.causes.iter().fold(Self::failed(failure.what), Self::cause)
    }
}
