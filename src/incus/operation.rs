//! What goes on after the answer: <https://linuxcontainers.org/incus/docs/main/rest-api/#background-operation>.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::Client;
use super::exchange::{Call, shortened};
use super::failure::{Kind, Result};

/// How long one question may wait: shorter than any time limit of a connection.
const SLICE: Duration = Duration::from_secs(10);

/// What Incus says about an operation.
#[derive(Deserialize)]
struct Operation {
    status_code: u16,
    #[serde(default)]
    err: String,
    #[serde(default)]
    metadata: Option<Value>,
}

/// Status codes of the API: <https://linuxcontainers.org/incus/docs/main/rest-api/#list-of-current-status-codes>.
mod status {
    pub(super) const SUCCESS: u16 = 200;
    pub(super) const FAILURE: u16 = 400;
    pub(super) const CANCELLED: u16 = 401;
}

/// How an operation ended well.
pub(super) struct Done {
    /// What it left.
    pub(super) metadata: Value,
}

impl Client {
    /// Sends what changes something, once, and waits until it is done.
    pub(super) fn run(&self, call: &Call, deadline: Duration) -> Result<Done> {
        let begun = Instant::now();
        let answer = self.change(call)?;
        self.wait(call, &answer.operation, begun, deadline)
    }

    /// Waits until the operation that `call` was answered with is done; there may be none.
    pub(super) fn wait(&self, call: &Call, path: &str, begun: Instant, deadline: Duration) -> Result<Done> {
        if path.is_empty() {
            return Ok(Done { metadata: Value::Null });
        }
        let id = path.strip_prefix("/1.0/operations/").filter(|id| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !id.is_empty() && id.len() <= 64 && id.bytes().all(fits)
        });
        let id = id.ok_or_else(|| call.malformed("the path of its operation is not one"))?;
        loop {
            let left = deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(call.timed_out(deadline));
            }
            // In whole seconds, and a zero would be for ever.
            let slice = left.min(SLICE).as_secs_f64().ceil().to_string();
            let wait = call.beside(&["operations", id, "wait"]).query("timeout", slice);
            let operation = match self.read_if_there::<Operation>(&wait) {
                // That it failed, or that the slice is over, is an error of the wait's own: which of them, it says itself.
                Err(failure) if !matches!(failure.kind(), Kind::Lost | Kind::Denied | Kind::Malformed) => {
                    self.read_if_there(&call.beside(&["operations", id]))?
                }
                waited => waited?,
            };
            // A finished one lives for five seconds, and none outlives the daemon.
            let operation = operation.ok_or_else(|| call.lost().cause("its operation is gone"))?.metadata;
            match operation.status_code {
                status::SUCCESS => return Ok(Done { metadata: operation.metadata.unwrap_or_default() }),
                status::FAILURE | status::CANCELLED => {
                    return Err(call.refused(Kind::Refused).cause(shortened(&operation.err)));
                }
                _ => {}
            }
        }
    }
}
