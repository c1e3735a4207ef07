//! `vezaimg cache`.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use snapbox::{IntoData, str};

use crate::support::workspace::{Outcome, Workspace, outcome};

const OLD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NEW: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A store of an object that was used 40 days ago, one of now, a damaged record, a download and a file of somebody's.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let old = format!("store/objects/aa/{OLD}");
    workspace.write(&old, vec![0; 1_234_567]);
    let file = fs::File::options().write(true).open(workspace.join(&old)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(40 * 86_400)).unwrap();
    workspace.write(&format!("store/objects/bb/{NEW}"), vec![0; 1000]);
    workspace.write(&format!("store/records/{OLD}"), "damaged");
    workspace.write(&format!("store/partial/{NEW}"), "half");
    workspace.write("store/README", "mine");
    workspace
}

fn cache(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    outcome(workspace.command().env("VEZAIMG_CACHE", "store").arg("cache").args(arguments))
}

#[test]
fn cache_shows_what_the_store_holds() {
    let workspace = workspace();
    let shown = cache(&workspace, &[]);
    snapbox::assert_data_eq!(
        shown.stdout,
        str![[r#"
objects                    2     1.2 MB
records                    1        7 B
partial downloads          1        4 B
not the store's own        1        4 B
store

"#]]
        .raw()
    );
    assert_eq!((shown.stderr.as_str(), shown.code), ("", Some(0)));
    let json = cache(&workspace, &["--json"]);
    snapbox::assert_data_eq!(
        json.stdout,
        str![[r#"
{"directory":"store","objects":{"count":2,"size":1235567},"records":{"count":1,"size":7},"partial":{"count":1,"size":4},"unknown":{"count":1,"size":4}}

"#]]
        .raw()
    );
}

#[test]
fn pruning_tells_first_and_then_removes_just_that() {
    let workspace = workspace();
    let dry = cache(&workspace, &["prune", "--dry-run"]);
    assert_eq!(dry.stdout, "would free 1.2 MB: 1 object, 1 record, 1 partial download\n");
    assert!(workspace.join(&format!("store/objects/aa/{OLD}")).exists());
    let pruned = cache(&workspace, &["prune"]);
    snapbox::assert_data_eq!(
        pruned.stderr,
        str![[r#"
        left  one file that the store did not make

"#]]
        .raw()
    );
    assert_eq!(
        (pruned.stdout.as_str(), pruned.code),
        ("freed 1.2 MB: 1 object, 1 record, 1 partial download\n", Some(0))
    );
    let all = cache(&workspace, &["prune", "--all", "--json"]);
    snapbox::assert_data_eq!(
        all.stdout,
        str![[r#"
{"directory":"store","dry_run":false,"removed":{"objects":{"count":1,"size":1000},"records":{"count":0,"size":0},"partial":{"count":0,"size":0},"unknown":{"count":0,"size":0}},"kept":{"objects":{"count":0,"size":0},"records":{"count":0,"size":0},"partial":{"count":0,"size":0},"unknown":{"count":1,"size":4}}}

"#]]
        .raw()
    );
    assert_eq!(cache(&workspace, &["prune", "--quiet"]).stdout, "nothing to free\n");
    assert_eq!(fs::read_to_string(workspace.join("store/README")).unwrap(), "mine");
}

#[test]
fn a_store_in_use_is_not_pruned() {
    let workspace = workspace();
    assert_eq!(cache(&workspace, &[]).code, Some(0));
    let mut holder = std::process::Command::new("flock");
    holder.args(["--no-fork", "--shared", "store/lock", "sh", "-c", "echo held; exec sleep 60"]);
    let mut holder = holder.current_dir(workspace.path()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0; 5]).unwrap();
    let (refused, pid) = (cache(&workspace, &["prune", "--all"]), holder.id());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let expected =
        format!("error: the store `store` is in use by `sleep` (process {pid})\n  hint: wait until it has ended\n");
    assert_eq!((refused.stderr, refused.code), (expected, Some(3)));
}

#[test]
fn a_store_without_a_place_is_told() {
    let refused = Workspace::new().run(["cache"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: there is no place for the store: neither VEZAIMG_CACHE, XDG_CACHE_HOME nor HOME is set
  hint: name a directory that outlives this run: `VEZAIMG_CACHE=DIR`

"#]]
        .raw()
    );
    assert_eq!(refused.code, Some(2));
}

/// Another user's store, or one on a read-only file system.
#[test]
fn a_store_that_cannot_be_written_to_is_shown_and_not_pruned() {
    let workspace = workspace();
    let script =
        "mount --bind store store && mount -o remount,bind,ro store && \"$0\" cache && \"$0\" cache prune --all";
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_vezaimg")]);
    let refused = outcome(command.current_dir(workspace.path()).env("VEZAIMG_CACHE", "store"));
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: cannot write into the store `store`
  cause: Read-only file system (os error 30)
  hint: name a directory that you can write to: `VEZAIMG_CACHE=DIR`

"#]]
        .raw()
    );
    assert_eq!((refused.stdout.lines().count(), refused.code), (5, Some(1)));
}
