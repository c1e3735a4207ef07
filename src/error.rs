//! The one error type: what a person is told, and the exit code that goes with it.

use std::fmt;

use crate::diagnostic::Problem;

/// What kind of ending an error is. The discriminant is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Something that should have worked did not: an I/O error, a tool that is missing.
    Failed = 1,
    /// The request itself is wrong: the command line, a layout, a base, a binary, an `out/` that cannot take the image.
    Invalid = 2,
    /// A safety check said no.
    Refused = 3,
    /// The rollout went wrong and the old state serves again.
    RolledBack = 4,
    /// A signal ended the run; the same command goes on where it stopped.
    Interrupted = 5,
}

/// An error as a person reads it: one sentence, what caused it, and the way out.
///
/// Messages are lower case, one sentence, with names in backticks and no final period. The cause is what the system
/// or a library said; a hint tells what to type or change. Problems are places in text files, shown before the
/// message.
#[derive(Debug)]
pub struct Error {
    class: Class,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    problems: Vec<Problem>,
    is_lost: bool,
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            problems: Vec::new(),
            is_lost: false,
        }
    }

    /// Something that should have worked did not: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Class::Failed, message)
    }

    /// The request is wrong: exit code 2.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Class::Invalid, message)
    }

    /// A safety check said no: exit code 3.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Class::Refused, message)
    }

    /// The rollout went wrong and the old state serves again: exit code 4.
    pub fn rolled_back(message: impl Into<String>) -> Self {
        Self::new(Class::RolledBack, message)
    }

    /// A signal ended the run: exit code 5.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Class::Interrupted, message)
    }

    /// Adds what the system or a library said.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the places in text files that the message sums up.
    #[must_use]
    pub fn problems(mut self, problems: Vec<Problem>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// Says that a connection was lost, or somebody else wrote meanwhile: nobody knows what is there now.
    #[must_use]
    pub(crate) fn lost(mut self) -> Self {
        self.is_lost = true;
        self
    }

    /// The same with the exit code 2, for a command whose 1 is an answer; who was interrupted is told that.
    #[must_use]
    pub(crate) fn trouble(mut self) -> Self {
        if self.class != Class::Interrupted {
            self.class = Class::Invalid;
        }
        self
    }

    /// Whether a connection was lost, or somebody else wrote meanwhile: looked at anew, it may go well.
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// What kind of ending this is; `as u8` gives the exit code.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The sentence alone.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The sentence and what caused it, for a place that has one line.
    pub fn line(&self) -> String {
        let causes = self.causes.iter().map(String::as_str);
        std::iter::once(self.message.as_str()).chain(causes).collect::<Vec<_>>().join(": ")
    }

    /// What the system or a library said, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The ways out.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The places in text files that the message sums up.
    pub fn places(&self) -> &[Problem] {
        &self.problems
    }
}

/// The error without colours or source lines, for logs and tests; the terminal's form is [`crate::ui`]'s.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for problem in &self.problems {
            write!(f, "\n{problem}")?;
        }
        for cause in &self.causes {
            write!(f, "\ncause: {cause}")?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
