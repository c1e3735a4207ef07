//! A fleet of containers that never start, in a lab of its own: who works on it and what it left can be told without a
//! service.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use vezaimg::incus::Client;
use vezaimg::rollout::fleet::PoolName;

use crate::support::Lab;
use crate::support::workspace::{Outcome, Workspace, outcome};

/// The fleet file: nobody listens at its socket.
pub(super) const FLEET: &str = "[haproxy]\nsockets = [\"tcp:127.0.0.1:1\"]\n\n[[pool]]\nname = \"api\"\n\
                     instances = [\"api-1\", \"api-2\"]\nbackends = [\"api_pool\"]\n";

/// The fleet, and the directory of `fleet.toml`.
pub(super) struct Still {
    pub(super) lab: Lab,
    pub(super) workspace: Workspace,
}

impl Still {
    pub(super) fn new() -> Self {
        let workspace = Workspace::new();
        workspace.write("fleet.toml", FLEET);
        Self { lab: Lab::start(), workspace }
    }

    /// The small image of a release, in the store; its fingerprint.
    pub(super) fn image(&self, release: &str) -> String {
        let built = self.workspace.build(&["--release", release]);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        let file: PathBuf = self.workspace.join(built.stdout.trim());
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let alias = format!("alias-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let fingerprint = self.lab.import(&[Path::new(&file)], &alias);
        self.lab.incus(&["image", "alias", "delete", &alias]);
        fingerprint
    }

    /// A stopped container of an image, noted to be this instance's unless that is empty.
    pub(super) fn container(&self, name: &str, image: &str, instance: &str) {
        let mark = format!("user.vezaimg.instance={instance}");
        let marks: &[&str] = if instance.is_empty() { &[] } else { &["--config", &mark] };
        self.lab.incus(&[&["create", image, name], marks].concat());
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.command(arguments))
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.command();
        let incus = self.lab.command(&[]);
        command.args(arguments).envs(incus.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    pub(super) fn client(&self) -> Client {
        self.lab.client()
    }

    /// The names of all instances, sorted.
    pub(super) fn instances(&self) -> Vec<String> {
        self.client().instances().unwrap().into_iter().map(|instance| instance.name.to_string()).collect()
    }

    /// The releases of all images, sorted.
    pub(super) fn images(&self) -> Vec<String> {
        let images = self.client().images().unwrap().into_iter();
        let mut releases: Vec<_> = images.map(|image| image.properties["vezaimg.release"].clone()).collect();
        releases.sort();
        releases
    }
}

/// The pool of the fleet.
pub(super) fn pool() -> PoolName {
    PoolName::parse("api").unwrap()
}

/// The cells of a table's lines. Times, which no two runs have, are `WHEN`.
pub(super) fn cells(table: &str) -> Vec<Vec<String>> {
    let cell = |cell: &str| if cell.contains(" UTC (") { "WHEN".to_owned() } else { cell.to_owned() };
    let line = |line: &str| line.split("  ").map(str::trim).filter(|text| !text.is_empty()).map(cell).collect();
    table.lines().map(line).collect()
}
