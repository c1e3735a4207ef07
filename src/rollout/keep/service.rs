//! The service that writes into a kept directory: stopped before the rest of it is copied, and started again where its
//! container serves on.

use std::time::Duration;

use crate::Error;
use crate::incus::{Client, InstanceName};
use crate::rootfs::escaped;

/// What `systemctl` exits with when there is no such unit.
const NOT_THERE: i32 = 5;

const STOP: &str = r#"
code=0
timeout "$2" systemctl stop -- "$1" || code=$?
if [ "$code" = 124 ]; then
    systemctl kill --signal=SIGKILL -- "$1" || true
    code=0
    timeout 10 systemctl stop -- "$1" || code=$?
fi
exit "$code"
"#;

/// Systemd answers root from early in the boot on.
const AWAIT: &str = "until systemctl show --property=Version >/dev/null 2>&1; do sleep 0.1; done";

/// Waits until systemd of a container that boots takes orders.
pub(super) fn await_systemd(client: &Client, container: &InstanceName, deadline: Duration) -> crate::Result<()> {
    let seconds = deadline.as_secs().to_string();
    let command = ["timeout", &seconds, "sh", "-c", AWAIT];
    match client.exec(container, &command, deadline + Duration::from_secs(10))?.code {
        0 => Ok(()),
        _ => Err(Error::failed(format!("systemd of `{container}` does not answer"))),
    }
}

/// Stops a unit, and kills it when it has not stopped by then. One that is not there does not write either.
pub(super) fn stop(client: &Client, container: &InstanceName, unit: &str, grace: Duration) -> crate::Result<()> {
    let seconds = grace.as_secs().max(1);
    let command = ["sh", "-c", STOP, "sh", unit, &seconds.to_string()];
    run(client, container, ("stop", unit), &command, Duration::from_secs(seconds + 30))
}

/// How long systemd may take to note that a unit is to be started.
const START: Duration = Duration::from_secs(30);

/// Has a unit started, unless it is active; how that goes, and that it is not there, is for health checks to tell.
pub(in crate::rollout) fn start(client: &Client, container: &InstanceName, unit: &str) -> crate::Result<()> {
    run(client, container, ("start", unit), &["systemctl", "start", "--no-block", "--", unit], START)
}

fn run(
    client: &Client,
    container: &InstanceName,
    (verb, unit): (&str, &str),
    command: &[&str],
    deadline: Duration,
) -> crate::Result<()> {
    if !crate::unit::is_service_name(unit) {
        let unit = escaped(unit.as_bytes());
        return Err(Error::invalid(format!("`{unit}` is not the name of a service")));
    }
    let output = client.exec(container, command, deadline)?;
    match output.code {
        0 | NOT_THERE => Ok(()),
        _ => Err(Error::failed(format!("cannot {verb} `{unit}` in `{container}`"))
            .cause(super::copy::last_lines(&output.stderr))),
    }
}
