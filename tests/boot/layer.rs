//! The layer as a container sees it: accounts, modes, owners, the binary and the log.

use std::fs;

use serde_json::{Value, json};
use snapbox::{IntoData, assert_data_eq, str};

use super::{assert_healthy, container, main_pid, shell};
use crate::sample::binary;

#[test]
fn the_account_is_locked_and_has_the_declared_ids() {
    let script = "id veza-api; getent passwd veza-api; getent group veza-api
                  grep --no-filename '^veza-api:' /etc/shadow /etc/gshadow";
    assert_data_eq!(
        shell(container(), script),
        str![[r#"
uid=1001(veza-api) gid=1001(veza-api) groups=1001(veza-api)
veza-api:x:1001:1001:Veza backend API:/opt/veza/backend-api:/usr/sbin/nologin
veza-api:x:1001:
veza-api:!:::::::
veza-api:!::

"#]]
        .raw()
    );
}

#[test]
fn every_entry_has_the_declared_mode_and_owner_and_so_have_its_parents() {
    let script = "stat --format='%A %u %g %N' /opt /opt/veza /opt/veza/backend-api /opt/veza/backend-api/veza-api \
                  /etc/veza /var/log /var/log/veza /etc/systemd/system/veza-backend-api.service \
                  /etc/systemd/system/multi-user.target.wants/veza-backend-api.service \
                  /etc/systemd/network/10-vezaimg-eth0.network /usr/lib/tmpfiles.d/vezaimg-veza-backend-api.conf \
                  /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/hostname /etc/hosts /etc/machine-id";
    assert_data_eq!(shell(container(), script), str![[r#"
drwxr-xr-x 0 0 '/opt'
drwxr-xr-x 0 0 '/opt/veza'
drwxr-xr-x 1001 1001 '/opt/veza/backend-api'
-rwxr-xr-x 1001 1001 '/opt/veza/backend-api/veza-api'
drwxr-x--- 0 1001 '/etc/veza'
drwxr-xr-x 0 0 '/var/log'
drwxr-x--- 1001 1001 '/var/log/veza'
-rw-r--r-- 0 0 '/etc/systemd/system/veza-backend-api.service'
lrwxrwxrwx 0 0 '/etc/systemd/system/multi-user.target.wants/veza-backend-api.service' -> '/etc/systemd/system/veza-backend-api.service'
-rw-r--r-- 0 0 '/etc/systemd/network/10-vezaimg-eth0.network'
-rw-r--r-- 0 0 '/usr/lib/tmpfiles.d/vezaimg-veza-backend-api.conf'
-rw-r--r-- 0 0 '/etc/passwd'
-rw-r--r-- 0 0 '/etc/group'
-rw-r----- 0 42 '/etc/shadow'
-rw-r----- 0 42 '/etc/gshadow'
-rw-r--r-- 0 0 '/etc/hostname'
-rw-r--r-- 0 0 '/etc/hosts'
-r--r--r-- 0 0 '/etc/machine-id'

"#]].raw());
}

#[test]
fn the_binary_arrives_to_the_byte() {
    assert!(container().pull("/opt/veza/backend-api/veza-api") == fs::read(binary()).unwrap());
}

#[test]
fn the_log_lands_in_the_log_directory_and_belongs_to_the_service() {
    let container = container();
    assert_healthy(container, env!("CARGO_PKG_VERSION"));

    // The unit's UMask=0077 takes the group's part of the 0640 that the program asks for.
    assert_eq!(
        shell(container, "cd /var/log/veza; stat --format='%A %U %G %n' -- *"),
        "-rw------- veza-api veza-api veza-api.log\n"
    );
    let log = String::from_utf8(container.pull("/var/log/veza/veza-api.log")).unwrap();
    let mut start: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert!(start["time"].take().is_string());
    let expected = json!({
        "time": null, "event": "start", "address": "0.0.0.0:8080", "host": container.name(),
        "version": env!("CARGO_PKG_VERSION"), "pid": main_pid(container),
    });
    assert_eq!(start, expected);
}
