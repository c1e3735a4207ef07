//! The hardening, seen from the process that is under it.

use std::fs;
use std::path::Path;
use std::process::Command;

use snapbox::{IntoData, assert_data_eq, str};

use super::{Imported, SERVICE, assert_healthy, base, container, main_pid, shell};
use crate::support::Instance;
use crate::support::workspace::{Workspace, outcome};

#[test]
fn the_hardening_is_in_force() {
    assert_hardened(container());
    assert_eq!(shell(container(), &format!("systemctl show --property=DropInPaths {SERVICE}")), "DropInPaths=\n");
}

#[test]
fn the_unit_has_nothing_that_systemd_complains_of() {
    assert_eq!(shell(container(), &format!("systemd-analyze verify {SERVICE}")), "");
}

/// The base that `images:debian` is: a generator writes a drop-in that switches hardening off for every service.
#[test]
fn the_hardening_is_in_force_on_a_base_that_switches_it_off() {
    let workspace = Workspace::new();
    let overriding = workspace.join("overriding.tar");
    fs::copy(base(), &overriding).unwrap();
    append_generator(&workspace, &overriding);
    let image = Imported::new(&workspace, Path::new("overriding.tar"), &[]);
    assert_data_eq!(image.stderr.as_str(), str![[r#"
reading the base `overriding.tar`
note: `/etc/systemd/system-generators/lxc` of the base changes every service; a drop-in of `veza-backend-api.service` keeps its hardening
packing the image

"#]].raw());

    let container = image.boot("overriding");
    assert_healthy(&container, env!("CARGO_PKG_VERSION"));
    let settings = |instance: &Instance<'_>| {
        shell(instance, "systemctl show --property=NoNewPrivileges,ProtectHostname systemd-logind.service | sort")
    };
    assert_eq!(settings(super::container()), "NoNewPrivileges=yes\nProtectHostname=yes\n");
    assert_eq!(settings(&container), "NoNewPrivileges=no\nProtectHostname=no\n");
    assert_eq!(
        shell(&container, &format!("systemctl show --property=DropInPaths {SERVICE}")),
        "DropInPaths=/run/systemd/system/service.d/zzz-lxc-service.conf \
         /etc/systemd/system/veza-backend-api.service.d/zzzz-vezaimg-hardening.conf\n"
    );
    assert_hardened(&container);
}

/// Adds the generator to a base's tar, with no directory that is in there already.
fn append_generator(workspace: &Workspace, tar: &Path) {
    const GENERATOR: &str = r#"#!/bin/sh
# $1 is the directory of generated units; like its model, this one writes beside it.
mkdir -p /run/systemd/system/service.d
cat >/run/systemd/system/service.d/zzz-lxc-service.conf <<END
[Service]
NoNewPrivileges=no
PrivateDevices=no
PrivateUsers=no
ProcSubset=all
ProtectControlGroups=no
ProtectHostname=no
ProtectKernelTunables=no
ProtectProc=default
ProtectSystem=no
ReadOnlyPaths=
ReadWritePaths=-/opt
SystemCallFilter=
END
"#;
    let path = "layer/etc/systemd/system-generators/lxc";
    workspace.write(path, GENERATOR);
    let mut append = Command::new("tar");
    append.arg("--file").arg(tar).arg("--directory").arg(workspace.join("layer"));
    append.args(["--append", "--mode=0755", "--owner=0", "--group=0", "./etc/systemd/system-generators"]);
    let appended = outcome(&mut append);
    assert_eq!(appended.code, Some(0), "{}", appended.stderr);
}

/// What the kernel and systemd say of the service's process.
fn assert_hardened(instance: &Instance<'_>) {
    let pid = main_pid(instance);
    assert_confined(instance, pid);
    assert_cannot_write(instance, pid);
    assert_shown(instance);
}

fn assert_confined(instance: &Instance<'_>, pid: u32) {
    let lines = "^(Umask|Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):";
    let status = format!("sed -nE '/{lines}/ {{ s/[[:space:]]+/ /g; s/ $//; p }}' /proc/{pid}/status");
    assert_data_eq!(
        shell(instance, &status),
        str![[r#"
Umask: 0077
Uid: 1001 1001 1001 1001
Gid: 1001 1001 1001 1001
Groups: 1001
CapInh: 0000000000000000
CapPrm: 0000000000000000
CapEff: 0000000000000000
CapBnd: 0000000000000000
CapAmb: 0000000000000000
NoNewPrivs: 1
Seccomp: 2

"#]]
        .raw()
    );

    let namespaces = format!(
        "cd /proc/{pid}/ns
         for ns in mnt pid net user uts; do
             if [ $(readlink $ns) = $(readlink /proc/1/ns/$ns) ]; then echo $ns shared; else echo $ns own; fi
         done
         awk '{{ print $1, $2, $3 }}' /proc/{pid}/uid_map"
    );
    assert_data_eq!(
        shell(instance, &namespaces),
        str![[r#"
mnt own
pid shared
net shared
user own
uts own
0 0 1
1001 1001 1

"#]]
        .raw()
    );
}

/// In the service's own mount namespace, as its own user and as root.
fn assert_cannot_write(instance: &Instance<'_>, pid: u32) {
    // ProtectSystem= leaves /dev and /proc to PrivateDevices= and ProcSubset=.
    let mounts = format!("awk '$6 ~ /^rw/ && $5 !~ /^.(dev|proc)/ {{ print $5 }}' /proc/{pid}/mountinfo | sort");
    assert_eq!(shell(instance, &mounts), "/tmp\n/var/log/veza\n/var/tmp\n");

    let service = format!("nsenter --target={pid} --mount --user --setuid=1001 --setgid=1001");
    let directories =
        format!("{service} find / -path /proc -prune -o -type d -writable -print 2>/dev/null | LC_ALL=C sort");
    assert_eq!(shell(instance, &directories), "/dev/mqueue\n/dev/shm\n/tmp\n/var/log/veza\n/var/tmp\n");

    let attempts = format!(
        "{service} sh -c 'cd /var/log/veza; echo written >probe; cat probe; rm probe'
         ! {service} touch /opt/veza/backend-api/probe
         ! {service} chmod 0777 /opt/veza/backend-api/veza-api
         ! {service} touch /etc/veza/probe
         ! {service} touch /run/lock/probe
         ! nsenter --target={pid} --mount touch /opt/probe /etc/probe /usr/probe /var/lib/probe /run/probe"
    );
    assert_data_eq!(
        shell(instance, &attempts),
        str![[r#"
written
touch: cannot touch '/opt/veza/backend-api/probe': Read-only file system
chmod: changing permissions of '/opt/veza/backend-api/veza-api': Read-only file system
touch: cannot touch '/etc/veza/probe': Read-only file system
touch: cannot touch '/run/lock/probe': Read-only file system
touch: cannot touch '/opt/probe': Read-only file system
touch: cannot touch '/etc/probe': Read-only file system
touch: cannot touch '/usr/probe': Read-only file system
touch: cannot touch '/var/lib/probe': Read-only file system
touch: cannot touch '/run/probe': Read-only file system

"#]]
        .raw()
    );
}

/// What systemd itself says is set. It shows the system calls one by one, which are hundreds: some are looked for.
fn assert_shown(instance: &Instance<'_>) {
    let show = format!(
        "systemctl show {SERVICE} --property=User,Group,NoNewPrivileges,CapabilityBoundingSet,AmbientCapabilities \
         --property=ProtectSystem,ReadOnlyPaths,ReadWritePaths,ProtectHome,PrivateTmp,PrivateDevices,DevicePolicy \
         --property=PrivateUsers,ProtectHostname,ProtectClock,ProtectKernelTunables,ProtectKernelModules \
         --property=ProtectKernelLogs,ProtectControlGroups,ProtectProc,ProcSubset,RestrictAddressFamilies \
         --property=RestrictNamespaces,RestrictRealtime,RestrictSUIDSGID,LockPersonality,MemoryDenyWriteExecute \
         --property=RemoveIPC,KeyringMode,SystemCallArchitectures,UMask | LC_ALL=C sort"
    );
    assert_data_eq!(
        shell(instance, &show),
        str![[r#"
AmbientCapabilities=
CapabilityBoundingSet=
DevicePolicy=closed
Group=veza-api
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
ReadOnlyPaths=/run
ReadWritePaths=/var/log/veza
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
UMask=0077
User=veza-api

"#]]
        .raw()
    );

    let calls = shell(instance, &format!("systemctl show --property=SystemCallFilter --value {SERVICE}"));
    let calls: Vec<_> = calls.split_whitespace().collect();
    let samples = ["accept4", "read", "write", "chown", "mount", "pivot_root", "reboot", "setrlimit", "setuid"];
    let allowed: Vec<_> = samples.into_iter().filter(|call| calls.contains(call)).collect();
    assert_eq!(allowed, ["accept4", "read", "write"]);

    let exposure = shell(instance, &format!("systemd-analyze security --no-pager {SERVICE} | tail -n 1"));
    let (_, level) =
        exposure.split_once(&format!("exposure level for {SERVICE}: ")).unwrap_or_else(|| panic!("{exposure}"));
    let level: f64 = level.split(' ').next().unwrap().parse().unwrap();
    assert!(level <= 1.2, "{exposure}");
}
