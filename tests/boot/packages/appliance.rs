//! The default layout: how large its image is, and what a service and an operator find in the container.

use std::collections::BTreeMap;

use serde_json::Value;
use snapbox::{IntoData, assert_data_eq, str};

use super::super::{assert_healthy, container as debian, main_pid};
use super::*;
use crate::support::locked::{Layouts, locked};

/// The most that the image may have with a sample of a few MB, in bytes; and the most entries.
const MOST_BYTES: u64 = 27_000_000;
const MOST_ENTRIES: usize = 2_600;

/// The container that tests share, and the manifest of its image. It is built at the default level.
struct Appliance {
    instance: Instance<'static>,
    manifest: Value,
    size: u64,
}

fn appliance() -> &'static Appliance {
    static APPLIANCE: OnceLock<Appliance> = OnceLock::new();
    APPLIANCE.get_or_init(|| {
        let workspace = locked(&Layouts::own());
        let instance = boot(&workspace, &[], "appliance");
        let read = |name: String| std::fs::read(workspace.join(&name)).unwrap();
        let names = workspace.out();
        let of = |end: &str| format!("out/{}", names.iter().find(|name| name.ends_with(end)).unwrap());
        let manifest = serde_json::from_slice(&read(of(".manifest.json"))).unwrap();
        let size = read(of(".incus.tar.zst")).len() as u64;
        Appliance { instance, manifest, size }
    })
}

fn instance() -> &'static Instance<'static> {
    &appliance().instance
}

#[test]
fn the_image_of_the_default_layout_is_small() {
    let Appliance { manifest, size, .. } = appliance();
    let entries = manifest["entries"].as_array().unwrap().len();
    assert!(*size <= MOST_BYTES, "{size} bytes are more than {MOST_BYTES}");
    assert!(entries <= MOST_ENTRIES, "{entries} entries are more than {MOST_ENTRIES}");
}

#[test]
fn the_service_is_healthy_on_a_base_of_packages() {
    assert_healthy(instance(), env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_warning_in_the_journal_is_known() {
    assert_eq!(warnings::unknown(instance()), "");
}

#[test]
fn systemd_has_nothing_to_say_of_what_is_enabled_or_active() {
    let script = "{ systemctl list-unit-files --state=enabled --plain --no-legend
                    systemctl list-units --state=active --type=service,socket,timer,path --plain --no-legend
                  } | awk '$1 !~ /@[.]/ { print $1 }' | sort -u >/tmp/units
                  grep --count --line-regexp 'veza-backend-api.service\\|systemd-resolved.service' /tmp/units
                  # The manual is not in the image.
                  xargs systemd-analyze verify --man=no getty@tty1.service </tmp/units";
    assert_eq!(shell(instance(), script), "2\n");
}

#[test]
fn accounts_of_packages_and_of_the_layout_are_found_by_name_and_by_number() {
    let script = "getent passwd root nobody messagebus systemd-network systemd-resolve veza-api | cut -d: -f1,5-
                  getent group systemd-journal shadow utmp kvm render input veza-api | cut -d: -f1
                  getent passwd $(id -u systemd-network) $(id -u messagebus) | cut -d: -f1
                  stat --format='%U %G %a' /var/log/journal /usr/lib/dbus-1.0/dbus-daemon-launch-helper";
    assert_data_eq!(
        shell(instance(), script),
        str![[r#"
root:root:/root:/bin/bash
nobody:nobody:/nonexistent:/usr/sbin/nologin
messagebus::/nonexistent:/usr/sbin/nologin
systemd-network:systemd Network Management:/:/usr/sbin/nologin
systemd-resolve:systemd Resolver:/:/usr/sbin/nologin
veza-api:Veza backend API:/opt/veza/backend-api:/usr/sbin/nologin
systemd-journal
shadow
utmp
kvm
render
input
veza-api
systemd-network
messagebus
root systemd-journal 2755
root messagebus 4754

"#]]
        .raw()
    );
}

#[test]
fn su_opens_a_session_of_logind_and_asks_others_than_root_for_a_password() {
    let script = "su --shell=/bin/sh veza-api --command='
                      id --user --name
                      loginctl list-sessions --no-legend | sed \"s/^ *c[0-9]* /cN /; s/ *\\$//\"
                      su --command=id </dev/null || true
                  '
                  su --login veza-api || echo refused";
    assert_data_eq!(
        shell(instance(), script),
        str![[r#"
veza-api
cN 1001 veza-api
Password: su: Authentication failure
This account is currently not available.
refused

"#]]
        .raw()
    );
}

#[test]
fn the_journal_is_kept_on_disk_and_takes_lines_of_programs() {
    let script = "echo 'a line of a test' | systemd-cat --identifier=veza-test --priority=notice
                  journalctl --sync
                  journalctl --identifier=veza-test --output=cat
                  journalctl --identifier=veza-test --output=json | grep --only-matching '\"PRIORITY\":\"5\"'
                  ls /var/log/journal/$(cat /etc/machine-id)/system.journal >/dev/null";
    assert_eq!(shell(instance(), script), "a line of a test\n\"PRIORITY\":\"5\"\n");
}

#[test]
fn timers_wait_for_their_time() {
    let script = "systemctl list-timers --all --no-legend | awk '{ print $(NF-1), $NF }' | LC_ALL=C sort
                  [ -n \"$(systemctl show -P NextElapseUSecMonotonic systemd-tmpfiles-clean.timer)\" ]
                  systemctl show --property=Result systemd-tmpfiles-clean.timer";
    assert_eq!(
        shell(instance(), script),
        "fstrim.timer fstrim.service\nsystemd-tmpfiles-clean.timer systemd-tmpfiles-clean.service\nResult=success\n"
    );
}

/// The lab's own DNS server knows its containers; `/etc/hosts` has none of these names.
#[test]
fn names_are_resolved_by_the_networks_dns_server_for_the_service_as_well() {
    let (container, neighbour) = (instance(), debian());
    let (own, other) = (container.ipv4(BOOT), neighbour.ipv4(BOOT));
    let names = format!("{}.incus {}.incus {}", container.name(), neighbour.name(), neighbour.name());
    let expected = format!("{own}\n{other}\n{other}\n");
    let resolve = format!("for name in {names}; do getent ahostsv4 $name | awk 'NR == 1 {{ print $1 }}'; done");
    assert_eq!(shell(container, &resolve), expected);

    let service = format!("nsenter --target={} --mount --setuid=1001 --setgid=1001", main_pid(container));
    assert_eq!(shell(container, &format!("{service} sh -euc \"{}\"", resolve.replace('$', "\\$"))), expected);

    let script = "readlink /etc/resolv.conf; grep --invert-match --extended-regexp '^(#|$)' /etc/resolv.conf";
    assert_eq!(
        shell(container, script),
        "../run/systemd/resolve/stub-resolv.conf\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch incus\n"
    );
}

#[test]
fn nothing_but_the_service_listens_to_the_network() {
    let listening = shell(instance(), "ss --no-header --listening --numeric --tcp --udp | awk '{ print $1, $5 }'");
    let own = instance().ipv4(BOOT).to_string();
    let expected = [
        "tcp 0.0.0.0:8080",
        "tcp 127.0.0.53%lo:53",
        "tcp 127.0.0.54:53",
        "udp 127.0.0.53%lo:53",
        "udp 127.0.0.54:53",
        // The DHCP client.
        "udp OWN%eth0:68",
    ];
    assert_eq!(sorted(listening.replace(&own, "OWN").lines()), sorted(expected));
}

/// What somebody expects who looks into a container with `incus exec … bash`.
#[test]
fn an_operator_finds_the_usual_tools() {
    const TOOLS: [&str; 22] = [
        "awk",
        "bash",
        "diff",
        "find",
        "free",
        "grep",
        "gzip",
        "hostname",
        "ip",
        "journalctl",
        "less",
        "ls",
        "mount",
        "nsenter",
        "ps",
        "resolvectl",
        "sed",
        "ss",
        "systemctl",
        "tar",
        "top",
        "which",
    ];
    let found = shell(instance(), &format!("cd /; for tool in {}; do command -v $tool; done", TOOLS.join(" ")));
    let names: BTreeMap<_, _> = found.lines().map(|path| (path.rsplit('/').next().unwrap(), path)).collect();
    assert_eq!(names.into_keys().collect::<Vec<_>>(), TOOLS);
    let addresses = shell(instance(), "ip -brief -4 address show dev eth0");
    assert!(addresses.contains(&format!(" {}/24 ", instance().ipv4(BOOT))), "{addresses}");
}
