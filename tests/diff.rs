//! `vezaimg diff`: builds that differ in one thing, images by hand, and such as want to do harm.

mod accounts;
mod binary;
mod hostile;
mod packed;
mod paths;
mod stored;
mod units;
mod why;

use serde_json::Value;
use snapbox::{IntoData, str};

use crate::support::workspace::{Outcome, Workspace};

/// The images that [`two`] builds.
const OLD: &str = "old/small-v1-x86_64.incus.tar.zst";
const NEW: &str = "new/small-v1-x86_64.incus.tar.zst";

/// A workspace with two builds of one release, between which something changes.
fn two(change: impl FnOnce(&Workspace)) -> Workspace {
    let workspace = Workspace::new();
    build(&workspace, "old");
    change(&workspace);
    build(&workspace, "new");
    workspace
}

fn build(workspace: &Workspace, out: &str) {
    let built = workspace.build(&["--release", "v1", "--out", out]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
}

/// What is told of two images that differ, without the two heads.
fn told(workspace: &Workspace, old: &str, new: &str, arguments: &[&str]) -> String {
    let outcome = workspace.run([&["diff", "--quiet", old, new], arguments].concat());
    assert_eq!(outcome.stderr, format!("error: `{old}` and `{new}` differ\n"));
    assert_eq!(outcome.code, Some(1));
    let is_head = |line: &&str| line.starts_with("old  ") || line.starts_with("new  ") || line.starts_with("         ");
    outcome.stdout.lines().skip_while(is_head).map(|line| format!("{line}\n")).collect()
}

fn json(workspace: &Workspace, old: &str, new: &str) -> Value {
    let outcome: Outcome = workspace.run(["diff", old, new, "--json"]);
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn an_image_is_the_same_as_itself() {
    let workspace = two(|_| {});
    let outcome = workspace.run(["diff", OLD, NEW]);
    snapbox::assert_data_eq!(
        outcome.stdout,
        str![[r#"
old            old/small-v1-x86_64.incus.tar.zst
               b86bc85491a7148b738f2d1ab255d063febc9a64da1f35ca36fb05668039e9b0
               2.7 kB, unpacked 2.3 kB in 41 entries
new            new/small-v1-x86_64.incus.tar.zst
               b86bc85491a7148b738f2d1ab255d063febc9a64da1f35ca36fb05668039e9b0
               2.7 kB, unpacked 2.3 kB in 41 entries
same           byte for byte

"#]]
    );
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
reading `old/small-v1-x86_64.incus.tar.zst`
looking into `/opt/app/app`
reading `new/small-v1-x86_64.incus.tar.zst`
looking into `/opt/app/app`

"#]]
    );
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn what_is_no_image_is_told_by_its_name() {
    let workspace = two(|_| {});
    let outcome = workspace.run(["diff", OLD, "layout.toml"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: `layout.toml` is neither a tar nor a squashfs
  cause: it begins with `[image]\n`
  hint: an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too

"#]]
        .raw()
    );
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(2)));
}

/// Every key of the JSON, of which scripts want to know that it stays.
#[test]
fn a_setting_that_changed_is_told_whole_in_json() {
    let workspace =
        two(|workspace| workspace.change_layout("content = \"port = {{ port }}\\n\"", "content = \"port = 9090\\n\""));
    let mut told = json(&workspace, OLD, NEW);
    for side in ["old", "new"] {
        assert_eq!(told[side]["fingerprint"].take().as_str().unwrap().len(), 64);
        assert_eq!(told[side]["rootfs_digest"].take().as_str().unwrap().len(), 64);
        assert!(told[side]["size"].take().as_u64().unwrap() > 2_000);
    }
    snapbox::assert_data_eq!(
        format!("{told:#}\n"),
        str![[r#"
{
  "accounts": {
    "groups": [],
    "moved": [],
    "reused": [],
    "users": []
  },
  "binary": {
    "crates": [],
    "facts": [],
    "modules": []
  },
  "findings": {
    "capabilities": [],
    "set_id": [],
    "world_writable": []
  },
  "left_out": [],
  "metadata": [],
  "new": {
    "content": 2359,
    "entries": 41,
    "fingerprint": null,
    "image": "new/small-v1-x86_64.incus.tar.zst",
    "rootfs_digest": null,
    "size": null
  },
  "old": {
    "content": 2359,
    "entries": 41,
    "fingerprint": null,
    "image": "old/small-v1-x86_64.incus.tar.zst",
    "rootfs_digest": null,
    "size": null
  },
  "packages": [],
  "parts": [],
  "paths": {
    "added": [],
    "changed": [
      {
        "fields": [
          {
            "from": "37107a4e5ea873399e16cc41781ede69752273d4232675d990fda44a0603dfa2",
            "name": "content",
            "to": "04c5e951fe9c4202fb28a0a2dc63c126bdb20f8f3193bef45aebf7a0994882cb"
          }
        ],
        "path": "/etc/app/app.conf"
      }
    ],
    "removed": []
  },
  "same": false,
  "service": [],
  "system": null,
  "texts": [
    {
      "diff": "@@ -1 +1 @@\n-port = 8080\n+port = 9090\n",
      "left_out": null,
      "path": "/etc/app/app.conf"
    }
  ],
  "units": []
}

"#]]
        .raw()
    );
}
