//! Commands in an instance.

use std::io::Read;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use super::exchange::Call;
use super::{Client, InstanceName, Kind, Result};
use crate::rootfs::escaped;

/// The most that is taken of what a command writes to either of its outputs, in bytes.
const LARGEST: u64 = 16 << 20;

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
        let wanted = format!("run `{}` in `{name}`", escaped(command.first().unwrap_or(&"").as_bytes()));
        let call = Call::new(Method::POST, &["instances", name.as_str(), "exec"], wanted).body(json!({
            "command": command,
            "interactive": false,
            "wait-for-websocket": false,
            "record-output": true,
        }));
        let begun = Instant::now();
        let operation = self.change(&call)?.operation;
        let outcome = self.wait(&call, &operation, begun, deadline).and_then(|done| {
            let end = End::deserialize(done.metadata).map_err(|_| call.malformed("no exit code"))?;
            let [stdout, stderr] = records(&operation).map(|record| self.recorded(&call, name, &record));
            Ok(Output { code: end.code, stdout: stdout?, stderr: stderr? })
        });
        // Whatever came of it: what a command says is nothing to keep. Incus drops what is left with the instance.
        for record in records(&operation) {
            let _ = self.change(&Call::new(Method::DELETE, &segments(name, &record), "forget what a command wrote"));
        }
        outcome
    }

    fn recorded(&self, call: &Call, name: &InstanceName, record: &str) -> Result<Vec<u8>> {
        let (_, body) = self.read_raw(&call.beside(&segments(name, record)).unhurried())?;
        let mut bytes = Vec::new();
        let read = body.into_reader().take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|cause| call.of_http(cause.into()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(call.refused(Kind::Refused).cause("it writes more than 16 MiB"));
        }
        Ok(bytes)
    }
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "return")]
    code: i32,
}

/// The files in which Incus records what a command writes, named after its operation.
fn records(operation: &str) -> [String; 2] {
    let id = operation.rsplit('/').next().unwrap_or_default();
    ["stdout", "stderr"].map(|output| format!("exec_{id}.{output}"))
}

fn segments<'a>(name: &'a InstanceName, record: &'a str) -> [&'a str; 5] {
    ["instances", name.as_str(), "logs", "exec-output", record]
}
