//! Layouts on Debian packages, locked as of now by way of the machine's own mirrors.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::workspace::{Workspace, outcome};

/// The default layout and those that it extends, as they lie beside one another, edited or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Layouts(BTreeMap<&'static str, String>);

impl Layouts {
    /// The repository's own.
    pub(crate) fn own() -> Self {
        let texts = [
            ("backend-api.toml", include_str!("../../layouts/backend-api.toml")),
            ("service.toml", include_str!("../../layouts/service.toml")),
            ("appliance.toml", include_str!("../../layouts/appliance.toml")),
        ];
        Self(texts.map(|(name, text)| (name, text.to_owned())).into())
    }

    /// With other text in the one place where this stands.
    pub(crate) fn edit(mut self, name: &str, from: &str, to: &str) -> Self {
        let text = self.0.get_mut(name).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` is not one place of `{name}`");
        *text = text.replacen(from, to, 1);
        self
    }

    /// With other text in the place of what stands from here to there.
    pub(crate) fn replace(self, name: &str, from: &str, to: &str, with: &str) -> Self {
        let text = self.text(name);
        let (start, end) = (text.find(from).unwrap(), text.find(to).unwrap());
        let gone = text[start..end].to_owned();
        self.edit(name, &gone, with)
    }

    /// Without a service.
    pub(crate) fn without_unit(self) -> Self {
        self.replace("service.toml", "[unit]\n", "[health]\n", "")
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// Into `layouts/`.
    pub(crate) fn write(&self, workspace: &Workspace) {
        self.0.iter().for_each(|(name, text)| workspace.write(&format!("layouts/{name}"), text));
    }
}

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
pub(crate) fn layout_with(packages: &[&str], without: Option<&[&str]>) -> Layouts {
    let list = |names: &[&str]| names.iter().map(|name| format!("\"{name}\", ")).collect::<String>();
    let own = Layouts::own();
    let left_out = own.text("appliance.toml").lines().find(|line| line.starts_with("without = ")).unwrap().to_owned();
    let layouts = own.edit("appliance.toml", "packages = [\n", &format!("packages = [\n    {}\n", list(packages)));
    match without {
        Some(without) => layouts.edit("appliance.toml", &left_out, &format!("without = [{}]", list(without))),
        None => layouts,
    }
}

/// The lock of a layout, made once for all tests of this process.
pub(crate) fn lock_of(layouts: &Layouts) -> String {
    static LOCKS: Mutex<BTreeMap<Layouts, String>> = Mutex::new(BTreeMap::new());
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lock) = locks.get(layouts) {
        return lock.clone();
    }
    let workspace = Workspace::new();
    layouts.write(&workspace);
    if *layouts == Layouts::own() {
        // Kept as it is unless the archive has something newer.
        workspace.write("layouts/backend-api.lock", include_str!("../../layouts/backend-api.lock"));
    }
    let lock = lock_in(&workspace, "backend-api.toml");
    locks.insert(layouts.clone(), lock.clone());
    lock
}

/// A workspace with these layouts and the lock of `backend-api`, and the small program as `app`.
pub(crate) fn locked(layouts: &Layouts) -> Workspace {
    let workspace = Workspace::new();
    layouts.write(&workspace);
    workspace.write("layouts/backend-api.lock", lock_of(layouts));
    workspace
}

/// The lock of another of the repository's layouts, by the name of its file, made once for all tests of this process.
pub(crate) fn lock_of_layout(file: &str) -> String {
    static LOCKS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lock) = locks.get(file) {
        return lock.clone();
    }
    let workspace = Workspace::new();
    assert_eq!(workspace.run(["init"]).code, Some(0));
    let lock = lock_in(&workspace, file);
    locks.insert(file.to_owned(), lock.clone());
    lock
}

/// Makes the lock of a layout that the workspace has.
fn lock_in(workspace: &Workspace, file: &str) -> String {
    let layout = format!("layouts/{file}");
    let locked = outcome(networked(workspace).args(["lock", "--layout", &layout]));
    assert_eq!(locked.code, Some(0), "{}", locked.stderr);
    std::fs::read_to_string(workspace.join(&layout.replace(".toml", ".lock"))).unwrap()
}
