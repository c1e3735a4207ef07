use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::reference::{Reference, security};
use crate::unit::{UnitFile, exposure, syscalls};

/// The same shape from our own computation.
fn ours(unit: &str) -> Reference {
    let exposure = exposure(&UnitFile::parse(unit).expect("a unit"));
    let points = exposure.assessments.iter().map(|point| {
        let share = point.exposure.map(|level| level.to_string());
        (point.id.clone(), (point.name.clone(), point.set, share))
    });
    Reference { level: exposure.level.to_string(), points: points.collect() }
}

fn assert_all_equal(units: &[String]) {
    for (unit, theirs) in units.iter().zip(security(units)) {
        let ours = ours(unit);
        let differing = |(id, point): &(&String, _)| theirs.points.get(*id) != Some(*point);
        let differing: Vec<_> = ours.points.iter().filter(differing).collect();
        assert!(ours == theirs, "level {} and not {}, {differing:#?} for the unit\n{unit}", ours.level, theirs.level);
    }
}

fn service(lines: &[&str]) -> String {
    let (unit, service): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| line.starts_with("DefaultDep"));
    format!("[Unit]\n{}\n[Service]\nExecStart=/bin/true\n{}\n", unit.join("\n"), service.join("\n"))
}

const SWITCHES: [&str; 18] = [
    "PrivateDevices",
    "PrivateMounts",
    "PrivateNetwork",
    "PrivateTmp",
    "PrivateUsers",
    "ProtectControlGroups",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectKernelLogs",
    "ProtectClock",
    "ProtectHostname",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "NoNewPrivileges",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "RemoveIPC",
    "Delegate",
];

const OTHERS: &str = "
    DefaultDependencies=no | DefaultDependencies=yes | DefaultDependencies=maybe
    User=app | User=root | User=0 | User=nobody | User= | DynamicUser=yes | DynamicUser=no
    SupplementaryGroups=a b | SupplementaryGroups= | Delegate=cpu memory | Delegate=nothing
    ProtectHome=yes | ProtectHome=read-only | ProtectHome=tmpfs | ProtectHome=off | ProtectHome=full | ProtectHome=
    ProtectSystem=yes | ProtectSystem=full | ProtectSystem=strict | ProtectSystem=no | ProtectSystem=Strict
    ProtectProc=noaccess | ProtectProc=invisible | ProtectProc=ptraceable | ProtectProc=default | ProtectProc=yes
    ProcSubset=pid | ProcSubset=all | ProcSubset= | KeyringMode=inherit | KeyringMode=private | KeyringMode=shared
    NotifyAccess=all | NotifyAccess=main | NotifyAccess=exec | NotifyAccess=none | NotifyAccess=
    UMask=0077 | UMask=0027 | UMask=0007 | UMask=0022 | UMask=0 | UMask=0003 | UMask=0067 | UMask=0999 | UMask=
    RootDirectory=/srv/root | RootDirectory=/ | RootDirectory= | RootImage=/srv/image.raw | RootImage=
    MountImages=/srv/a.raw:/a | MountImages= | LoadCredentialEncrypted=a:/srv/a | LoadCredentialEncrypted=
    SetCredentialEncrypted=a:Zm9v | DevicePolicy=closed | DevicePolicy=strict | DevicePolicy=auto | DevicePolicy=open
    DeviceAllow=/dev/null rw | DeviceAllow=char-rtc r | DeviceAllow=/dev/null x | DeviceAllow=null | DeviceAllow=
    CapabilityBoundingSet= | CapabilityBoundingSet=~ | CapabilityBoundingSet=CAP_NET_BIND_SERVICE cap_kill
    CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_SYS_PTRACE | CapabilityBoundingSet=CAP_CHOWN CAP_NOTHING | CapabilityBoundingSet=38 39
    CapabilityBoundingSet=~CAP_SETUID CAP_SETGID CAP_SETPCAP | AmbientCapabilities=CAP_NET_BIND_SERVICE
    AmbientCapabilities=~CAP_KILL | AmbientCapabilities=CAP_NOTHING | AmbientCapabilities=
    RestrictNamespaces=yes | RestrictNamespaces=no | RestrictNamespaces=~user mnt | RestrictNamespaces=net uts
    RestrictNamespaces=pid nothing | RestrictNamespaces=~ | RestrictNamespaces= | RestrictNamespaces=~time cgroup ipc
    RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 | RestrictAddressFamilies=~AF_PACKET AF_NETLINK AF_CAN
    RestrictAddressFamilies=none | RestrictAddressFamilies= | RestrictAddressFamilies=AF_LOCAL AF_ROUTE
    RestrictAddressFamilies=~AF_INET | RestrictAddressFamilies=af_inet6 | RestrictAddressFamilies=AF_NOTHING
    RestrictAddressFamilies=~AF_UNIX AF_VSOCK | RestrictAddressFamilies=~none
    SystemCallArchitectures=native | SystemCallArchitectures=native x86 | SystemCallArchitectures=x86-64
    SystemCallArchitectures= | SystemCallArchitectures=vax
    SystemCallFilter=@system-service | SystemCallFilter=~@privileged @resources | SystemCallFilter=
    SystemCallFilter=~@swap @obsolete @clock @cpu-emulation @debug @mount @module @raw-io @reboot
    SystemCallFilter=ptrace | SystemCallFilter=~ptrace | SystemCallFilter=~nothing | SystemCallFilter=~
    SystemCallFilter=read write | SystemCallFilter=~@known | SystemCallFilter=mount:EPERM
    SystemCallFilter=~@mount:EPERM swapon:kill @reboot:7 | SystemCallFilter=~@clock:EVERYTHING | SystemCallFilter=@debug @swap
    IPAddressDeny=any | IPAddressDeny=0.0.0.0/0 | IPAddressDeny=::/0 | IPAddressDeny=10.0.0.0/8 | IPAddressDeny=
    IPAddressAllow=localhost | IPAddressAllow=127.0.0.1 | IPAddressAllow=::1 | IPAddressAllow=10.1.2.3/8 | IPAddressAllow=
    IPAddressAllow=multicast link-local | IPAddressAllow=127.0.0.1/1 | IPAddressAllow=elsewhere | IPAddressAllow=any
    IPIngressFilterPath=/sys/fs/bpf/a | IPEgressFilterPath=/sys/fs/bpf/b | IPEgressFilterPath= | IPIngressFilterPath=
";

/// Assignments, right and wrong, of everything that the exposure looks at.
fn assignments() -> Vec<String> {
    let switches =
        SWITCHES.iter().flat_map(|name| ["yes", "off", "perhaps", ""].map(|value| format!("{name}={value}")));
    let others = OTHERS.split(['|', '\n']).map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    switches.chain(others).collect()
}

#[test]
fn an_empty_service_is_as_exposed_as_systemd_says() {
    assert_all_equal(&[service(&[])]);
    assert_eq!(exposure(&UnitFile::default()).level.to_string(), "9.6");
}

#[test]
fn each_assignment_alone_counts_as_in_systemd() {
    let units: Vec<_> = assignments().iter().map(|line| service(&[line])).collect();
    assert_all_equal(&units);
}

#[test]
fn each_assignment_followed_by_each_other_of_its_directive_counts_as_in_systemd() {
    let name = |line: &str| line.split_once('=').map(|(name, _)| name.to_owned());
    let all = assignments();
    let pairs = all.iter().flat_map(|first| {
        all.iter().filter(|second| name(first) == name(second)).map(|second| service(&[first, second]))
    });
    let units: Vec<_> = pairs.collect();
    units.chunks(200).for_each(assert_all_equal);
}

#[test]
fn combinations_of_assignments_count_as_in_systemd() {
    let mut runner = TestRunner::deterministic();
    let lines = vec(select(assignments()), 0..40);
    let units: Vec<_> = (0..300)
        .map(|_| lines.new_tree(&mut runner).expect("lines").current())
        .map(|lines| service(&lines.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    units.chunks(200).for_each(assert_all_equal);
}

/// All but one call of a group denied: the group is kept out just when the one is none of this architecture's.
#[test]
fn each_call_of_each_group_decides_as_in_systemd() {
    for group in [
        "swap",
        "obsolete",
        "clock",
        "cpu-emulation",
        "debug",
        "mount",
        "module",
        "raw-io",
        "reboot",
        "resources",
        "privileged",
    ] {
        let members = syscalls::members(&format!("@{group}")).expect("a group");
        let all_but = |one: &str| {
            let rest: Vec<_> = members.iter().copied().filter(|name| *name != one).collect();
            service(&[&format!("SystemCallFilter=~{}", rest.join(" "))])
        };
        assert_all_equal(&members.iter().map(|one| all_but(one)).collect::<Vec<_>>());
    }
}

#[test]
fn the_remaining_points_come_heaviest_first() {
    let unit =
        service(&["DynamicUser=yes", "CapabilityBoundingSet=", "SystemCallFilter=@basic-io", "PrivateDevices=yes"]);
    let exposure = exposure(&UnitFile::parse(&unit).expect("a unit"));
    let names: Vec<_> = exposure.remaining().iter().take(4).map(|point| point.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "PrivateNetwork=",
            "RestrictNamespaces=~user",
            "RestrictAddressFamilies=~AF_(INET|INET6)",
            "RestrictAddressFamilies=~…",
        ]
    );
}
