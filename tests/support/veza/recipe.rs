//! Releases of the sample service, each an image of the default layout, good or broken on purpose.
//!
//! They stand on the layout's own Debian packages rather than on [`crate::support::base`]: Incus unpacks them three times
//! as fast, and a roll creates many containers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use crate::sample::binary;
use crate::support::Lab;
use crate::support::locked::{Layouts, lock_of, networked};
use crate::support::workspace::{Workspace, outcome, small_program};

/// What a release differs in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Recipe {
    release: String,
    /// Lines of the unit's environment, beside the version.
    environment: Vec<(&'static str, String)>,
    /// How long systemd waits until it starts the service again.
    pause: Option<&'static str>,
    unit: bool,
    foreign: bool,
}

impl Recipe {
    /// One that works. Its health tells `release` as the version.
    pub(crate) fn good(release: &str) -> Self {
        Self { release: release.to_owned(), environment: Vec::new(), pause: None, unit: true, foreign: false }
    }

    fn environment(release: &str, name: &'static str, value: &str) -> Self {
        Self { environment: vec![(name, value.to_owned())], ..Self::good(release) }
    }

    /// One that runs, and whose health is 503 for ever.
    pub(crate) fn never_healthy() -> Self {
        Self::environment("unhealthy", "VEZA_UNHEALTHY", "1")
    }

    /// One that is healthy, and exits with 101 so many seconds after each start. It stays down for long enough to be seen.
    pub(crate) fn crashing_after(seconds: u32) -> Self {
        let crashing = Self::environment(&format!("crash-{seconds}"), "VEZA_CRASH_AFTER", &seconds.to_string());
        Self { pause: Some("20s"), ..crashing }
    }

    /// One that listens elsewhere than its image says.
    pub(crate) fn on_another_port() -> Self {
        Self::environment("port", "PORT", "9090")
    }

    /// One that misses a variable in its env file and says so.
    pub(crate) fn missing_a_variable() -> Self {
        Self::environment("variable", "VEZA_REQUIRE_ENV", "VEZA_ABSENT")
    }

    /// One without a unit: the binary lies there and nobody starts it.
    pub(crate) fn without_unit() -> Self {
        Self { unit: false, ..Self::good("unitless") }
    }

    /// An image for aarch64.
    pub(crate) fn of_another_architecture() -> Self {
        Self { foreign: true, ..Self::good("aarch64") }
    }

    /// The name of the release.
    pub(crate) fn release(&self) -> &str {
        &self.release
    }

    /// The default layout with the differences.
    fn layouts(&self) -> Layouts {
        let port = "PORT = \"{{ service_listen_port }}\"";
        let mut lines: BTreeMap<&str, &str> =
            [("PORT", "{{ service_listen_port }}"), ("VEZA_VERSION", &self.release)].into();
        lines.extend(self.environment.iter().map(|(name, value)| (*name, &**value)));
        let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
        let mut layouts = Layouts::own().edit("service.toml", port, &lines.join(", "));
        if self.foreign {
            layouts = layouts.edit("appliance.toml", "architecture = \"x86_64\"", "architecture = \"aarch64\"");
        }
        if let Some(pause) = self.pause {
            let overrides = format!("[unit.overrides]\nRestartSec = \"{pause}\"\n\n[health]\n");
            layouts = layouts.edit("service.toml", "[health]\n", &overrides);
        }
        if !self.unit {
            layouts = layouts.without_unit();
        }
        layouts
    }

    /// Builds it into `out/` of the workspace.
    pub(crate) fn build(&self, workspace: &Workspace) -> Built {
        self.layouts().write(workspace);
        let mut command = networked(workspace);
        command.args(["build", "--json", "--level", "1", "--release", &self.release]);
        if self.foreign {
            let mut program = small_program();
            // e_machine, EM_AARCH64. Incus looks at the image's architecture alone: a small base will do.
            program[18..20].copy_from_slice(&183_u16.to_le_bytes());
            workspace.write("veza-api", program);
            command.args(["--binary", "veza-api", "--base", "base.tar"]);
        } else {
            workspace.write("layouts/backend-api.lock", lock_of(&Layouts::own()));
            command.arg("--binary").arg(binary());
        }
        let done = outcome(&mut command);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let report: Value = serde_json::from_str(&done.stdout).unwrap();
        let text = |key: &str| report[key].as_str().unwrap().to_owned();
        Built { file: workspace.join(&text("image")), fingerprint: text("fingerprint") }
    }

    /// As [`imported`](Self::imported), into the store of another project, unless that is the default one's.
    pub(crate) fn imported_in_project(&self, project: &str) -> String {
        let (lab, fingerprint) = (Lab::shared(), self.imported());
        let images = lab.query(&format!("/1.0/images?project={project}"));
        if !images.to_string().contains(&fingerprint) {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("image").display().to_string();
            lab.incus(&["image", "export", &fingerprint, &target]);
            let file = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
            lab.incus(&["image", "import", file.to_str().unwrap(), "--project", project]);
        }
        fingerprint
    }

    /// The fingerprint of its image in the shared lab's store, where it is built and imported once for all tests.
    pub(crate) fn imported(&self) -> String {
        self.imported_into(Lab::shared())
    }

    /// The same in another lab's store.
    pub(crate) fn imported_into(&self, lab: &Lab) -> String {
        type Imported = BTreeMap<(PathBuf, Recipe), Arc<OnceLock<String>>>;
        static IMPORTED: Mutex<Imported> = Mutex::new(Imported::new());
        let mut imported = IMPORTED.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Arc::clone(imported.entry((lab.directory().to_owned(), self.clone())).or_default());
        drop(imported);
        let import = || {
            let workspace = Workspace::new();
            let built = self.build(&workspace);
            lab.import(&[&built.file], &lab.unique(&format!("veza-{}", self.release)))
        };
        cell.get_or_init(import).clone()
    }
}

/// An image file.
pub(crate) struct Built {
    pub(crate) file: PathBuf,
    /// What Incus will call it.
    pub(crate) fingerprint: String,
}
