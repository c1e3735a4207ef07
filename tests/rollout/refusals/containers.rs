//! What is in the way in Incus.

use std::process::Command;

use snapbox::{assert_data_eq, str};

use super::{Trial, wanted};
use crate::rollout::found::{Found, told};
use crate::support::veza::{Config, Recipe, Veza};
use crate::support::{Instance, Lab, seconds};

#[test]
fn containers_that_cannot_be_swapped_are_all_told_at_once() {
    let lab = Lab::shared();
    let mut trial = Trial::new(&Config::default());
    let image = Recipe::good("1.0.0").imported();
    let mut named = |stem: &str| {
        let name = lab.unique(stem);
        trial.show(name.clone(), stem);
        Instance::new(lab, &name)
    };
    let [stopped, ephemeral, machine, frozen, dynamic, lonely] =
        ["stopped", "ephemeral", "machine", "frozen", "dynamic", "lonely"].map(&mut named);
    lab.incus(&["create", "--empty", stopped.name()]);
    lab.incus(&["create", "--empty", "--ephemeral", ephemeral.name()]);
    lab.incus(&["create", "--empty", machine.name()]);
    // The lab has no QEMU to make one with; what is read of it is what Incus says.
    let name = machine.name();
    lab.incus(&["admin", "sql", "global", &format!("UPDATE instances SET type = 1 WHERE name = '{name}'")]);
    for instance in [&frozen, &dynamic] {
        lab.incus(&["launch", &image, instance.name()]);
    }
    lab.incus(&["create", &image, lonely.name()]);
    lab.incus(&["config", "device", "add", lonely.name(), "eth0", "none"]);
    lonely.start();
    lab.incus(&["pause", frozen.name()]);
    let address = dynamic.ipv4(seconds(60));
    // Two that somebody has made, of names that a rollout takes.
    let [next, prev] = ["next", "prev"].map(|suffix| Instance::new(lab, &format!("{}-{suffix}", dynamic.name())));
    lab.incus(&["create", "--empty", next.name()]);
    lab.incus(&["create", "--empty", prev.name()]);
    let unknown = format!("{}x", dynamic.name());
    trial.show(unknown.clone(), "dynamicx");
    trial.show(address.to_string(), "10.0.0.99");

    let member = trial.veza.members()[0].name();
    let others = [&stopped, &ephemeral, &machine, &frozen, &dynamic, &lonely].map(Instance::name);
    let all = [&[member, &unknown][..], &others].concat();
    trial.fleet(&format!("tcp:{}", trial.haproxy.admin()), &all, "");
    trial.refuses(
        &["rollout", &wanted()],
        2,
        str![[r#"
error: nothing was changed: 16 things are in the way
  cause: pool `api`: there is no instance `dynamicx` in project `default`
  cause: `stopped` is stopped, and must be running
  cause: `ephemeral` is ephemeral: it would be gone as soon as it is stopped
  cause: `machine` is a virtual machine, and only containers are rolled
  cause: `frozen` is frozen, and must be running
  cause: `dynamic-next` is there, and was not made by vezaimg
  cause: `dynamic-prev` is there, and was not made by vezaimg
  cause: `dynamic` has a dynamic address on `lab`: a new container may get another, and HAProxy would not find it
  cause: `lonely` has no network interface
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `dynamicx`
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `stopped`
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `ephemeral`
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `machine`
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `frozen`
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `dynamic`
  cause: backend `api_pool` of `tcp:127.0.0.1:9100` has no server for `lonely`
  hint: did you mean the instance `dynamic`?
  hint: `incus start stopped`
  hint: `incus config set ephemeral --property ephemeral=false` makes it last
  hint: `incus resume frozen`
  hint: `incus rename dynamic-next OTHER` makes room
  hint: `incus rename dynamic-prev OTHER` makes room
  hint: `incus config device override dynamic eth0 ipv4.address=10.0.0.99` makes it its own
  hint: a server is found by the name `dynamicx`, or at its address
  hint: a server is found by the name `stopped`, or at its address
  hint: a server is found by the name `ephemeral`, or at its address
  hint: a server is found by the name `machine`, or at its address
  hint: a server is found by the name `frozen`, or at its address
  hint: a server is found by the name `dynamic`, or at its address
  hint: a server is found by the name `lonely`, or at its address

"#]],
    );

    // What the hints say can be typed.
    lab.incus(&["config", "set", ephemeral.name(), "--property", "ephemeral=false"]);
    lab.incus(&["resume", frozen.name()]);
}

/// A pool on a file system so small that one container has room in it, and no second one.
#[test]
fn a_storage_pool_without_room() {
    let (lab, small) = (Lab::shared(), tempfile::tempdir().unwrap());
    let init = lab.init().to_string();
    let mount = ["--target", &init, "--mount", "mount", "-t", "tmpfs", "-o", "size=160m,mode=0711", "small"];
    let mounted = Command::new("nsenter").args(mount).arg(small.path()).status().unwrap();
    assert!(mounted.success());
    let pool = lab.unique("small");
    lab.incus(&["storage", "create", &pool, "dir", &format!("source={}", small.path().display())]);
    let options = ["--storage", &pool];
    let veza = Veza::new("room").instances(1).options(&options).pool("min-available = 0\n").start();
    let before = Found::of(&veza);

    let done = veza.command(&["rollout", &wanted(), "--fleet", "fleet.toml"]);

    assert_data_eq!(
        told(&veza, &done.stderr).replace(&pool, "small"),
        str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: storage pool `small` has [..] MB left, and the new containers may take [..] MB
  hint: `vezaimg prune` removes containers and images from before

"#]]
    );
    assert_eq!((&*done.stdout, done.code), ("", Some(3)));
    assert_eq!(Found::of(&veza), before);
}
