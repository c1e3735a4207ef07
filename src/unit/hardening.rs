//! The strict profile, and why it leaves open what it leaves open.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assessment, UnitFile, exposure};

/// How much of the system a service may reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hardening {
    /// Everything closed that a network service in an unprivileged container can do without.
    #[default]
    Strict,
    /// Nothing closed but what overrides say.
    Off,
}

/// The strict profile. Each of these is in force in an unprivileged Incus container without nesting.
pub(super) const STRICT: [(&str, &str); 29] = [
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("ProtectSystem", "strict"),
    // Beside ProtectKernelTunables= or ProtectProc=, systemd 252 leaves /run and /run/lock, where anybody may create
    // files, writable under ProtectSystem=strict.
    ("ReadOnlyPaths", "/run"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("DevicePolicy", "closed"),
    ("PrivateUsers", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectProc", "invisible"),
    ("ProcSubset", "pid"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("RemoveIPC", "yes"),
    ("KeyringMode", "private"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged @resources"),
    ("UMask", "0077"),
];

/// Why the strict profile leaves a point of exposure, by the id that `systemd-analyze security` gives it.
const REASONS: [(&str, &str); 7] = [
    ("PrivateNetwork", "the service is there to be reached over the network"),
    ("RestrictAddressFamilies_AF_INET_INET6", "it listens on and connects to Internet sockets"),
    ("RestrictAddressFamilies_AF_UNIX", "the journal and local databases speak over Unix sockets"),
    ("IPAddressDeny", "the addresses of its peers belong to the fleet, not to the image"),
    ("RootDirectoryOrRootImage", "the container already is a root of its own"),
    ("DeviceAllow", "ProtectClock= itself allows reading the clock's device, which PrivateDevices= hides"),
    ("PrivateMounts", "ProtectSystem= and others imply it, which an offline analysis does not see"),
];

/// Whether a directive belongs to the hardening: the profile's own, and those that open it where a service needs it.
pub(super) fn is_hardening(directive: &str) -> bool {
    matches!(directive, "AmbientCapabilities" | "ReadWritePaths") || STRICT.iter().any(|(name, _)| *name == directive)
}

/// The value that resets a list-valued directive, so that `next` does not add to what stands in an earlier file; none
/// for the directives of one value.
pub(super) fn reset(directive: &str, next: &str) -> Option<&'static str> {
    match directive {
        // What is taken away is taken from the full set, not from the empty one.
        "CapabilityBoundingSet" if next.starts_with('~') => Some("~"),
        "AmbientCapabilities"
        | "CapabilityBoundingSet"
        | "ReadOnlyPaths"
        | "ReadWritePaths"
        | "RestrictAddressFamilies"
        | "RestrictNamespaces"
        | "SystemCallArchitectures"
        | "SystemCallFilter" => Some(""),
        _ => None,
    }
}

/// Comment lines: the level of exposure, and for each point that remains, why.
pub(super) fn remaining(unit: &UnitFile, overrides: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let exposure = exposure(unit);
    let mut lines = vec![format!(
        "Exposure {} of 10, as systemd-analyze security counts it. What remains, and why:",
        exposure.level
    )];
    let mut overridden = BTreeSet::new();
    for point in exposure.remaining() {
        match governing(point).into_iter().find(|directive| overrides.contains_key(*directive)) {
            Some(directive) if overridden.insert(directive.to_owned()) => {
                lines.push(format!("- {directive}=: the layout's overrides say so"));
            }
            Some(_) => {}
            None => lines.push(format!("- {}: {}", point.name, reason(point))),
        }
    }
    lines
}

fn reason(point: &Assessment) -> &str {
    REASONS.iter().find(|(id, _)| *id == point.id).map_or(&*point.description, |(_, reason)| reason)
}

/// The directives that decide a point of exposure. Its name lists them: `User=/DynamicUser=`,
/// `RestrictNamespaces=~user`; two are decided by more than their names say.
fn governing(point: &Assessment) -> Vec<&str> {
    let mut directives: Vec<_> =
        point.name.split('/').filter_map(|part| part.split_once('=')).map(|(directive, _)| directive).collect();
    match point.id.as_str() {
        "DeviceAllow" => directives.push("DevicePolicy"),
        "IPAddressDeny" => directives.push("IPAddressAllow"),
        _ => {}
    }
    directives
}
