//! What an instance has beside its image: configuration, profiles, devices, snapshots. All of it stays with the instance.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread::sleep;

use serde_json::{Value, json};

use super::{assert_done, chosen, instance};
use crate::rollout::rolls::QUICK;
use crate::support::load::{Load, Shape};
use crate::support::veza::{INSTANCES, Recipe, VOLUMES, Veza};
use crate::support::{Lab, http_get, seconds};

/// Three containers with everything that Incus lets one have, behind a pair of HAProxys of which each is asked.
#[test]
fn configuration_profiles_devices_and_snapshots_stay_with_the_instance() {
    let lab = Lab::shared();
    let mut veza = Veza::new("special").instances(3).pair().pool(&format!("{QUICK}min-available = 2\n")).start();
    let host = tempfile::tempdir().unwrap();
    fs::set_permissions(host.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(host.path().join("of-the-host"), "from the host").unwrap();
    let (volume, profile) = (format!("{}-data", veza.stem()), lab.unique("team"));
    let [first, second, third] = veza.members() else { panic!("three members") };

    lab.incus(&["storage", "volume", "create", "default", &volume]);
    lab.incus(&["storage", "volume", "attach", "default", &volume, first.name(), "data", "/srv/data"]);
    let source = format!("source={}", host.path().display());
    lab.incus(&["config", "device", "add", first.name(), "host", "disk", &source, "path=/srv/host", "readonly=true"]);
    first.instance().push("/srv/data/state", b"of the volume", "0600", 1001, 1001);
    lab.incus(&["snapshot", "create", first.name(), "before"]);

    lab.incus(&["profile", "create", &profile]);
    lab.incus(&["profile", "set", &profile, "user.team=veza", "limits.memory=1GiB"]);
    lab.incus(&["profile", "add", second.name(), &profile]);
    let config = [
        "limits.processes=500",
        "environment.REGION=eu-west",
        "security.nesting=true",
        "snapshots.schedule=@daily",
        "snapshots.expiry=3d",
        "boot.autostart=true",
        "boot.autostart.priority=5",
        "user.owner=ops",
    ];
    lab.incus(&[&["config", "set", second.name()], &config[..]].concat());
    lab.incus(&["config", "set", second.name(), "--property", "description=The API, second of three"]);
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (listen, connect) = (format!("listen=tcp:{proxy}"), "connect=tcp:127.0.0.1:8080");
    lab.incus(&["config", "device", "add", second.name(), "door", "proxy", &listen, connect]);

    third.instance().stop();
    lab.incus(&["config", "device", "set", third.name(), "eth0", "hwaddr=10:66:6a:fe:00:03"]);
    third.instance().start();
    veza.versions();
    veza.wait_available();
    // Nesting, and what a profile limits, take a start.
    let before: Vec<_> = veza.members().iter().map(|member| instance(member.name())).collect();
    let places: Vec<_> = before.iter().map(places).collect();

    let load = Load::start(veza.haproxy().entry(), Shape { posts: 6, ..Shape::default() });
    sleep(seconds(1));
    let image = Recipe::good("2.0.0").imported();
    let note = format!("`{name}` has a snapshot: it stays with `{name}-prev`", name = veza.members()[0].name());
    let running = veza.spawn(&["rollout", &image, "--fleet", "fleet.toml"]);
    watch_both(&mut veza, &running);
    let rolled = running.wait(seconds(300));
    assert_done(&rolled, &[&note]);
    assert_eq!(veza.versions(), ["2.0.0"; 3]);
    assert_same(&veza, &before, &places, &host.path().join("of-the-host"));
    let prev = instance(&format!("{}-prev", veza.members()[0].name()));
    assert_eq!((&prev["status"], &prev["config"]["boot.autostart"]), (&json!("Stopped"), &json!("false")));
    let snapshots = |name: &str| lab.query(&format!("{INSTANCES}/{name}/snapshots")).as_array().unwrap().len();
    let name = veza.members()[0].name().to_owned();
    assert_eq!([snapshots(&name), snapshots(&format!("{name}-prev"))], [0, 1]);
    let reply = http_get((std::net::Ipv4Addr::LOCALHOST, proxy.port()), "/api/v1/health").unwrap();
    assert!(reply.body.contains("\"2.0.0\""), "{reply:?}");
    let environment = veza.members()[1].instance().exec(&["sh", "-c", "tr '\\0' '\\n' </proc/1/environ"]);
    assert!(environment.contains("REGION=eu-west"), "{environment}");

    let back = veza.command(&["rollback", "--fleet", "fleet.toml"]);
    assert_done(&back, &[]);
    load.stop().assert_clean();
    assert_eq!(veza.versions(), ["1.0.0"; 3]);
    assert_same(&veza, &before, &places, &host.path().join("of-the-host"));
    assert_eq!([snapshots(&name), snapshots(&format!("{name}-next"))], [1, 0]);
    veza.assert_env();
}

/// Whoever drains a server drains it on both of a pair.
fn watch_both(veza: &mut Veza, running: &crate::support::veza::Running) {
    let name = veza.members()[0].name().to_owned();
    running.wait_for_stderr(&format!("{name}  stopping"), seconds(120));
    for haproxy in veza.haproxies() {
        assert_eq!(haproxy.stat(&name, "status"), "MAINT");
        let map = haproxy.ask(&format!("show map {}", haproxy.drain_map().display()));
        assert!(map.contains(&name), "{map}");
    }
}

/// Devices, and the MAC addresses of those that have none of their own.
fn places(instance: &Value) -> Value {
    let config = instance["config"].as_object().unwrap();
    let macs: Vec<_> = config.iter().filter(|(key, _)| key.ends_with(".hwaddr")).collect();
    json!({ "devices": instance["devices"], "macs": macs })
}

fn assert_same(veza: &Veza, before: &[Value], before_places: &[Value], host: &std::path::Path) {
    for ((member, before), before_places) in veza.members().iter().zip(before).zip(before_places) {
        let now = instance(member.name());
        assert_eq!(chosen(&now), chosen(before));
        for key in ["profiles", "description", "architecture", "type", "stateful", "ephemeral"] {
            assert_eq!(now[key], before[key], "{key}");
        }
        let (mut now, mut then) = (places(&now), before_places.clone());
        // A volume for the logs is the one device that a rollout adds.
        for places in [&mut now, &mut then] {
            places["devices"].as_object_mut().unwrap().retain(|_, device| device["path"] != "/var/log/veza");
        }
        assert_eq!(now, then);
    }
    let first = veza.members()[0].instance();
    assert_eq!(first.pull("/srv/data/state"), b"of the volume");
    assert_eq!(first.exec(&["stat", "--format=%a %u %g", "/srv/data/state"]), "600 1001 1001\n");
    assert_eq!(first.exec(&["cat", "/srv/host/of-the-host"]), "from the host");
    assert_eq!(fs::read_to_string(host).unwrap(), "from the host");
    let logs: Vec<_> = veza.names(VOLUMES).into_iter().filter(|name| !name.ends_with("-data")).collect();
    assert_eq!(logs.len(), 3, "{logs:?}");
}

/// A network interface of a profile's, on a bridge that Incus does not manage as far as it knows.
#[test]
fn an_interface_of_a_profile_keeps_its_mac_address() {
    let lab = Lab::shared();
    let veza = Veza::new("plain").instances(1).pool(&format!("{QUICK}min-available = 0\n")).start();
    let (member, profile) = (&veza.members()[0], lab.unique("plain"));
    let (name, parent) = (member.name(), format!("parent={}", lab.bridge()));
    lab.incus(&["profile", "create", &profile]);
    lab.incus(&["profile", "device", "add", &profile, "eth0", "nic", "nictype=bridged", &parent, "name=eth0"]);
    lab.incus(&["profile", "device", "add", &profile, "root", "disk", "path=/", "pool=default"]);
    member.instance().stop();
    lab.incus(&["config", "device", "remove", name, "eth0"]);
    lab.incus(&["profile", "assign", name, &profile]);
    member.instance().start();
    let address = member.instance().ipv4(seconds(60));
    assert_ne!(address, member.address());
    let moved = veza.haproxy().ask(&format!("set server api_pool/{name} addr {address} port 8080"));
    assert!(moved.contains(&address.to_string()), "{moved}");
    super::version(address);
    veza.haproxy().wait_available(name);
    let mac = || instance(name)["config"]["volatile.eth0.hwaddr"].clone();
    let before = mac();

    let image = Recipe::good("2.0.0").imported();
    let note = format!(
        "`eth0` of `{name}` is on no network of Incus's: the new container keeps its MAC address, and whoever gives out \
         addresses there must give it the same one"
    );
    let away = format!("pool `{}` has `min-available = 0`: its service may be away during a swap", veza.stem());
    assert_done(&veza.command(&["rollout", &image, "--fleet", "fleet.toml"]), &[&note, &away]);
    assert_eq!((super::version(address), mac()), ("2.0.0".to_owned(), before.clone()));
    assert_eq!(instance(name)["devices"]["eth0"], Value::Null);

    assert_done(&veza.command(&["rollback", "--fleet", "fleet.toml"]), &[&note, &away]);
    assert_eq!((super::version(address), mac()), ("1.0.0".to_owned(), before));
    assert_eq!(instance(name)["devices"]["eth0"], Value::Null);
}
