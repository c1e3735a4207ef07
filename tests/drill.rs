//! The failover drill on a real Incus behind a real HAProxy: what it finds, what it refuses, and that the container which it
//! stops runs again, whatever happens.

mod failing;
mod refused;
mod whole;

use serde_json::Value;

use crate::support::veza::{INSTANCES, Veza};
use crate::support::{Lab, seconds, wait_for};

/// Where clients go, as `--through` takes it.
fn through(veza: &Veza) -> String {
    format!("http://{}", veza.haproxy().entry())
}

/// The arguments of a drill of the whole fleet, and more of them.
fn drill<'a>(veza: &'a Veza, through: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["drill", "--fleet", "fleet.toml", "--pool", veza.stem(), "--through", through], more].concat()
}

/// What Incus has of an instance: whether it runs, and the note of a drill.
fn found(name: &str) -> (String, Value) {
    let found = Lab::shared().query(&format!("{INSTANCES}/{name}"));
    (found["status"].as_str().unwrap().to_owned(), found["config"]["user.vezaimg.drill"].clone())
}

fn runs() -> (String, Value) {
    ("Running".to_owned(), Value::Null)
}

/// The process that every container has run in since it was started.
fn processes(veza: &Veza) -> Vec<Value> {
    let pid = |name| Lab::shared().query(&format!("{INSTANCES}/{name}/state"))["pid"].clone();
    veza.members().iter().map(|member| pid(member.name())).collect()
}

/// Waits until Incus has stopped an instance.
fn wait_stopped(name: &str) {
    wait_for(&format!("`{name}` to be stopped"), seconds(60), || match found(name) {
        (status, _) if status == "Stopped" => Ok(()),
        found => Err(format!("{found:?}")),
    });
}

/// The check of that name in a report.
fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check `{name}`: {report:#}"))
}

/// Each check's name and result, in their order.
fn results(report: &Value) -> Vec<(&str, &str)> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks.map(|check| (check["check"].as_str().unwrap(), check["result"].as_str().unwrap())).collect()
}
