//! Instances that are not as every other: each is rolled for real, and back.

mod devices;
mod fleets;
mod hand_made;
mod projects;

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::support::veza::INSTANCES;
use crate::support::workspace::Outcome;
use crate::support::{Lab, http_get, seconds, wait_for};

/// What Incus has of an instance.
fn instance(name: &str) -> Value {
    Lab::shared().query(&format!("{INSTANCES}/{name}"))
}

/// The configuration that somebody has chosen: all but what Incus keeps for itself, what the image says, and what a
/// rollout notes.
fn chosen(instance: &Value) -> Value {
    let is_chosen = |key: &str| !["volatile.", "image.", "user.vezaimg."].iter().any(|prefix| key.starts_with(prefix));
    let mut chosen = instance.clone();
    let chosen = chosen["config"].as_object_mut().unwrap();
    chosen.retain(|key, _| is_chosen(key));
    Value::Object(chosen.clone())
}

/// Waits until the service at this address is healthy, and returns its version.
fn version(address: Ipv4Addr) -> String {
    wait_for(&format!("health at {address}"), seconds(120), || match http_get((address, 8080), "/api/v1/health") {
        Ok(reply) if reply.status == 200 => {
            let health: Value = serde_json::from_str(&reply.body).map_err(|error| error.to_string())?;
            Ok(health["version"].as_str().unwrap().to_owned())
        }
        seen => Err(format!("{seen:?}")),
    })
}

/// It is done, with nothing to remark but these notes.
fn assert_done(outcome: &Outcome, notes: &[&str]) {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let said = outcome.stderr.lines().filter(|line| line.starts_with("note: ") || line.starts_with("warning: "));
    let notes: Vec<_> = notes.iter().map(|note| format!("note: {note}")).collect();
    assert_eq!(said.collect::<Vec<_>>(), notes, "{}", outcome.stderr);
}
