//! The points that are open or closed and nothing between.

use super::Point;
use super::settings::{Settings, capabilities};

/// Boolean directives: the directive, its weight, what an open one lets the service do.
const FLAGS: [(&str, u64, &str); 16] = [
    ("PrivateDevices", 1000, "reach hardware devices"),
    ("PrivateMounts", 1000, "add mounts that the whole system sees"),
    ("PrivateNetwork", 2500, "use the system's network"),
    ("PrivateTmp", 1000, "read other programs' temporary files"),
    ("PrivateUsers", 1000, "see and act on other users"),
    ("ProtectControlGroups", 1000, "change control groups"),
    ("ProtectKernelModules", 1000, "load or read kernel modules"),
    ("ProtectKernelTunables", 1000, "change kernel settings in /proc and /sys"),
    ("ProtectKernelLogs", 1000, "read and write the kernel's log"),
    ("ProtectClock", 1000, "set the clocks"),
    ("ProtectHostname", 50, "change the host name"),
    ("LockPersonality", 100, "switch to another execution domain"),
    ("MemoryDenyWriteExecute", 100, "make memory that is writable and executable"),
    ("NoNewPrivileges", 1000, "gain privileges by running other programs"),
    ("RestrictRealtime", 500, "take real-time priority"),
    ("RestrictSUIDSGID", 1000, "make set-user-id and set-group-id files"),
];

/// Capabilities that the bounding set should not hold: their group's name, its name as an id, the weight, the members,
/// and what they let the service do.
const CAPABILITIES: [(&str, &str, u64, &[&str], &str); 26] = [
    ("SYS_ADMIN", "SYS_ADMIN", 1500, &["CAP_SYS_ADMIN"], "administer the system"),
    (
        "SET(UID|GID|PCAP)",
        "SET_UID_GID_PCAP",
        1500,
        &["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"],
        "become another user or change capabilities",
    ),
    ("SYS_PTRACE", "SYS_PTRACE", 1500, &["CAP_SYS_PTRACE"], "trace other processes"),
    ("SYS_TIME", "SYS_TIME", 1000, &["CAP_SYS_TIME"], "set the system clock"),
    ("NET_ADMIN", "NET_ADMIN", 1000, &["CAP_NET_ADMIN"], "configure the network"),
    ("SYS_RAWIO", "SYS_RAWIO", 1000, &["CAP_SYS_RAWIO"], "do raw input and output"),
    ("SYS_MODULE", "SYS_MODULE", 1000, &["CAP_SYS_MODULE"], "load kernel modules by capability"),
    ("AUDIT_*", "AUDIT", 500, &["CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE"], "use the audit subsystem"),
    ("SYSLOG", "SYSLOG", 500, &["CAP_SYSLOG"], "control the kernel's log"),
    (
        "SYS_(NICE|RESOURCE)",
        "SYS_NICE_RESOURCE",
        500,
        &["CAP_SYS_NICE", "CAP_SYS_RESOURCE"],
        "change its priority and resource limits",
    ),
    ("MKNOD", "MKNOD", 500, &["CAP_MKNOD"], "make device nodes"),
    (
        "(CHOWN|FSETID|SETFCAP)",
        "CHOWN_FSETID_SETFCAP",
        1000,
        &["CAP_CHOWN", "CAP_FSETID", "CAP_SETFCAP"],
        "change owners, modes and capabilities of any file",
    ),
    (
        "(DAC_*|FOWNER|IPC_OWNER)",
        "DAC_FOWNER_IPC_OWNER",
        1000,
        &["CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_IPC_OWNER"],
        "pass over the permissions of files and IPC objects",
    ),
    ("KILL", "KILL", 500, &["CAP_KILL"], "signal any process"),
    (
        "NET_(BIND_SERVICE|BROADCAST|RAW)",
        "NET_BIND_SERVICE_BROADCAST_RAW)",
        500,
        &["CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW"],
        "bind ports below 1024, broadcast and use raw sockets",
    ),
    ("SYS_BOOT", "SYS_BOOT", 100, &["CAP_SYS_BOOT"], "reboot the system"),
    ("MAC_*", "MAC", 100, &["CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE"], "change mandatory access control"),
    ("LINUX_IMMUTABLE", "LINUX_IMMUTABLE", 75, &["CAP_LINUX_IMMUTABLE"], "make files immutable"),
    ("IPC_LOCK", "IPC_LOCK", 50, &["CAP_IPC_LOCK"], "lock memory"),
    ("SYS_CHROOT", "SYS_CHROOT", 50, &["CAP_SYS_CHROOT"], "change its root directory"),
    ("BLOCK_SUSPEND", "BLOCK_SUSPEND", 25, &["CAP_BLOCK_SUSPEND"], "keep the system from sleeping"),
    ("WAKE_ALARM", "WAKE_ALARM", 25, &["CAP_WAKE_ALARM"], "wake the system by timers"),
    ("LEASE", "LEASE", 25, &["CAP_LEASE"], "take leases on files"),
    ("SYS_TTY_CONFIG", "SYS_TTY_CONFIG", 25, &["CAP_SYS_TTY_CONFIG"], "hang up terminals"),
    ("SYS_PACCT", "SYS_PACCT", 25, &["CAP_SYS_PACCT"], "switch process accounting"),
    ("BPF", "BPF", 25, &["CAP_BPF"], "load BPF programs"),
];

/// Namespaces that the service should not be able to make.
const NAMESPACES: [(&str, u64, &str); 7] = [
    ("user", 1500, "make user namespaces"),
    ("mnt", 500, "make mount namespaces"),
    ("ipc", 500, "make IPC namespaces"),
    ("pid", 500, "make process namespaces"),
    ("cgroup", 500, "make control group namespaces"),
    ("net", 500, "make network namespaces"),
    ("uts", 100, "make host name namespaces"),
];

/// Kinds of socket that the service should not be able to make: the kind's name, its name as an id, the weight, and
/// what it is. The last one stands for every family that has no kind of its own.
const FAMILIES: [(&str, &str, u64, &str); 5] = [
    ("AF_(INET|INET6)", "AF_INET_INET6", 1500, "open Internet sockets"),
    ("AF_UNIX", "AF_UNIX", 25, "open Unix sockets"),
    ("AF_NETLINK", "AF_NETLINK", 200, "open netlink sockets"),
    ("AF_PACKET", "AF_PACKET", 1000, "open packet sockets"),
    ("…", "OTHER", 1250, "open sockets of unusual families"),
];

/// The name of a boolean directive that counts, as a constant; two of them count only together with others.
pub(super) fn directive(name: &str) -> Option<&'static str> {
    let flags = FLAGS.iter().map(|(directive, ..)| *directive);
    flags.chain(["DynamicUser", "RemoveIPC"]).find(|known| *known == name)
}

/// The points of the tables above.
pub(super) fn points(settings: &Settings) -> Vec<Point> {
    let flags = FLAGS.iter().map(|(directive, weight, power)| {
        let open = !settings.on.contains(directive);
        let point = point(directive.to_string(), format!("{directive}="), *weight, open, power);
        if *directive == "PrivateTmp" { point.in_ordinary_phase(settings) } else { point }
    });
    let capabilities = CAPABILITIES.iter().map(|(name, id, weight, members, power)| {
        let open = settings.bounding_set & capabilities(members) != 0;
        let id = format!("CapabilityBoundingSet_CAP_{id}");
        point(id, format!("CapabilityBoundingSet=~CAP_{name}"), *weight, open, power)
    });
    let namespaces = NAMESPACES.iter().map(|(name, weight, power)| {
        let open = settings.namespaces.as_ref().is_none_or(|allowed| allowed.contains(name));
        point(format!("RestrictNamespaces_{name}"), format!("RestrictNamespaces=~{name}"), *weight, open, power)
    });
    let families = FAMILIES.iter().map(|(name, id, weight, power)| {
        let open = settings.families.are_open(|family| kind(family) == *name);
        let id = format!("RestrictAddressFamilies_{id}");
        point(id, format!("RestrictAddressFamilies=~{name}"), *weight, open, power)
    });
    flags.chain(capabilities).chain(namespaces).chain(families).collect()
}

fn point(id: String, name: String, weight: u64, open: bool, power: &str) -> Point {
    let description = format!("the service {} {power}", if open { "may" } else { "cannot" });
    Point { id, name, weight, range: 1, badness: Some(u64::from(open)), description }
}

fn kind(family: &str) -> &'static str {
    match family {
        "AF_INET" | "AF_INET6" => "AF_(INET|INET6)",
        "AF_UNIX" => "AF_UNIX",
        "AF_NETLINK" => "AF_NETLINK",
        "AF_PACKET" => "AF_PACKET",
        _ => "…",
    }
}
