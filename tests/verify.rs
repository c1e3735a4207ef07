//! `vezaimg build --sign` and `vezaimg verify`: releases that hold, and every way in which one does not.

mod flips;
mod origin;
mod running;
mod sidecars;
mod signed;

use std::path::Path;
use std::process::Command;

use crate::support::workspace::{Outcome, Workspace, outcome};

/// The image that the workspace builds.
const IMAGE: &str = "out/small-v1-x86_64.incus.tar.zst";

/// A release that `key` has signed, beside `allowed_signers`, which allows that key and no other.
fn signed() -> Workspace {
    let workspace = Workspace::new();
    let public = key(&workspace, "key");
    workspace.write("allowed_signers", format!("release@example.org namespaces=\"vezaimg\" {public}\n"));
    let built = workspace.build(&["--release", "v1", "--sign", "key"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    workspace
}

/// A new key, in a file of this name; its public half.
fn key(workspace: &Workspace, name: &str) -> String {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name]);
    let made = outcome(command.current_dir(workspace.path()));
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    std::fs::read_to_string(workspace.join(&format!("{name}.pub"))).unwrap().trim().to_owned()
}

fn verify(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    workspace.run([&["verify", "-q", IMAGE], arguments].concat())
}

/// The release as it stands, its checksums written anew: nobody has signed it.
fn resealed(workspace: &Workspace) {
    let script = "cd out; rm -f *.sig; sha256sum *.incus.tar.zst *.manifest.json *.spdx.json *.provenance.json >x; \
                  mv x small-v1-x86_64.sha256";
    assert!(Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).status().unwrap().success());
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "`{from}` is not one place of {}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}
