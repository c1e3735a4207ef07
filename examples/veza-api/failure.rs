//! Why the service does not start, and the exit code that goes with it.

use std::fmt;
use std::process::ExitCode;

/// What is wrong, sentence by sentence, what caused it, and the way out.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    messages: Vec<String>,
    cause: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// Something that should have worked did not: exit code 1.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, messages: vec![message.into()], cause: None, hint: None }
    }

    /// An argument or a variable is wrong: exit code 2.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::all_invalid(vec![message.into()])
    }

    /// Several variables are wrong: exit code 2.
    pub(crate) fn all_invalid(messages: Vec<String>) -> Self {
        Self { code: 2, messages, cause: None, hint: None }
    }

    /// Adds what the system said.
    pub(crate) fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Adds a way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The process's exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// One line a message, each under the program's name, then the cause and the hint; no newline at the end.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, message) in self.messages.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}veza-api: {message}")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, "\ncause: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}
