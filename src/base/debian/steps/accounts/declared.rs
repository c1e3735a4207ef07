//! Accounts of packages whose scripts call adduser, addgroup, useradd or groupadd.

use super::Password;
use super::wanted::{NOLOGIN, Primary, Wanted, WantedGroup, WantedUser};
use crate::base::debian::unpacked::System;

/// `adduser --system`: package, name, home, and whether with a group of its own (`--group`). Others are in `nogroup`.
const USERS: [(&str, &str, &str, bool); 4] = [
    ("apt", "_apt", "/nonexistent", false),
    ("dbus-system-bus-common", "messagebus", "/nonexistent", true),
    ("haproxy", "haproxy", "/var/lib/haproxy", true),
    ("openssh-server", "sshd", "/run/sshd", false),
];

/// `addgroup --system`: package and name.
const GROUPS: [(&str, &str); 5] =
    [("openssh-client", "_ssh"), ("udev", "input"), ("udev", "kvm"), ("udev", "render"), ("udev", "sgx")];

/// Adds those of the packages that were unpacked.
pub(super) fn add(wanted: &mut Wanted, system: &System) {
    for (package, name, home, has_group) in USERS {
        if system.packages.contains_key(package) {
            let primary = if has_group { Primary::Own } else { Primary::Named("nogroup".to_owned()) };
            let (comment, home, shell) = (String::new(), home.to_owned(), NOLOGIN.to_owned());
            let password = Password::Bang;
            wanted.user(name, WantedUser { uid: None, primary, comment, home, shell, password });
        }
    }
    for (package, name) in GROUPS {
        if system.packages.contains_key(package) {
            wanted.group(name, WantedGroup { gid: None, password: Password::Bang });
        }
    }
}
