//! What a unit's directives amount to, for the points of exposure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::{UnitFile, names, words};
use super::switches;
use super::syscall_filter::SyscallFilter;

/// Capabilities as bits; the set that is not restricted has all 64.
const ALL_CAPABILITIES: u64 = u64::MAX;

/// What the assessors look at, after every assignment and what systemd derives from them while loading.
#[derive(Debug)]
pub(super) struct Settings {
    /// Whether it starts in the ordinary phase of the boot.
    pub(super) default_dependencies: bool,
    /// Boolean directives that are on.
    pub(super) on: BTreeSet<&'static str>,
    pub(super) user: String,
    pub(super) supplementary_groups: bool,
    pub(super) bounding_set: u64,
    pub(super) ambient_set: u64,
    pub(super) protect_home: &'static str,
    pub(super) protect_system: &'static str,
    pub(super) protect_proc: &'static str,
    pub(super) proc_subset: &'static str,
    pub(super) keyring_mode: &'static str,
    pub(super) notify_access: &'static str,
    pub(super) device_policy: &'static str,
    pub(super) umask: u32,
    pub(super) delegate: bool,
    /// Directives whose path is a root of its own.
    pub(super) own_root: BTreeSet<&'static str>,
    /// Directives that have added devices to the access list.
    pub(super) devices: BTreeSet<&'static str>,
    pub(super) mount_images: bool,
    pub(super) encrypted_credentials: BTreeSet<&'static str>,
    pub(super) architectures: BTreeSet<&'static str>,
    pub(super) families: Families,
    /// Namespaces that may be made; none stands for no restriction.
    pub(super) namespaces: Option<BTreeSet<&'static str>>,
    pub(super) syscalls: SyscallFilter,
    pub(super) addresses: Addresses,
    /// Directives that filter traffic by a program.
    pub(super) traffic_filters: BTreeSet<&'static str>,
}

/// `RestrictAddressFamilies=`
#[derive(Debug, Default)]
pub(super) struct Families {
    /// None until the first list.
    listed: Option<BTreeSet<&'static str>>,
    allow_list: bool,
}

/// `IPAddressAllow=` and `IPAddressDeny=`, as networks.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    allowed: BTreeSet<(IpAddr, u8)>,
    denied: BTreeSet<(IpAddr, u8)>,
}

impl Settings {
    pub(super) fn of(unit: &UnitFile) -> Self {
        let mut settings = Self::unset();
        for directive in unit.directives("Unit").filter(|directive| directive.name() == "DefaultDependencies") {
            if let Some(value) = names::boolean(directive.value()) {
                settings.default_dependencies = value;
            }
        }
        for directive in unit.directives("Service") {
            settings.assign(directive.name(), directive.value());
        }
        settings.imply();
        settings
    }

    /// systemd's defaults for a system service.
    fn unset() -> Self {
        Self {
            default_dependencies: true,
            on: BTreeSet::new(),
            user: String::new(),
            supplementary_groups: false,
            bounding_set: ALL_CAPABILITIES,
            ambient_set: 0,
            protect_home: "no",
            protect_system: "no",
            protect_proc: "default",
            proc_subset: "all",
            keyring_mode: "private",
            notify_access: "none",
            device_policy: "auto",
            umask: 0o022,
            delegate: false,
            own_root: BTreeSet::new(),
            devices: BTreeSet::new(),
            mount_images: false,
            encrypted_credentials: BTreeSet::new(),
            architectures: BTreeSet::new(),
            families: Families::default(),
            namespaces: None,
            syscalls: SyscallFilter::default(),
            addresses: Addresses::default(),
            traffic_filters: BTreeSet::new(),
        }
    }

    /// Whether the service runs as root, which makes some points moot.
    pub(super) fn is_root(&self) -> bool {
        matches!(&*self.user, "0" | "root") || (self.user.is_empty() && !self.on.contains("DynamicUser"))
    }

    fn assign(&mut self, directive: &str, value: &str) {
        if let Some(name) = switches::directive(directive) {
            return switch(&mut self.on, name, names::boolean(value));
        }
        match directive {
            "User" => value.clone_into(&mut self.user),
            "SupplementaryGroups" => {
                self.supplementary_groups = !value.is_empty() && (self.supplementary_groups || has_words(value));
            }
            "CapabilityBoundingSet" => assign_capabilities(&mut self.bounding_set, ALL_CAPABILITIES, value),
            "AmbientCapabilities" => assign_capabilities(&mut self.ambient_set, 0, value),
            "ProtectHome" => choose(&mut self.protect_home, value, &["read-only", "tmpfs"], true),
            "ProtectSystem" => choose(&mut self.protect_system, value, &["full", "strict"], true),
            "ProtectProc" => {
                choose(&mut self.protect_proc, value, &["default", "noaccess", "invisible", "ptraceable"], false);
            }
            "ProcSubset" => choose(&mut self.proc_subset, value, &["all", "pid"], false),
            "KeyringMode" => choose(&mut self.keyring_mode, value, &["inherit", "private", "shared"], false),
            "NotifyAccess" => choose(&mut self.notify_access, value, &["none", "main", "exec", "all"], false),
            "DevicePolicy" => choose(&mut self.device_policy, value, &["auto", "closed", "strict"], false),
            "UMask" => self.umask = names::mode(value).unwrap_or(self.umask),
            // An empty value and a list of controllers delegate too.
            "Delegate" => self.delegate = names::boolean(value).unwrap_or(true),
            "RootDirectory" => switch(&mut self.own_root, "RootDirectory", Some(is_own_root(value))),
            "RootImage" => switch(&mut self.own_root, "RootImage", Some(is_own_root(value))),
            "MountImages" => self.mount_images = has_words(value),
            "SetCredentialEncrypted" => {
                switch(&mut self.encrypted_credentials, "SetCredentialEncrypted", Some(!value.is_empty()));
            }
            "LoadCredentialEncrypted" => {
                switch(&mut self.encrypted_credentials, "LoadCredentialEncrypted", Some(!value.is_empty()));
            }
            "DeviceAllow" => match value {
                "" => self.devices.clear(),
                _ if is_device(value) => drop(self.devices.insert("DeviceAllow=")),
                _ => {}
            },
            "SystemCallArchitectures" => self.assign_architectures(value),
            "SystemCallFilter" => self.syscalls.assign(value),
            "RestrictAddressFamilies" => self.families.assign(value),
            "RestrictNamespaces" => self.assign_namespaces(value),
            "IPAddressAllow" => assign_networks(&mut self.addresses.allowed, value),
            "IPAddressDeny" => assign_networks(&mut self.addresses.denied, value),
            "IPIngressFilterPath" | "IPEgressFilterPath" => self.assign_traffic_filter(directive, value),
            _ => {}
        }
    }

    /// What systemd derives from some directives for others while it loads a unit.
    fn imply(&mut self) {
        let on = |name: &str| self.on.contains(name);
        let lost = [
            ("PrivateDevices", &["CAP_MKNOD", "CAP_SYS_RAWIO"][..]),
            ("ProtectKernelModules", &["CAP_SYS_MODULE"]),
            ("ProtectKernelLogs", &["CAP_SYSLOG"]),
            ("ProtectClock", &["CAP_SYS_TIME", "CAP_WAKE_ALARM"]),
        ];
        let lost = lost.iter().filter(|(switch, _)| on(switch)).fold(0, |bits, (_, names)| bits | capabilities(names));
        if on("PrivateDevices") && self.device_policy == "auto" {
            self.device_policy = "closed";
        }
        if on("ProtectClock") {
            self.devices.insert("ProtectClock=");
        }
        if self.mount_images || self.own_root.contains("RootImage") {
            self.devices.insert("disk images");
        }
        if !self.encrypted_credentials.is_empty() {
            self.devices.insert("encrypted credentials");
        }
        if on("DynamicUser") {
            self.on.extend(["PrivateTmp", "RemoveIPC", "NoNewPrivileges", "RestrictSUIDSGID"]);
            self.protect_system = "strict";
            if self.protect_home == "no" {
                self.protect_home = "read-only";
            }
        }
        self.bounding_set &= !lost;
    }

    fn assign_architectures(&mut self, value: &str) {
        if value.is_empty() {
            self.architectures.clear();
        }
        let known = |word: String| names::ARCHITECTURES.iter().copied().find(|known| *known == word);
        self.architectures.extend(words::split(value).into_iter().filter_map(known));
    }

    fn assign_namespaces(&mut self, value: &str) {
        match names::boolean(value) {
            _ if value.is_empty() => self.namespaces = None,
            Some(true) => self.namespaces = Some(BTreeSet::new()),
            Some(false) => self.namespaces = Some(names::NAMESPACES.into()),
            None => {
                let (inverted, list) = inverted(value);
                let known = |word: String| names::NAMESPACES.iter().copied().find(|known| *known == word);
                // One unknown name voids the whole line.
                let Some(listed) = words::split(list).into_iter().map(known).collect::<Option<BTreeSet<_>>>() else {
                    return;
                };
                let start = if inverted { names::NAMESPACES.into() } else { BTreeSet::new() };
                let allowed = self.namespaces.get_or_insert(start);
                if inverted {
                    allowed.retain(|name| !listed.contains(name));
                } else {
                    allowed.extend(listed);
                }
            }
        }
    }

    fn assign_traffic_filter(&mut self, directive: &str, value: &str) {
        let name = if directive == "IPIngressFilterPath" { "IPIngressFilterPath" } else { "IPEgressFilterPath" };
        if value.is_empty() {
            self.traffic_filters.remove(name);
        } else if is_path(value) {
            self.traffic_filters.insert(name);
        }
    }
}

impl Families {
    fn assign(&mut self, value: &str) {
        match value {
            "" => *self = Self::default(),
            "none" => *self = Self { listed: None, allow_list: true },
            _ => {
                let (inverted, list) = inverted(value);
                if self.listed.is_none() {
                    self.allow_list = !inverted;
                }
                let listed = self.listed.get_or_insert_default();
                for family in words::split(list).iter().filter_map(|word| names::family(word)) {
                    if inverted == self.allow_list {
                        listed.remove(family);
                    } else {
                        listed.insert(family);
                    }
                }
            }
        }
    }

    /// Whether a socket of a family for which `of` holds can be made, where the list decides at all.
    pub(super) fn are_open(&self, of: impl Fn(&str) -> bool) -> bool {
        // One listed family of a kind decides for the kind, in either direction: so does systemd.
        self.listed.iter().flatten().any(|family| of(family)) == self.allow_list
    }
}

impl Addresses {
    /// Whether everything is denied that is not allowed.
    pub(super) fn deny_all(&self) -> bool {
        let all = |v4: bool| self.denied.iter().any(|(address, prefix)| address.is_ipv4() == v4 && *prefix == 0);
        all(true) && all(false)
    }

    pub(super) fn allow_others(&self) -> bool {
        !self.allowed.iter().all(|(address, _)| address.is_loopback())
    }

    pub(super) fn allow_any(&self) -> bool {
        !self.allowed.is_empty()
    }
}

fn switch(set: &mut BTreeSet<&'static str>, name: &'static str, value: Option<bool>) {
    match value {
        Some(true) => drop(set.insert(name)),
        Some(false) => drop(set.remove(name)),
        None => {}
    }
}

/// Sets `chosen` to the choice that the value names; a value that names none changes nothing.
fn choose(chosen: &mut &'static str, value: &str, choices: &[&'static str], or_boolean: bool) {
    match choices.iter().find(|choice| **choice == value) {
        Some(choice) => *chosen = choice,
        None if or_boolean => {
            *chosen = names::boolean(value).map_or(*chosen, |value| if value { "yes" } else { "no" });
        }
        None => {}
    }
}

/// A leading `~` turns a list around.
pub(super) fn inverted(value: &str) -> (bool, &str) {
    value.strip_prefix('~').map_or((false, value), |rest| (true, rest))
}

/// The bits of capabilities.
pub(super) fn capabilities(names: &[&str]) -> u64 {
    names.iter().filter_map(|name| names::capability(name)).fold(0, |bits, number| bits | 1 << number)
}

/// The first list, and a list after an empty one, replaces; later ones add, or take away with `~`.
fn assign_capabilities(set: &mut u64, initial: u64, value: &str) {
    let (inverted, list) = inverted(value);
    let words = words::split(list);
    let listed = words.iter().filter_map(|word| names::capability(word)).fold(0, |bits, number| bits | 1 << number);
    *set = match (inverted, listed == 0 || *set == initial) {
        (true, true) => !listed,
        (false, true) => listed,
        (true, false) => *set & !listed,
        (false, false) => *set | listed,
    };
}

fn assign_networks(networks: &mut BTreeSet<(IpAddr, u8)>, value: &str) {
    if value.is_empty() {
        networks.clear();
    }
    for word in value.split_whitespace() {
        networks.extend(words::networks(word).unwrap_or_default());
    }
}

fn has_words(value: &str) -> bool {
    !words::split(value).is_empty()
}

/// An absolute path, or one that begins with a specifier.
fn is_path(value: &str) -> bool {
    value.starts_with(['/', '%'])
}

/// `/` is the system's own root, and so is no path at all.
fn is_own_root(value: &str) -> bool {
    value.bytes().any(|byte| byte != b'/')
}

/// Whether systemd takes a value of `DeviceAllow=`: a node, or a class of them, then what may be done.
fn is_device(value: &str) -> bool {
    let (node, access) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    words::is_device(node) && access.trim().chars().all(|right| "rwm".contains(right))
}
