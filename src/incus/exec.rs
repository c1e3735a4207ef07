//! Commands in an instance.

use std::time::Duration;

use super::{Client, InstanceName, Result};

/// How a command ended, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; 128 and the signal when one ended it, 127 when there is no such command.
    pub code: i32,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: Vec<u8>,
}

impl Client {
    /// Runs a command as root in a running instance, with no input and no terminal, and waits for its end.
    ///
    /// What it writes stands in a file of Incus's for the moment, of which at most 16 MiB each are taken.
    ///
    /// # Errors
    /// As every request; [`TimedOut`](super::Kind::TimedOut) when it is not done within the deadline, and may go on.
    pub fn exec(&self, name: &InstanceName, command: &[&str], deadline: Duration) -> Result<Output> {
        let _ = (name, command, deadline);
        unimplemented!()
    }
}
