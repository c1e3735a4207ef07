//! What went wrong between this client and Incus, by what may be done about it.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::Error;
use crate::rootfs::escaped;
use rustls::CertificateError;

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
    /// Incus does not let this user do it, or one side does not take the other for whom it should be.
    Denied,
    /// Any other error that Incus answered, or with which an operation of it ended.
    Refused,
    /// The answer is not what Incus answers.
    Malformed,
}

/// For how long to leave Incus alone before it is asked again for what was lost.
const REST: Duration = Duration::from_millis(250);

/// A request that failed: what was wanted, and what Incus or the system said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    what: String,
    causes: Vec<String>,
    system: Option<io::ErrorKind>,
    rest: Duration,
}

impl Failure {
    /// A failure of that kind, in a sentence as [`Error`] wants it.
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), causes: Vec::new(), system: None, rest: REST }
    }

    /// The same, with so long a rest before it makes sense to ask again.
    #[must_use]
    pub(super) fn resting(self, rest: Duration) -> Self {
        Self { rest, ..self }
    }

    /// Adds what Incus or the system said; what it is made of is no matter, control characters are escaped.
    #[must_use]
    pub(super) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(escaped(cause.to_string().as_bytes()));
        self
    }

    /// Of an exchange that came to no answer; `sentence` says what was wanted.
    pub(super) fn of_http(error: ureq::Error, sentence: impl Fn(Kind) -> Self) -> Self {
        use ureq::Error;
        match error {
            Error::Io(cause) => Self::of_io(&cause, sentence),
            Error::Rustls(cause) => Self::of_tls(&cause, sentence),
            Error::Tls(cause) => sentence(Kind::Denied).cause(cause),
            Error::Timeout(ureq::Timeout::Connect) => sentence(Kind::Lost).cause("no connection came about in time"),
            Error::Timeout(_) => sentence(Kind::Lost).cause("no answer came in time"),
            Error::HostNotFound => sentence(Kind::Lost).cause("the name of the host cannot be resolved"),
            Error::ConnectionFailed => sentence(Kind::Lost).cause("no connection"),
            other => sentence(Kind::Malformed).cause(other),
        }
    }

    fn of_io(cause: &io::Error, sentence: impl Fn(Kind) -> Self) -> Self {
        if let Some(cause) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::of_tls(cause, sentence);
        }
        let failure = match cause.kind() {
            io::ErrorKind::PermissionDenied => sentence(Kind::Denied).cause("permission denied"),
            io::ErrorKind::NotFound => sentence(Kind::Lost).cause("there is no such socket"),
            io::ErrorKind::ConnectionRefused => sentence(Kind::Lost).cause("connection refused"),
            io::ErrorKind::UnexpectedEof => sentence(Kind::Lost).cause("the connection was closed"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                sentence(Kind::Lost).cause("the connection was broken off")
            }
            _ => sentence(Kind::Lost).cause(cause),
        };
        Self { system: Some(cause.kind()), ..failure }
    }

    fn of_tls(cause: &rustls::Error, sentence: impl Fn(Kind) -> Self) -> Self {
        match cause {
            // What the pin's verifier says.
            rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
                sentence(Kind::Denied).cause("its certificate is not the one in `servercerts`")
            }
            rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_) => {
                sentence(Kind::Denied).cause(format!("TLS: {cause}"))
            }
            _ => sentence(Kind::Lost).cause(format!("TLS: {cause}")),
        }
    }

    /// For how long to leave Incus alone before it is asked again.
    pub(super) fn rest(&self) -> Duration {
        self.rest
    }

    /// What the system said, if the connection failed.
    pub(super) fn system(&self) -> Option<io::ErrorKind> {
        self.system
    }

    /// The same, but that of something which was to be created and is there; Incus does not always say so by its status.
    #[must_use]
    pub(super) fn or_exists(self) -> Self {
        let signs = ["already exists", "already in use", "UNIQUE constraint failed"];
        let says_so = |cause: &String| signs.iter().any(|sign| cause.contains(sign));
        let is_taken = self.kind == Kind::Refused && self.causes.iter().any(says_so);
        Self { kind: if is_taken { Kind::Exists } else { self.kind }, ..self }
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
        let error = Self::failed(failure.what);
        let error = if matches!(failure.kind, Kind::Lost | Kind::Changed) { error.lost() } else { error };
        failure.causes.iter().fold(error, Self::cause)
    }
}
