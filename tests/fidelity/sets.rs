//! The sets of packages, each made by vezaimg and by Debian's own tools.
//!
//! One oracle a set: which packages stand together decides alternatives, the PAM stacks and links, so that a system with
//! all of them would hide what a set by itself is.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::tree::Tree;
use super::{Comparison, compare};
use crate::support::locked::{Layouts, layout_with, lock_of, locked, networked, store};
use crate::support::script;
use crate::support::workspace::{Workspace, outcome};

struct Set {
    name: &'static str,
    layout: Layouts,
}

fn sets() -> [Set; 4] {
    let essential = ["apt", "bsdutils", "dpkg", "init-system-helpers", "ncurses-bin", "perl-base"];
    let whole = layout_with(&essential, Some(&[]));
    let whole = whole.replace("appliance.toml", "exclude-paths = [", "# Names come from", "exclude-paths = []\n");
    [
        // Nothing is left out, neither packages nor paths: dpkg's database has to be the same to the byte.
        Set { name: "whole", layout: whole },
        Set { name: "openssh-server", layout: layout_with(&["openssh-server"], None) },
        Set { name: "haproxy", layout: layout_with(&["haproxy"], None) },
        Set { name: "appliance", layout: Layouts::own() },
    ]
}

/// Every set, compared. An oracle takes most of a minute, most of it on one processor: two sets at a time.
pub(super) fn compared() -> Vec<Comparison> {
    let ahead = Mutex::new(sets().into_iter());
    let next = || ahead.lock().unwrap().next();
    let work = || std::iter::from_fn(next).map(|set| set.compared()).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let own = work();
        own.into_iter().chain(other.join().unwrap()).collect()
    })
}

impl Set {
    fn compared(&self) -> Comparison {
        compare(self.ours(), self.oracle(&lock_of(&self.layout)))
    }

    /// The layout's `[base]` as it stands.
    fn base(&self) -> &str {
        let (_, from) = self.layout.text("appliance.toml").split_once("[base]\n").unwrap();
        from.split_once("[[file]]").unwrap().0
    }

    /// What `vezaimg build` makes of the base, with as little on top of it as a layout can have.
    fn ours(&self) -> Tree {
        let workspace = locked(&self.layout);
        let image = "[image]\nname = \"fidelity\"\ndescription = \"\"\narchitecture = \"x86_64\"\n";
        let binary = "[binary]\npath = \"/opt/app\"\nmode = \"0755\"\n";
        workspace.write("layouts/backend-api.toml", format!("{image}[base]\n{}{binary}", self.base()));
        let mut build = networked(&workspace);
        build.args(["build", "--binary", "app", "--level", "1", "--release", "r"]);
        let built = outcome(&mut build);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        let image = File::open(workspace.join(built.stdout.trim_end())).unwrap();
        Tree::read(zstd::Decoder::new(image).unwrap(), "rootfs/")
    }

    /// What mmdebstrap makes of the same packages.
    fn oracle(&self, lock: &str) -> Tree {
        Tree::read(File::open(self.oracle_tar(lock)).unwrap(), "")
    }

    /// The oracle's tar, kept for as long as neither the packages nor the way it is made change.
    fn oracle_tar(&self, lock: &str) -> PathBuf {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oracle");
        fs::create_dir_all(&directory).unwrap();
        let held = File::create(directory.join(format!("{}.lock", self.name))).unwrap();
        flock(&held, FlockOperation::LockExclusive).unwrap();

        let scripts = ["installable.sh", "repository.sh", "oracle.sh"].map(script);
        let recipe =
            scripts.iter().map(fs::read).map(Result::unwrap).fold(Sha256::new_with_prefix(lock), Sha256::chain_update);
        let recipe: String = recipe.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        let tar = directory.join(format!("{}-{recipe}.tar", self.name));
        if tar.exists() {
            return tar;
        }
        for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with(&format!("{}-", self.name)) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        let workspace = Workspace::new();
        workspace.write("lock", lock);
        let [installable, _, oracle] = scripts;
        let (debs, part) = (workspace.join("debs"), tar.with_extension("part"));
        run(Command::new(installable).arg(workspace.join("lock")).arg(store()).arg(&debs));
        run(Command::new(oracle).arg(&debs).arg(&part).args(self.patterns()));
        fs::rename(part, &tar).unwrap();
        tar
    }

    /// The layout's `exclude-paths`.
    fn patterns(&self) -> Vec<String> {
        let base: toml::Table = toml::from_str(self.base()).unwrap();
        let patterns = base["exclude-paths"].as_array().unwrap().iter();
        patterns.map(|pattern| pattern.as_str().unwrap().to_owned()).collect()
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&said));
}
