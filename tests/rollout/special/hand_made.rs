//! A container that was made by hand, onto its first image; and HAProxy in a container of its own.

use std::net::Ipv4Addr;

use super::{assert_done, version};
use crate::lab_support::booted;
use crate::readme::commands;
use crate::rollout::rolls::QUICK;
use crate::sample::binary;
use crate::support::locked::{layout_with, locked, networked};
use crate::support::veza::{ENV_FILE, Recipe, Veza, run};
use crate::support::workspace::{LAYOUT, outcome};
use crate::support::{Instance, Lab, seconds, wait_for};

const UNIT: &str = "[Unit]\nAfter=network-online.target\nWants=network-online.target\n\n[Service]\nUser=veza-api\n\
    Environment=PORT=8080 VEZA_VERSION=by-hand\nEnvironmentFile=/etc/veza/backend-api.env\n\
    ExecStart=/opt/veza/backend-api/veza-api\n\n[Install]\nWantedBy=multi-user.target\n";

/// As somebody with an afternoon makes one. Its address is made its own by the hint that a rollout gives.
fn made_by_hand() -> (Instance<'static>, Ipv4Addr) {
    let instance = booted("by-hand");
    let make = "groupadd --gid 1001 veza-api; useradd --uid 1001 --gid 1001 --no-create-home veza-api
        mkdir --parents /etc/veza /opt/veza/backend-api /var/log/veza
        chown root:veza-api /etc/veza; chmod 0750 /etc/veza; chown veza-api: /var/log/veza; chmod 0750 /var/log/veza
        echo 'from before' >/var/log/veza/old.log";
    instance.exec(&["sh", "-euc", make]);
    instance.push("/opt/veza/backend-api/veza-api", &std::fs::read(binary()).unwrap(), "0755", 0, 0);
    instance.push("/etc/systemd/system/api.service", UNIT.as_bytes(), "0644", 0, 0);
    instance.push(ENV_FILE, b"JWT_SECRET=by-hand\n", "0640", 0, 1001);
    instance.exec(&["systemctl", "enable", "--now", "--quiet", "api.service"]);
    let address = instance.ipv4(seconds(60));
    assert_eq!(version(address), "by-hand");
    let fixed = format!("ipv4.address={address}");
    Lab::shared().incus(&["config", "device", "override", instance.name(), "eth0", &fixed]);
    (instance, address)
}

/// HAProxy in a container, as the platform has it: its runtime port is open to the container alone.
fn balancer(servers: &[(&str, &str, Ipv4Addr)]) -> Instance<'static> {
    let layout = layout_with(&["haproxy"], None);
    let workspace = locked(&layout);
    layout.without_unit().edit("backend-api.toml", "\"veza-backend-api\"", "\"haproxy\"").write(&workspace);
    let mut build = networked(&workspace);
    build.args(["build", "--binary", "app", "--level", "1", "--release", "r"]);
    let built = outcome(&mut build);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let lab = Lab::shared();
    let image = lab.import(&[&workspace.join(built.stdout.trim_end())], &lab.unique("haproxy"));
    let instance = lab.launch(&image, &lab.unique("haproxy"), &[]);
    instance.wait_running(seconds(120));

    let mut config = "global\n  stats socket ipv4@127.0.0.1:9100 level admin\ndefaults\n  mode http\n  retries 3\n  \
        option redispatch\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\nfrontend http\n  bind :80\n  \
        default_backend api_pool\n"
        .to_owned();
    for (backend, name, address) in servers {
        config.push_str(&format!(
            "backend {backend}\n  cookie SERVERID insert indirect nocache\n  \
             ignore-persist if {{ req.cook(SERVERID),map_str(/etc/haproxy/draining.map) -m found }}\n  \
             option httpchk GET /api/v1/health\n  default-server inter 500ms fall 3 rise 2 slowstart 2s\n  \
             server {name} {address}:8080 cookie {name} check\n"
        ));
    }
    instance.push("/etc/haproxy/draining.map", b"", "0644", 0, 0);
    instance.push("/etc/haproxy/haproxy.cfg", config.as_bytes(), "0644", 0, 0);
    instance.exec(&["haproxy", "-W", "-D", "-f", "/etc/haproxy/haproxy.cfg"]);
    instance
}

fn ask(haproxy: &Instance<'_>, command: &str) -> String {
    let script = r#"exec 3<>/dev/tcp/127.0.0.1/9100; echo "$1" >&3; cat <&3"#;
    haproxy.exec(&["bash", "-c", script, "ask", command])
}

/// Two pools of one fleet file: the one made by hand, and one of an image; behind a HAProxy that only its own container
/// reaches.
#[test]
fn a_container_made_by_hand_gets_its_first_image_behind_a_haproxy_in_a_container() {
    let (by_hand, address) = made_by_hand();
    let veza = Veza::new("second").instances(1).pool("min-available = 0\n").start();
    let member = &veza.members()[0];
    let haproxy = balancer(&[("api_pool", by_hand.name(), address), ("second_pool", member.name(), member.address())]);
    wait_for("both to be UP", seconds(60), || {
        let stat = ask(&haproxy, "show servers state");
        if stat.matches(" 2 0 1 1 ").count() == 2 { Ok(()) } else { Err(stat) }
    });
    let pool = |name: &str, instance: &str, backend: &str| {
        format!(
            "[[pool]]\nname = \"{name}\"\ninstances = [\"{instance}\"]\nbackends = [\"{backend}\"]\nmin-available = 0\n\
             {QUICK}\n"
        )
    };
    let (first, second) = (Lab::shared().unique("first"), Lab::shared().unique("second"));
    let pools = [pool(&first, by_hand.name(), "api_pool"), pool(&second, member.name(), "second_pool")].concat();
    let fleet = format!("[haproxy]\nsockets = [\"incus:{}/127.0.0.1:9100\"]\n\n{pools}", haproxy.name());
    veza.workspace().write("both.toml", fleet);
    let name = by_hand.name();
    let made = format!(
        "`{name}` was not made from an image of vezaimg's: what it holds beside the kept paths stays in `{name}-prev`"
    );
    let away = [&first, &second]
        .map(|pool| format!("pool `{pool}` has `min-available = 0`: its service may be away during a swap"));
    let old = || by_hand.exec(&["cat", "/var/log/veza/old.log"]);
    let env = || by_hand.exec(&["cat", ENV_FILE]);

    let image = Recipe::good("2.0.0").imported();
    let rolled = run(veza.workspace(), &["rollout", &image, "--fleet", "both.toml"]);
    assert_done(&rolled, &[&made, &away[0], &away[1]]);
    assert_eq!([version(address), version(member.address())], ["2.0.0", "2.0.0"]);
    assert_eq!([old(), env()], ["from before\n", "JWT_SECRET=by-hand\n"]);

    // The README's commands, with the layouts that a build takes: the first pool is what they call `backend-api`.
    Recipe::good("v2").build(veza.workspace());
    let layout = std::fs::read_to_string(veza.workspace().join("layouts/backend-api.toml")).unwrap();
    veza.workspace().write("layouts/backend-api.toml", format!("{layout}\n[pool]\nmin-available = 0\n"));
    let lab = format!("haproxy: {{hosts: {{{}: }}}}\nbackend_api_instances: {{hosts: {name}}}\n", haproxy.name());
    veza.workspace().write("inventory/lab.yml", lab);
    let commands = commands("```console inventory");
    assert_eq!(commands.len(), 2, "commands of an inventory in the README");
    for command in commands {
        let arguments: Vec<_> = command.split(' ').skip(1).collect();
        let done = run(veza.workspace(), &arguments);
        assert_eq!(done.code, Some(0), "$ {command}\n{}{}", done.stdout, done.stderr);
        assert!(done.stdout.contains(name), "$ {command}\n{}", done.stdout);
    }

    // Both pools as another inventory has them. One pool alone goes back, and then the other.
    for (pool, group, backend) in
        [(&first, "first_instances", "api_pool"), (&second, "second_instances", "second_pool")]
    {
        let table = format!(
            "\n[pool]\nname = \"{pool}\"\ngroup = \"{group}\"\nbackends = [\"{backend}\"]\nbalancers = \"haproxy\"\n\
             socket = \"127.0.0.1:9100\"\nmin-available = 0\n{QUICK}\n"
        );
        veza.workspace().write(&format!("{group}.toml"), format!("{LAYOUT}{table}"));
    }
    let inventory = format!(
        "all:\n  children:\n    haproxy: {{hosts: {{{}: }}}}\n    first_instances: {{hosts: {{{name}: }}}}\n    \
         second_instances: {{hosts: {{{}: }}}}\n",
        haproxy.name(),
        member.name()
    );
    veza.workspace().write("lab.yml", inventory);
    let layouts = ["--inventory", "lab.yml", "--layout", "first_instances.toml", "--layout", "second_instances.toml"];
    let inventory = |command: &[&str]| run(veza.workspace(), &[command, &layouts].concat());
    let status = inventory(&["status", "--json"]);
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let pools = status["pools"].as_array().unwrap().iter().map(|pool| pool["pool"].as_str().unwrap());
    assert_eq!(pools.collect::<Vec<_>>(), [&first, &second], "{status:#}");
    let back = inventory(&["rollback", "--pool", &second]);
    assert_done(&back, &[&away[1]]);
    assert_eq!([version(address), version(member.address())], ["2.0.0", "1.0.0"]);
    let back = inventory(&["rollback", "--pool", &first]);
    assert_done(&back, &[&away[0]]);
    assert_eq!(version(address), "by-hand");
    assert_eq!([old(), env()], ["from before\n", "JWT_SECRET=by-hand\n"]);
    let map = ask(&haproxy, "show map /etc/haproxy/draining.map");
    assert_eq!(map.trim(), "");

    for name in [format!("{name}-next"), format!("{name}-prev")] {
        Lab::shared().try_incus(&["delete", "--force", &name]);
    }
}
