//! What goes wrong between us and HAProxy, told apart as far as a caller acts differently.

use std::fmt;

use super::Address;
use crate::Error;

/// The result of asking HAProxy.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No connection, one that broke off, or no whole answer before the deadline: worth another try.
    Lost,
    /// The socket's level does not allow the command.
    Denied,
    /// HAProxy knows no such server, backend or map.
    Unknown,
    /// Whatever answers there is not HAProxy's runtime API, or writes what cannot be understood.
    NotHaproxy,
    /// Any other complaint of HAProxy's.
    Refused,
}

/// Why HAProxy did not do, or did not say, what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    message: String,
    cause: Option<String>,
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, hint: None }
    }

    #[must_use]
    pub(super) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, with the socket and the command that it is about before the message.
    #[must_use]
    pub(super) fn about(mut self, address: &Address, command: &str) -> Self {
        self.message = format!("`{address}`, asked `{command}`: {}", self.message);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// One line, the cause after a colon.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = match failure.kind {
            Kind::Lost | Kind::Refused => Self::failed(failure.message),
            Kind::Unknown | Kind::NotHaproxy => Self::invalid(failure.message),
            Kind::Denied => Self::refused(failure.message),
        };
        let error = match failure.cause {
            Some(cause) => error.cause(cause),
            None => error,
        };
        match failure.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Class;

    #[test]
    fn a_failure_keeps_its_cause_and_hint_as_an_error() {
        let failure = Failure::new(Kind::Denied, "no").cause("because").hint("do");
        assert_eq!(failure.to_string(), "no: because");
        let error = Error::from(failure);
        assert_eq!((error.to_string().as_str(), error.class()), ("no\ncause: because\nhint: do", Class::Refused));
    }

    #[test]
    fn each_kind_has_its_exit_code() {
        let classes = [Kind::Lost, Kind::Denied, Kind::Unknown, Kind::NotHaproxy, Kind::Refused]
            .map(|kind| Error::from(Failure::new(kind, "x")).class() as u8);
        assert_eq!(classes, [1, 3, 2, 2, 1]);
    }
}
