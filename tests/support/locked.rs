//! Layouts on Debian packages, locked as of now by way of the machine's own mirrors.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::workspace::{Workspace, outcome};

/// The default layout.
pub(crate) const DEFAULT: &str = include_str!("../../layouts/backend-api.toml");

/// What says how this machine reaches the network; everything else in a test's environment is the test's own.
const NETWORK: [&str; 9] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "VEZAIMG_MIRROR",
];

/// The store that all tests share, so that a package is fetched once.
pub(crate) fn store() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("store")
}

/// vezaimg in this workspace, with the shared store and the machine's network.
pub(crate) fn networked(workspace: &Workspace) -> Command {
    let mut command = workspace.command();
    command.env("VEZAIMG_CACHE", store());
    command.envs(NETWORK.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}

/// The default layout with more packages, and fewer that are left out.
pub(crate) fn layout_with(packages: &[&str], without: Option<&[&str]>) -> String {
    let list = |names: &[&str]| names.iter().map(|name| format!("\"{name}\", ")).collect::<String>();
    let mut layout = DEFAULT.replacen("packages = [\n", &format!("packages = [\n    {}\n", list(packages)), 1);
    if let Some(without) = without {
        let line = layout.lines().find(|line| line.starts_with("without = ")).unwrap().to_owned();
        layout = layout.replacen(&line, &format!("without = [{}]", list(without)), 1);
    }
    layout
}

/// The lock of a layout, made once for all tests of this process.
pub(crate) fn lock_of(layout: &str) -> String {
    static LOCKS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lock) = locks.get(layout) {
        return lock.clone();
    }
    let workspace = Workspace::new();
    workspace.write("layouts/backend-api.toml", layout);
    if layout == DEFAULT {
        // Kept as it is unless the archive has something newer.
        workspace.write("layouts/backend-api.lock", include_str!("../../layouts/backend-api.lock"));
    }
    let locked = outcome(networked(&workspace).arg("lock"));
    assert_eq!(locked.code, Some(0), "{}", locked.stderr);
    let lock = std::fs::read_to_string(workspace.join("layouts/backend-api.lock")).unwrap();
    locks.insert(layout.to_owned(), lock.clone());
    lock
}

/// A workspace with this layout and its lock as `layouts/backend-api.*`, and the small program as `app`.
pub(crate) fn locked(layout: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("layouts/backend-api.toml", layout);
    workspace.write("layouts/backend-api.lock", lock_of(layout));
    workspace
}
