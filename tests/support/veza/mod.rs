//! The platform in small: containers of a real image in the shared lab, behind a real HAProxy, with a fleet file.
//!
//! ```text
//! load ─▶ Haproxy (127.x.y.z:8080, runtime socket :9100) ─▶ NAME-1, NAME-2 … (ipv4.address, :8080, env file)
//!                      ▲                                          ▲
//!                      └──────────── vezaimg --fleet fleet.toml ──┘
//! ```

mod addresses;
mod between;
mod haproxy;
mod recipe;
mod running;
mod watch;
mod whole;

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::workspace::{Outcome, Workspace};
use super::{Instance, Lab, http_get, seconds, wait_for};
pub(crate) use addresses::Static;
pub(crate) use between::{Lossy, Refusing};
pub(crate) use haproxy::{Config, Haproxy};
pub(crate) use recipe::Recipe;
pub(crate) use running::Running;
pub(crate) use watch::Watch;

/// The file of the secrets, which no image holds.
pub(crate) const ENV_FILE: &str = "/etc/veza/backend-api.env";

/// A piece of every secret, to be looked for where none belongs.
pub(crate) const SECRET: &str = "hunter2-correct-horse";

/// How long a container may take from its start to its health, on a busy machine.
const BOOT: Duration = seconds(120);

/// The longest that a command of vezaimg may take.
const COMMAND: Duration = seconds(600);

/// A fleet about to be set up.
pub(crate) struct Setup {
    lab: &'static Lab,
    stem: String,
    instances: usize,
    recipe: Recipe,
    on_sigterm: &'static str,
    balancers: usize,
    config: Config,
    pool: String,
    options: Vec<String>,
}

impl Setup {
    /// In another lab than the shared one.
    pub(crate) fn lab(self, lab: &'static Lab) -> Self {
        Self { lab, ..self }
    }

    pub(crate) fn instances(self, instances: usize) -> Self {
        Self { instances, ..self }
    }

    /// The release that it begins with.
    pub(crate) fn release(self, recipe: Recipe) -> Self {
        Self { recipe, ..self }
    }

    /// Lets the service finish what is in flight when it is told to stop. By default it dies at once, which a roll must
    /// not be noticed for either.
    pub(crate) fn graceful(self) -> Self {
        Self { on_sigterm: "graceful", ..self }
    }

    /// Two HAProxys, as of a keepalived pair.
    pub(crate) fn pair(self) -> Self {
        Self { balancers: 2, ..self }
    }

    pub(crate) fn haproxy(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// More lines for the pool of the fleet file.
    pub(crate) fn pool(self, lines: &str) -> Self {
        Self { pool: lines.to_owned(), ..self }
    }

    /// More options of `incus create`, such as `--config limits.memory=512MiB`.
    pub(crate) fn options(self, options: &[&str]) -> Self {
        Self { options: options.iter().map(|option| (*option).to_owned()).collect(), ..self }
    }

    /// Creates and starts all of it, and waits until every server is UP and gets its full share.
    pub(crate) fn start(self) -> Veza {
        let stem = Lab::shared().unique(&self.stem);
        let fingerprint = self.recipe.imported_into(self.lab);
        let mut veza = Veza {
            lab: self.lab,
            stem,
            on_sigterm: self.on_sigterm,
            env_mode: "640",
            pool: self.pool,
            workspace: Workspace::new(),
            balancers: Vec::new(),
            members: Vec::new(),
        };
        for number in 1..=self.instances {
            veza.create(number, &fingerprint, &self.options);
        }
        for member in &veza.members {
            member.wait_healthy();
        }
        let servers: Vec<_> =
            veza.members.iter().map(|member| (member.instance.name().to_owned(), member.address())).collect();
        veza.balancers = (0..self.balancers).map(|_| Haproxy::start(&self.config, &servers)).collect();
        veza.wait_available();
        veza.workspace.write("fleet.toml", veza.fleet());
        veza
    }
}

/// A container of the fleet.
pub(crate) struct Member {
    /// Deletes the instance of this name, whichever image it has come to have.
    instance: Instance<'static>,
    address: Static,
}

impl Member {
    pub(crate) fn name(&self) -> &str {
        self.instance.name()
    }

    pub(crate) fn instance(&self) -> &Instance<'static> {
        &self.instance
    }

    /// The static address.
    pub(crate) fn address(&self) -> std::net::Ipv4Addr {
        self.address.address()
    }

    /// What the service itself says, when it is healthy.
    pub(crate) fn health(&self) -> Result<Value, String> {
        match http_get((self.address(), 8080), "/api/v1/health") {
            Ok(reply) if reply.status == 200 => serde_json::from_str(&reply.body).map_err(|error| error.to_string()),
            seen => Err(format!("{seen:?}")),
        }
    }

    /// Waits for the service's health, past the balancer, and returns the version that it tells.
    pub(crate) fn wait_healthy(&self) -> String {
        let health = wait_for(&format!("`{}` to be healthy", self.name()), BOOT, || self.health());
        assert_eq!(health["host"], self.name());
        health["version"].as_str().unwrap().to_owned()
    }
}

/// The running fleet. All of it goes with its value: containers, those that a roll left beside them, their volumes, and
/// HAProxy.
pub(crate) struct Veza {
    lab: &'static Lab,
    stem: String,
    on_sigterm: &'static str,
    env_mode: &'static str,
    pool: String,
    workspace: Workspace,
    balancers: Vec<Haproxy>,
    members: Vec<Member>,
}

impl Veza {
    /// Two containers of release `1.0.0`, which die at once on SIGTERM, behind one HAProxy. Their names begin with the
    /// stem.
    #[expect(clippy::new_ret_no_self, reason = "a fleet is set up before it runs")]
    pub(crate) fn new(stem: &str) -> Setup {
        Setup {
            lab: Lab::shared(),
            stem: stem.to_owned(),
            instances: 2,
            recipe: Recipe::good("1.0.0"),
            on_sigterm: "at-once",
            balancers: 1,
            config: Config::default(),
            pool: String::new(),
            options: Vec::new(),
        }
    }

    fn create(&mut self, number: usize, fingerprint: &str, options: &[String]) {
        let (lab, address) = (self.lab, Static::take(self.lab));
        let name = format!("{}-{number}", self.stem);
        let device = format!("eth0,ipv4.address={}", address.address());
        let instance = Instance::new(lab, &name);
        self.members.push(Member { instance, address });
        let create = ["create", fingerprint, &name, "--device", &device].into_iter();
        lab.incus(&create.chain(options.iter().map(String::as_str)).collect::<Vec<_>>());
        self.push_env(number - 1);
        self.members[number - 1].instance.start();
    }

    /// The secrets of one container, which no other has.
    pub(crate) fn env(&self, index: usize) -> String {
        let (name, on_sigterm) = (self.members[index].name(), self.on_sigterm);
        format!(
            "DATABASE_URL=postgres://veza:{SECRET}-{name}@db/veza\nJWT_SECRET={SECRET}-jwt-{name}\n\
             VEZA_ON_SIGTERM={on_sigterm}\n"
        )
    }

    /// Writes the env file as those who keep the secrets do: root's, and readable for the service's group.
    pub(crate) fn push_env(&self, index: usize) {
        self.members[index].instance.push(ENV_FILE, self.env(index).as_bytes(), "0640", 0, 1001);
    }

    /// Changes the mode of the env files, to one with bits that Incus's file API knows nothing of.
    pub(crate) fn chmod_env(&mut self, mode: &'static str) {
        self.env_mode = mode;
        for member in &self.members {
            member.instance.exec(&["chmod", mode, ENV_FILE]);
        }
    }

    /// # Panics
    /// When a container's env file is not the one that was pushed, with its owner and mode.
    pub(crate) fn assert_env(&self) {
        for (index, member) in self.members.iter().enumerate() {
            let content = member.instance.pull(ENV_FILE);
            let stat = member.instance.exec(&["stat", "--format=%a %u %g", ENV_FILE]);
            let expected = format!("{} 0 1001\n", self.env_mode);
            assert_eq!((String::from_utf8_lossy(&content).as_ref(), stat), (&*self.env(index), expected));
        }
    }

    pub(crate) fn lab(&self) -> &'static Lab {
        self.lab
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// What the names of the containers begin with, and the pool is called.
    pub(crate) fn stem(&self) -> &str {
        &self.stem
    }

    /// The balancer that clients use.
    pub(crate) fn haproxy(&self) -> &Haproxy {
        &self.balancers[0]
    }

    pub(crate) fn haproxies(&mut self) -> &mut [Haproxy] {
        &mut self.balancers
    }

    /// One more HAProxy in front of the same containers, each under its name, once all of them are UP and get their full
    /// share.
    pub(crate) fn balancer(&self, config: &Config) -> Haproxy {
        let servers: Vec<_> = self.members.iter().map(|member| (member.name().to_owned(), member.address())).collect();
        let haproxy = Haproxy::start(config, &servers);
        self.members.iter().for_each(|member| haproxy.wait_available(member.name()));
        haproxy
    }

    /// Waits until each server of each balancer is UP and gets its full share.
    pub(crate) fn wait_available(&self) {
        for haproxy in &self.balancers {
            self.members.iter().for_each(|member| haproxy.wait_available(member.name()));
        }
    }

    /// The version that each container serves, past the balancer.
    pub(crate) fn versions(&self) -> Vec<String> {
        self.members.iter().map(Member::wait_healthy).collect()
    }

    /// The directory that vezaimg runs in; `fleet.toml` is there.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The fleet file's text.
    fn fleet(&self) -> String {
        let list =
            |texts: &mut dyn Iterator<Item = String>| texts.map(|text| format!("\"{text}\"")).collect::<Vec<_>>();
        let sockets = list(&mut self.balancers.iter().map(|haproxy| format!("tcp:{}", haproxy.admin()))).join(", ");
        let instances = list(&mut self.members.iter().map(|member| member.name().to_owned())).join(", ");
        let (stem, pool) = (&self.stem, &self.pool);
        format!(
            "[haproxy]\nsockets = [{sockets}]\n\n[[pool]]\nname = \"{stem}\"\ninstances = [{instances}]\n\
             backends = [\"api_pool\"]\n{pool}"
        )
    }

    /// vezaimg against the lab, in the workspace.
    pub(crate) fn vezaimg(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.command();
        let incus = self.lab.command(&[]);
        let variables = incus.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.args(arguments).envs(variables);
        command
    }

    /// Runs vezaimg with these arguments to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> Outcome {
        self.spawn(arguments).wait(COMMAND)
    }

    /// Starts vezaimg with these arguments.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        Running::spawn(&mut self.vezaimg(arguments))
    }

    /// Names of instances and custom volumes of this fleet, the ones beside the members included.
    pub(crate) fn names(&self, what: &str) -> Vec<String> {
        let listed = self.lab.query(&format!("{what}?recursion=1"));
        let names = listed.as_array().into_iter().flatten().filter_map(|object| object["name"].as_str());
        let prefix = format!("{}-", self.stem);
        let own = |name: &&str| name.starts_with(&prefix) || name.contains(&format!("-{prefix}"));
        let mut names: Vec<_> = names.filter(own).map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// vezaimg against the lab, in the workspace.
fn vezaimg(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.command();
    let incus = Lab::shared().command(&[]);
    let variables = incus.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.args(arguments).envs(variables);
    command
}

/// Runs vezaimg to its end, against the lab, in a workspace that has a fleet file of its own.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    Running::spawn(&mut vezaimg(workspace, arguments)).wait(COMMAND)
}

/// The paths of Incus's own collections.
pub(crate) const INSTANCES: &str = "/1.0/instances";
pub(crate) const VOLUMES: &str = "/1.0/storage-pools/default/volumes/custom";

impl Drop for Veza {
    fn drop(&mut self) {
        self.balancers.clear();
        let lab = self.lab;
        // What is not deleted here goes with the lab; a test that failed has said enough already.
        for name in self.names(INSTANCES) {
            if !self.members.iter().any(|member| member.name() == name) {
                lab.try_incus(&["delete", "--force", &name]);
            }
        }
        self.members.clear();
        for name in self.names(VOLUMES) {
            lab.try_incus(&["storage", "volume", "delete", "default", &name]);
        }
    }
}
