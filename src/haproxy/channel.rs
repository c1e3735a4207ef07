//! One question and its answer, whichever way HAProxy is reached.

use std::time::Duration;

use super::{Failure, Kind, Result};
use crate::incus::InstanceName;

/// How long a connection may take, and then again how long its answer may.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes.
pub const LONGEST_ANSWER: usize = 64 << 20;

/// A way to HAProxy's runtime API.
pub trait Channel: Send + Sync {
    /// Sends one command line, which may join several commands with `;`, on a connection of its own, and returns the
    /// whole answer; what is not UTF-8 in it becomes U+FFFD.
    ///
    /// # Errors
    /// [`Kind::Lost`] for no connection, one that broke off, or none or too little of an answer
    /// within [`DEADLINE`]; [`Kind::NotHaproxy`] for one longer than [`LONGEST_ANSWER`].
    fn ask(&self, command: &str) -> Result<String>;
}

/// Runs commands inside an instance: Incus does.
pub trait Inside: Send + Sync {
    /// Runs a command, without an input, and returns what it wrote to stdout once it ended with success.
    ///
    /// # Errors
    /// What went wrong, in a sentence: the instance is not there or does not run, the command cannot be started, ended
    /// otherwise (with what it wrote to stderr), or did not end before the deadline.
    fn run(
        &self,
        instance: &InstanceName,
        command: &[&str],
        deadline: Duration,
    ) -> std::result::Result<Vec<u8>, String>;
}

/// An answer as text, unless it is too long.
pub(super) fn text(answer: Vec<u8>, longest: usize) -> Result<String> {
    if answer.len() > longest {
        let message = format!("the answer is longer than {} MiB", longest >> 20);
        return Err(Failure::new(Kind::NotHaproxy, message));
    }
    Ok(String::from_utf8(answer).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
