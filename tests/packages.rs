//! Images built from a lock.

mod bytes;
mod debian;
mod hostile;
mod locks;
mod mirrors;
mod store;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::support::debian::{Deb, layout, lock, vezaimg, workspace};
use crate::support::server::{Reply, Request, Server};
use crate::support::workspace::{Outcome, Small, Workspace, outcome};

/// A build of the small layout on packages that a mirror of the test's own serves.
struct Bench {
    workspace: Workspace,
    debs: Vec<Deb>,
}

impl Bench {
    /// The layout and the lock of these packages.
    fn new(debs: Vec<Deb>) -> Self {
        let workspace = workspace(&layout(&["system"]));
        let bytes: Vec<_> = debs.iter().map(Deb::bytes).collect();
        let pinned: Vec<_> = debs.iter().zip(bytes.iter().map(Vec::as_slice)).collect();
        workspace.write("layout.lock", lock(&["system"], &pinned));
        Self { workspace, debs }
    }

    /// Two packages: the system, and some more of 100 kB that does not compress.
    fn sound() -> Self {
        let mut noise = vec![0_u8; 100_000];
        let mut state = 1_u32;
        for byte in &mut noise {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = state.to_be_bytes()[0];
        }
        let files = [Small::Directory("./usr/", 0o755), Small::File("./usr/noise", 0o644, &noise)];
        Self::new(vec![Deb::new("noise", &files), Deb::system()])
    }

    /// What a sound mirror serves.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.debs.iter().map(|deb| (format!("/{}", deb.file()), deb.bytes())).collect()
    }

    /// A mirror that serves the packages, but for what `answer` says.
    fn mirror(&self, answer: impl Fn(&Request, &[u8]) -> Option<Reply> + Send + Sync + 'static) -> Server {
        let files = self.files();
        Server::new(move |request| match files.get(&request.path) {
            Some(bytes) => answer(request, bytes).unwrap_or_else(|| Reply::ranged(request, bytes)),
            None => Reply::status("404 Not Found"),
        })
    }

    fn sound_mirror(&self) -> Server {
        self.mirror(|_, _| None)
    }

    /// `vezaimg build` of the small program, into `out`.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = vezaimg(&self.workspace);
        command.args(["build", "--layout", "layout.toml", "--binary", "app", "--release", "r"]).args(arguments);
        command
    }

    fn build(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.command(arguments))
    }

    /// Builds into a directory of its own that is gone afterwards, and gives the image.
    fn image(&self, arguments: &[&str]) -> Vec<u8> {
        let built = self.build(&[&["--out", "other", "--quiet"], arguments].concat());
        assert_eq!((built.stderr.as_str(), built.code), ("", Some(0)));
        self.take_image(built.stdout.lines().last().unwrap())
    }

    fn take_image(&self, path: &str) -> Vec<u8> {
        let image = fs::read(self.workspace.join(path)).unwrap();
        fs::remove_dir_all(self.workspace.join(path).parent().unwrap()).unwrap();
        image
    }

    /// The objects of the store that are packages, and the others.
    fn objects(&self) -> (Vec<std::path::PathBuf>, Vec<std::path::PathBuf>) {
        let sums: Vec<_> = self.files().values().map(|bytes| crate::support::debian::sha256(bytes)).collect();
        let objects = walkdir::WalkDir::new(self.workspace.join("store/objects")).sort_by_file_name().into_iter();
        let files = objects.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        files.map(walkdir::DirEntry::into_path).partition(|path| sums.iter().any(|sum| path.ends_with(sum)))
    }
}
