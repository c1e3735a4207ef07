//! The platform as its people have it: one inventory, three layouts, five containers with addresses of their own.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::nameserver;
use crate::sample::binary;
use crate::support::locked::{Layouts, lock_of, lock_of_layout, networked};
use crate::support::veza::Static;
use crate::support::workspace::{Outcome, Workspace, outcome};
use crate::support::{Instance, Lab, http_get, seconds, try_wait_for};

/// As short as a busy machine can keep.
const PACE: &str = "\n[pool]\nhealthy-for = \"2s\"\nwebsocket-timeout = \"2s\"\nhealthy-timeout = \"60s\"\n";

/// Where the certificate is, by the README.
pub(super) const CERTIFICATE: &str = "/etc/haproxy/tls/lab.pem";

const SELF_SIGNED: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out crt.pem -days 30 \
                           -subj /CN=lab.test 2>/dev/null; cat crt.pem key.pem";

/// What the balancer's container says when a server stays away.
const SYMPTOMS: &str = "journalctl --unit haproxy --lines 20 --no-pager; cat /etc/resolv.conf | grep -v '^#'
                        resolvectl query stream-server-1 stream-server-2 2>&1; ip -4 -brief address";

/// A daemon that has nothing yet: the platform's own names are free there.
pub(super) fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let lab = Lab::start();
        let setting = format!("raw.dnsmasq=no-resolv\nserver={}", nameserver::start());
        lab.incus(&["network", "set", lab.bridge(), &setting]);
        lab
    })
}

pub(super) struct Platform {
    pub(super) workspace: Workspace,
    pub(super) haproxy: Instance<'static>,
    pub(super) apis: [Instance<'static>; 2],
    pub(super) streamers: [Instance<'static>; 2],
    /// Of all of them, in this order.
    addresses: Vec<Static>,
}

impl Platform {
    pub(super) fn start() -> Self {
        let workspace = layouts();
        let addresses: Vec<_> = (0..5).map(|_| Static::take(lab())).collect();
        let names = ["haproxy", "backend-api-1", "backend-api-2", "stream-server-1", "stream-server-2"];
        let hosts: Vec<_> = names
            .iter()
            .zip(&addresses)
            .map(|(name, address)| format!("{name}: {{ansible_host: {}}}", address.address()))
            .collect();
        let groups = [
            format!("haproxy: {{hosts: {{{}}}}}", hosts[0]),
            format!("backend_api_instances: {{hosts: {{{}, {}}}}}", hosts[1], hosts[2]),
            // By their names, which Incus's DNS server knows.
            format!("stream_server_instances: {{hosts: {{{}: , {}: }}}}", names[3], names[4]),
        ];
        workspace.write("inventory/lab.yml", groups.join("\n") + "\n");

        let balancer = ["--inventory", "inventory/lab.yml", "--set", &format!("haproxy_tls_cert_path={CERTIFICATE}")];
        for (alias, image) in [
            ("haproxy", build(&workspace, "haproxy", &balancer)),
            ("backend-api", service(&workspace, "backend-api", "a1")),
            ("stream-server", service(&workspace, "stream-server", "s1")),
        ] {
            lab().incus(&["image", "import", &image, "--alias", alias]);
        }
        let certificate = outcome(Command::new("sh").args(["-c", SELF_SIGNED]).current_dir(workspace.path())).stdout;
        let create = |number: usize, image: &str, file: &str, content: &str, gid: u32| {
            let device = format!("eth0,ipv4.address={}", addresses[number].address());
            lab().incus(&["create", image, names[number], "--device", &device]);
            let instance = Instance::new(lab(), names[number]);
            instance.push(file, content.as_bytes(), "0640", 0, gid);
            instance.start();
            instance
        };
        let api = |number: usize| create(number, "backend-api", "/etc/veza/backend-api.env", names[number], 1001);
        let streamer =
            |number: usize| create(number, "stream-server", "/etc/veza/stream-server.env", names[number], 1002);
        let platform = Self {
            haproxy: create(0, "haproxy", CERTIFICATE, &certificate, 909),
            apis: [api(1), api(2)],
            streamers: [streamer(3), streamer(4)],
            workspace,
            addresses,
        };
        platform.wait_available();
        platform
    }

    /// An image of the sample service.
    pub(super) fn service(&self, layout: &str, release: &str) -> String {
        service(&self.workspace, layout, release)
    }

    /// Until every server is UP and gets its full share.
    pub(super) fn wait_available(&self) {
        let waited = try_wait_for("every server to be UP", seconds(120), || {
            let status = self.inventory(&["status", "--json"]);
            let report: Value = serde_json::from_str(&status.stdout).map_err(|_| status.stderr.clone())?;
            let instances =
                report["pools"].as_array().unwrap().iter().flat_map(|pool| pool["instances"].as_array().unwrap());
            let servers: Vec<_> = instances.flat_map(|instance| instance["haproxy"].as_array().unwrap()).collect();
            let is_available = |server: &&Value| server["is_available"].as_bool().unwrap();
            if servers.len() == 4 && servers.iter().all(is_available) { Ok(()) } else { Err(status.stderr) }
        });
        if let Err(message) = waited {
            let balancer = lab().exec("haproxy", &["sh", "-c", SYMPTOMS]);
            let containers = lab().incus(&["list", "--format", "compact"]);
            let status = self.inventory(&["status"]).stdout;
            panic!("{message}\n{status}\n{containers}\n{}", String::from_utf8_lossy(&balancer.stdout));
        }
    }

    /// vezaimg, as one calls it who has the inventory and is beside it.
    pub(super) fn inventory(&self, arguments: &[&str]) -> Outcome {
        outcome(self.vezaimg().args(arguments).args(["--inventory", "inventory/lab.yml"]))
    }

    /// vezaimg, with the lab's Incus.
    pub(super) fn vezaimg(&self) -> Command {
        vezaimg(&self.workspace)
    }

    /// The inventory's commands and others that call `vezaimg` by its name.
    pub(super) fn shell(&self, script: &str) -> Command {
        let mut command = self.vezaimg();
        let programs = std::path::Path::new(env!("CARGO_BIN_EXE_vezaimg")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let variables: Vec<_> =
            command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(self.workspace.path()).stdin(Stdio::null());
        command
            .env_clear()
            .envs(variables)
            .env("PATH", path)
            .env("HOME", self.workspace.path())
            .env("LC_ALL", "C.UTF-8");
        command
    }

    pub(super) fn entry(&self, port: u16) -> SocketAddr {
        (self.address(), port).into()
    }

    fn address(&self) -> Ipv4Addr {
        self.addresses[0].address()
    }

    /// Who answers a GET.
    pub(super) fn host(&self, path: &str) -> Result<String, String> {
        let reply = http_get(self.entry(80), path).map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_str(&reply.body).map_err(|_| format!("{reply:?}"))?;
        if reply.status == 200 { Ok(body["host"].as_str().unwrap().to_owned()) } else { Err(format!("{reply:?}")) }
    }

    /// Which streamer has each of some tracks.
    pub(super) fn tracks(&self) -> BTreeMap<String, String> {
        let track = |number: u32| {
            let part = |part: u32| self.host(&format!("/hls/track-{number}/{part}.ts")).unwrap();
            let streamer = part(0);
            assert!((1..4).all(|number| part(number) == streamer), "a track has one streamer");
            (format!("track-{number}"), streamer)
        };
        (0..16).map(track).collect()
    }

    /// What `openssl s_client` agrees on, as protocol and cipher; none when the handshake fails.
    pub(super) fn handshake(&self, arguments: &[&str]) -> Option<(String, String)> {
        let mut client = Command::new("openssl");
        let entry = self.entry(443).to_string();
        let said =
            client.args(["s_client", "-connect", &entry, "-brief"]).args(arguments).stdin(Stdio::null()).output();
        let said = String::from_utf8_lossy(&said.unwrap().stderr).into_owned();
        let word = |key: &str| said.lines().find_map(|line| Some(line.strip_prefix(key)?.trim().to_owned()));
        Some((word("Protocol version:")?, word("Ciphersuite:")?))
    }
}

/// The repository's own layouts, with locks of today; a HAProxy that asks often, and streamers that are the sample, which is
/// told where its log goes.
pub(super) fn layouts() -> Workspace {
    let workspace = Workspace::new();
    assert_eq!(workspace.run(["init"]).code, Some(0));
    let lock = lock_of(&Layouts::own());
    workspace.write("layouts/backend-api.lock", &lock);
    workspace.write("layouts/stream-server.lock", &lock);
    workspace.write("layouts/haproxy.lock", lock_of_layout("haproxy.toml"));
    let edit = |name: &str, edits: &[(&str, &str)], more: &str| {
        let name = format!("layouts/{name}.toml");
        let mut text = std::fs::read_to_string(workspace.join(&name)).unwrap();
        for (from, to) in edits {
            assert!(text.contains(from), "{name} has no `{from}`");
            text = text.replace(from, to);
        }
        workspace.write(&name, text + more);
    };
    edit("backend-api", &[], PACE);
    edit(
        "stream-server",
        &[("[unit]\n", "[unit]\nenvironment = { VEZA_LOG_DIR = \"{{ stream_server_log_dir }}\" }\n")],
        PACE,
    );
    edit(
        "haproxy",
        &[
            ("haproxy_check_interval = 5", "haproxy_check_interval = 1"),
            ("haproxy_slowstart = 30", "haproxy_slowstart = 2"),
            ("healthy-for = \"30s\"", "healthy-for = \"5s\""),
        ],
        "",
    );
    workspace
}

/// The path of an image.
pub(super) fn build(workspace: &Workspace, layout: &str, arguments: &[&str]) -> String {
    let layout = format!("layouts/{layout}.toml");
    let built = outcome(networked(workspace).args(["build", "--level", "1", "--layout", &layout]).args(arguments));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    workspace.join(built.stdout.trim_end()).display().to_string()
}

fn service(workspace: &Workspace, layout: &str, release: &str) -> String {
    build(workspace, layout, &["--release", release, "--binary", binary().to_str().unwrap()])
}

/// vezaimg, with the lab's Incus.
pub(super) fn vezaimg(workspace: &Workspace) -> Command {
    let mut command = networked(workspace);
    command.envs(incus());
    command
}

fn incus() -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let command = lab().command(&[]);
    command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}
