//! Each broken release is broken in the way that its name says, and in no other.

use crate::support::veza::{ENV_FILE, Recipe, SECRET};
use crate::support::{Instance, Lab, http_get, seconds, wait_for};

const UNIT: &str = "veza-backend-api.service";

/// A started container of the release, with an env file, and its address.
fn started(recipe: &Recipe) -> (Instance<'static>, std::net::Ipv4Addr) {
    let lab = Lab::shared();
    let image = recipe.imported();
    let instance = Instance::new(lab, &lab.unique(recipe.release()));
    lab.incus(&["create", &image, instance.name()]);
    instance.push(ENV_FILE, format!("JWT_SECRET={SECRET}\n").as_bytes(), "0640", 0, 1001);
    instance.start();
    let address = instance.ipv4(seconds(120));
    (instance, address)
}

/// Waits until health is answered with this status.
fn wait_status(address: (std::net::Ipv4Addr, u16), status: u16) {
    wait_for(&format!("{status} from {address:?}"), seconds(60), || match http_get(address, "/api/v1/health") {
        Ok(reply) if reply.status == status => Ok(()),
        seen => Err(format!("{seen:?}")),
    });
}

/// Waits until a property of the unit is this.
fn wait_property(instance: &Instance<'_>, name: &str, value: &str) {
    wait_for(&format!("{name} to be {value}"), seconds(60), || {
        let seen = instance.exec(&["systemctl", "show", "--value", "--property", name, UNIT]);
        if seen.trim() == value { Ok(()) } else { Err(seen) }
    });
}

#[test]
fn never_healthy() {
    let (instance, address) = started(&Recipe::never_healthy());
    wait_status((address, 8080), 503);
    wait_property(&instance, "ActiveState", "active");
}

#[test]
fn healthy_then_crashing() {
    let (instance, address) = started(&Recipe::crashing_after(4));
    wait_status((address, 8080), 200);
    wait_property(&instance, "ExecMainStatus", "101");
}

#[test]
fn on_another_port() {
    let (instance, address) = started(&Recipe::on_another_port());
    wait_status((address, 9090), 200);
    wait_property(&instance, "ActiveState", "active");
    assert!(http_get((address, 8080), "/api/v1/health").is_err());
}

#[test]
fn missing_a_variable() {
    let (instance, _) = started(&Recipe::missing_a_variable());
    wait_property(&instance, "ExecMainStatus", "1");
    let journal = instance.exec(&["journalctl", "--no-pager", "--output=cat", "--unit", UNIT]);
    assert!(journal.contains("veza-api: the environment lacks `VEZA_ABSENT`\n"), "{journal}");
}

#[test]
fn without_unit() {
    let (instance, address) = started(&Recipe::without_unit());
    instance.wait_running(seconds(120));
    wait_property(&instance, "LoadState", "not-found");
    instance.exec(&["test", "-x", "/opt/veza/backend-api/veza-api"]);
    assert!(http_get((address, 8080), "/api/v1/health").is_err());
}

#[test]
fn of_another_architecture() {
    let lab = Lab::shared();
    let image = Recipe::of_another_architecture().imported();
    assert_eq!(lab.query(&format!("/1.0/images/{image}"))["architecture"], "aarch64");

    let instance = Instance::new(lab, &lab.unique("foreign"));
    let refused = lab.try_incus(&["create", &image, instance.name()]);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && stderr.contains("architecture"), "{stderr}");
    std::mem::forget(instance);
}
