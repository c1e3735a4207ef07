//! The load balancer's image: its configuration out of an inventory, as its own HAProxy reads it.

use snapbox::{IntoData, assert_data_eq, str};

use super::*;
use crate::support::locked::lock_of_layout;
use crate::support::workspace::Outcome;

/// The platform's own, with addresses of nobody's.
const INVENTORY: &str = "all:
  children:
    haproxy:
      hosts:
        haproxy:
    backend_api_instances:
      hosts:
        backend-api-1: {ansible_host: 192.0.2.11}
        backend-api-2: {ansible_host: 192.0.2.12}
    stream_server_instances:
      hosts:
        stream-server-[1:2]:
      vars:
        haproxy_stream_server_port: 8092
";

/// The workspace of an image with these arguments, and its path.
fn built(arguments: &[&str]) -> (Workspace, Outcome) {
    let workspace = Workspace::new();
    assert_eq!(workspace.run(["init"]).code, Some(0));
    workspace.write("layouts/haproxy.lock", lock_of_layout("haproxy.toml"));
    workspace.write("lab.yml", INVENTORY);
    let mut command = networked(&workspace);
    command.args(["build", "--json", "--level", "1", "--layout", "layouts/haproxy.toml"]).args(arguments);
    let built = outcome(&mut command);
    (workspace, built)
}

/// What the image holds as HAProxy's configuration.
fn configuration(arguments: &[&str]) -> String {
    let (workspace, built) = built(arguments);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let built: serde_json::Value = serde_json::from_str(&built.stdout).unwrap();
    let image = std::fs::File::open(workspace.join(built["image"].as_str().unwrap())).unwrap();
    let mut archive = tar::Archive::new(zstd::Decoder::new(image).unwrap());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut entry = entries.find(|entry| entry.path().unwrap().ends_with("etc/haproxy/haproxy.cfg")).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
    text
}

#[test]
fn the_configuration_is_rendered_from_the_inventory() {
    assert_data_eq!(configuration(&["--inventory", "lab.yml"]), str![[r#"
# Rendered by vezaimg.
global
    log stdout format short daemon
    stats socket ipv4@127.0.0.1:9100 level admin

defaults
    log global
    mode http
    option httplog
    option dontlognull
    option redispatch
    retries 3
    # Both count for checks: a server that is gone is DOWN after some fall × (interval + 2 s).
    timeout connect 2s
    timeout check 2s
    timeout queue 30s
    timeout http-request 10s
    timeout http-keep-alive 15s
    timeout client 60s
    timeout server 60s
    # WebSockets, once they are open.
    timeout tunnel 3600s

# Servers that are known by name are looked up again and again; none has to be there when HAProxy starts.
resolvers dns
    parse-resolv-conf

frontend web
    bind :80
    # HAProxy's own health: that it answers, and has somebody to answer for it.
    monitor-uri /haproxy/health
    monitor fail if { nbsrv(api_pool) lt 1 }
    use_backend stream_pool if { path_beg /stream/ /hls/ }
    default_backend api_pool

backend api_pool
    balance roundrobin
    cookie SERVERID insert indirect nocache
    # Clients who bear the cookie of a server that is drained go elsewhere: `vezaimg rollout` fills the map.
    ignore-persist if { req.cook(SERVERID),map_str(/etc/haproxy/draining.map) -m found }
    option httpchk GET /api/v1/health
    http-check expect status 200
    default-server inter 5s fall 3 rise 2 slowstart 30s on-marked-down shutdown-sessions resolvers dns init-addr last,libc,none
    server backend-api-1 192.0.2.11:8080 check cookie backend-api-1
    server backend-api-2 192.0.2.12:8080 check cookie backend-api-2

backend stream_pool
    # A track stays with the streamer that has its segments; when one goes, only its tracks move.
    balance uri depth 2
    hash-type consistent
    option httpchk GET /api/v1/health
    http-check expect status 200
    default-server inter 5s fall 3 rise 2 slowstart 30s on-marked-down shutdown-sessions resolvers dns init-addr last,libc,none
    server stream-server-1 stream-server-1:8092 check
    server stream-server-2 stream-server-2:8092 check

"#]].raw());
}

#[test]
fn without_its_groups_the_static_lists_stand_in_and_https_takes_a_certificate() {
    let fallback = "haproxy_backend_api_fallback=one=192.0.2.1 two";
    let text = configuration(&["--set", fallback, "--set", "haproxy_tls_cert_path=/etc/haproxy/tls/lab.pem"]);
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| ["server ", "bind ", "ssl-"].iter().any(|w| line.starts_with(w)))
        .collect();
    assert_data_eq!(lines.join("\n"), str![[r#"
ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305
ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
ssl-default-bind-options prefer-client-ciphers ssl-min-ver TLSv1.2 no-tls-tickets
bind :80
bind :443 ssl crt /etc/haproxy/tls/lab.pem alpn h2,http/1.1 curves X25519:prime256v1:secp384r1
server one 192.0.2.1:8080 check cookie one
server two two:8080 check cookie two
server stream-server-1 stream-server-1:8082 check
server stream-server-2 stream-server-2:8082 check
"#]].raw());
}

#[test]
fn a_variable_that_makes_no_configuration_is_refused() {
    let (workspace, _) = built(&["--release", "r"]);
    for (from, to, why) in [
        ("192.0.2.11", "'192.0.2.11 disabled'", "`192.0.2.11 disabled` is not one word"),
        ("192.0.2.11", "'{{address}}'", "a variable of the inventory holds a template, which only Ansible can render"),
        ("192.0.2.11", "!vault x", "a variable of the inventory is vaulted"),
    ] {
        workspace.write("lab.yml", INVENTORY.replace(from, to));
        let refused = workspace.run(["check", "--quiet", "--layout", "layouts/haproxy.toml", "--inventory", "lab.yml"]);
        let expected = format!("error: cannot render the template: {why}\n  --> layouts/haproxy.cfg:");
        assert!(refused.code == Some(2) && refused.stderr.starts_with(&expected), "{}", refused.stderr);
    }
    for (variable, why) in [
        ("haproxy_listen_port=99999", "cannot render the template: there is no port 99999"),
        ("haproxy_check_interval=often", "variable `haproxy_check_interval` is not a whole number"),
        ("haproxy_check_fall=0", "cannot render the template: 0 is neither a time nor a number of times"),
        ("haproxy_slowstart=-1", "cannot render the template: -1 is no time for a slow start"),
        (
            "haproxy_stream_paths=/hls/ } or { path_beg /",
            "cannot render the template: `}` is not a path, which begins with a slash",
        ),
        ("haproxy_stats_socket=/run/x.sock", "cannot render the template: `/run/x.sock` is not HOST:PORT"),
        (
            "haproxy_tls_cert_path=/root/x.pem",
            "cannot render the template: `/root/x.pem` would not outlive a rollout: /etc/haproxy/tls is kept",
        ),
    ] {
        let refused = workspace.run(["check", "--quiet", "--layout", "layouts/haproxy.toml", "--set", variable]);
        let expected = format!("error: {why}\n");
        assert!(refused.code == Some(2) && refused.stderr.starts_with(&expected), "{}", refused.stderr);
    }
}

/// On a real container: it holds both ports without any capability, and its own HAProxy finds nothing wrong.
#[test]
fn the_balancer_boots_binds_its_ports_and_is_hardened() {
    let certificate = "haproxy_tls_cert_path=/etc/haproxy/tls/lab.pem";
    let (workspace, built) = built(&["--inventory", "lab.yml", "--set", certificate]);
    let instance = Imported::of(&workspace, built).boot("balancer");
    let pem = {
        let run = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out crt.pem -days 30 -subj /CN=lab.test 2>/dev/null; cat crt.pem key.pem";
        outcome(std::process::Command::new("sh").args(["-c", run]).current_dir(workspace.path())).stdout
    };
    instance.push("/etc/haproxy/tls/lab.pem", pem.as_bytes(), "0640", 0, 909);
    let script = "systemctl restart haproxy.service
        haproxy -c -f /etc/haproxy/haproxy.cfg 2>&1 | sed '/^.NOTICE/d; s/^.WARNING.*haproxy.cfg:[0-9]*. : //'
        systemctl is-active haproxy.service
        ss --no-header --listening --numeric --tcp 'sport = :80 or sport = :443 or sport = :9100' | awk '{ print $4 }' | sort
        ps --no-headers --format=user,cmd -C haproxy | sort -u
        systemctl show --property=NoNewPrivileges,CapabilityBoundingSet,PrivateUsers haproxy.service";
    assert_data_eq!(
        shell(&instance, script),
        str![[r#"
'server stream_pool/stream-server-1' : could not resolve address 'stream-server-1', disabling server.
'server stream_pool/stream-server-2' : could not resolve address 'stream-server-2', disabling server.
Warnings were found.
Configuration file is valid
active
0.0.0.0:443
0.0.0.0:80
127.0.0.1:9100
haproxy  /usr/sbin/haproxy -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy/haproxy.pid
CapabilityBoundingSet=
PrivateUsers=yes
NoNewPrivileges=yes

"#]]
        .raw()
    );
}
