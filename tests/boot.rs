//! Images of the default layout on a real Incus: what `vezaimg build` writes is imported, boots, and is as declared.

mod hardening;
mod import;
mod keep;
mod layer;
mod names;
mod packages;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use crate::sample::binary;
use crate::support::workspace::{Outcome, Workspace};
use crate::support::{Instance, Lab, base, http_get, seconds, wait_for};

const BOOT: Duration = seconds(120);
const SERVICE: &str = "veza-backend-api.service";

/// Builds into `out/` of the workspace; level 1 is the fastest.
fn build(workspace: &Workspace, base: &Path, arguments: &[&str]) -> Outcome {
    let mut command = workspace.command();
    command.args(["build", "--level", "1", "--release", "lab", "--binary"]).arg(binary()).arg("--base").arg(base);
    let outcome = crate::support::workspace::outcome(command.args(arguments));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome
}

/// An image in the shared lab's store.
struct Imported {
    /// What `vezaimg build --json` printed.
    report: Value,
    /// What it said on stderr.
    stderr: String,
    /// What Incus calls the image.
    fingerprint: String,
}

impl Imported {
    /// Builds an image and imports the files that were printed, in the order in which they were.
    fn new(workspace: &Workspace, base: &Path, arguments: &[&str]) -> Self {
        Self::of(workspace, build(workspace, base, &[&["--json"], arguments].concat()))
    }

    /// Imports what a build with `--json` has printed.
    fn of(workspace: &Workspace, outcome: Outcome) -> Self {
        let Outcome { stdout, stderr, .. } = outcome;
        let report: Value = serde_json::from_str(&stdout).unwrap();
        let files = report["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
        let images: Vec<PathBuf> =
            files.filter(|file| file.contains(".tar.")).map(|file| workspace.join(file)).collect();
        let images: Vec<&Path> = images.iter().map(PathBuf::as_path).collect();
        let lab = Lab::shared();
        let fingerprint = lab.import(&images, &lab.unique("veza"));
        Self { report, stderr, fingerprint }
    }

    /// Creates and starts a container, and waits until all of it runs.
    fn boot(&self, stem: &str) -> Instance<'static> {
        let lab = Lab::shared();
        let instance = lab.launch(&self.fingerprint, &lab.unique(stem), &[]);
        instance.wait_running(BOOT);
        instance
    }
}

/// The unified image that tests share. Its file is gone once Incus has it.
fn image() -> &'static Imported {
    static IMAGE: OnceLock<Imported> = OnceLock::new();
    IMAGE.get_or_init(|| Imported::new(&Workspace::new(), base(), &[]))
}

/// The container that tests share, which they only look at. It goes with the lab.
fn container() -> &'static Instance<'static> {
    static CONTAINER: OnceLock<Instance<'static>> = OnceLock::new();
    CONTAINER.get_or_init(|| image().boot("api"))
}

/// What the service in a container is by its own account: 200, the container's name, the version, its main process.
fn assert_healthy(instance: &Instance<'_>, version: &str) {
    let address = (instance.ipv4(BOOT), 8080);
    let what = format!("`{}` to be healthy", instance.name());
    let mut health = wait_for(&what, seconds(60), || match http_get(address, "/api/v1/health") {
        Ok(reply) if reply.status == 200 => {
            serde_json::from_str::<Value>(&reply.body).map_err(|error| error.to_string())
        }
        seen => Err(format!("{seen:?}")),
    });
    assert!(health["uptime_s"].take().is_u64());
    let expected = json!({
        "status": "ok", "host": instance.name(), "version": version, "pid": main_pid(instance), "uptime_s": null,
    });
    assert_eq!(health, expected);
}

/// The service's process as the container counts.
fn main_pid(instance: &Instance<'_>) -> u32 {
    instance.exec(&["systemctl", "show", "--property=MainPID", "--value", SERVICE]).trim().parse().unwrap()
}

/// What a shell in a container, stopped at its first error, writes; stderr is sent to where stdout goes.
fn shell(instance: &Instance<'_>, script: &str) -> String {
    instance.exec(&["sh", "-euc", &format!("exec 2>&1\n{script}")])
}
