//! Two containers of one image are two machines.

use super::{BOOT, assert_healthy, container, image, shell};
use crate::support::{Instance, Lab};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn two_containers_boot_each_under_a_name_an_address_and_an_id_of_its_own() {
    let (one, mut other) = (container(), image().boot("other"));
    assert_is_itself(one);
    assert_is_itself(&other);
    let id = machine_id(&other);
    assert_ne!(machine_id(one), id);
    assert_ne!(one.ipv4(BOOT), other.ipv4(BOOT));

    other.stop();
    other.rename(&Lab::shared().unique("renamed"));
    other.start();
    other.wait_running(BOOT);

    assert_is_itself(&other);
    assert_eq!(machine_id(&other), id);
}

/// A container with nothing failed that has its own name wherever a name stands, and its address from the bridge.
fn assert_is_itself(instance: &Instance<'_>) {
    let name = instance.name();
    assert_eq!(instance.exec(&["systemctl", "is-system-running"]), "running\n");
    assert_eq!(instance.exec(&["systemctl", "--failed", "--plain", "--no-legend"]), "");
    assert_eq!(
        shell(instance, "hostname; cat /etc/hostname /etc/hosts"),
        format!(
            "{name}\n{name}\n127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n\n\
             ::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
        )
    );
    let address = instance.ipv4(BOOT).to_string();
    let lab = Lab::shared();
    let leases = lab.query(&format!("/1.0/networks/{}/leases", lab.bridge()));
    let is_own = |lease: &serde_json::Value| lease["address"] == *address && lease["type"] == "dynamic";
    assert!(leases.as_array().unwrap().iter().any(is_own), "{address} is not leased: {leases:#}");
    assert_healthy(instance, VERSION);
}

/// The id, 32 digits that the first boot made.
fn machine_id(instance: &Instance<'_>) -> String {
    let id = instance.exec(&["cat", "/etc/machine-id"]).trim_end().to_owned();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id:?}");
    id
}
