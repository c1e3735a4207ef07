//! Debian's own packages, on a machine that has nothing of Debian.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use crate::support::locked::{Layouts, locked, networked};
use crate::support::workspace::{Workspace, outcome};

/// The user is nobody's, `/etc/apt` is empty, the PATH leads to nothing, the checkout cannot be written to, and there
/// is no network: a build needs none of it, and gives the bytes that root's gave.
#[test]
fn an_ordinary_user_of_any_machine_builds_the_same_image() {
    let build = ["build", "--binary", "app", "--level", "1", "--quiet"];
    let here = locked(&Layouts::own());
    let mut command = networked(&here);
    let built = outcome(command.args(build).args(["--jobs", "1"]));
    assert_eq!((built.stderr.as_str(), built.code), ("", Some(0)));

    let there = locked(&Layouts::own());
    ["out", "store"].iter().for_each(|path| fs::create_dir(there.join(path)).unwrap());
    fs::create_dir(there.join("empty")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_vezaimg"), there.join("vezaimg")).unwrap();
    packages_of(&here, &there);
    for entry in ["out", "store"].iter().flat_map(|path| walkdir::WalkDir::new(there.join(path))) {
        chown(entry.unwrap().path(), Some(65534), Some(65534)).unwrap();
    }
    let script = "mount --bind . . && cd \"$PWD\" && mount -o remount,bind,ro . && mount --bind empty /etc/apt && \
                  for own in out store; do mount --bind $own $own && mount -o remount,bind,rw $own; done && \
                  exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all env --ignore-environment \
                  PATH=\"$PWD/empty\" VEZAIMG_CACHE=store ./vezaimg \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "sh", "-c", script, "sh"]).args(build).args(["--jobs", "3"]);
    let built_there = outcome(command.current_dir(there.path()));
    assert_eq!((built_there.stderr.as_str(), built_there.code), ("", Some(0)));
    assert_eq!(here.out(), there.out());
    for name in here.out() {
        let read = |workspace: &Workspace| fs::read(workspace.join("out").join(&name)).unwrap();
        assert!(read(&here) == read(&there), "{name} differs");
    }
}

/// Gives the second workspace's store the packages of its lock, and nothing that was made of them.
fn packages_of(here: &Workspace, there: &Workspace) {
    let lock = fs::read_to_string(here.join("layouts/backend-api.lock")).unwrap();
    for sha256 in lock.lines().filter_map(|line| line.strip_prefix("sha256 = ")) {
        let object = format!("objects/{}/{}", &sha256[1..3], sha256.trim_matches('"'));
        let copy = there.join("store").join(&object);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(crate::support::locked::store().join(&object), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o444)).unwrap();
    }
}
