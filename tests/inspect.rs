//! `vezaimg inspect`: images of our own, of others, of a store, and such as want to do harm.

mod foreign;
mod hostile;
mod stored;

use serde_json::Value;
use snapbox::{IntoData, str};

use crate::support::workspace::{Outcome, Workspace};

/// The image that the workspace builds.
const IMAGE: &str = "out/small-v1-x86_64.incus.tar.zst";

fn built() -> Workspace {
    let workspace = Workspace::new();
    let built = workspace.build(&["--release", "v1"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    workspace
}

fn inspected(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    let inspected = workspace.run([&["inspect"], arguments].concat());
    assert_eq!(inspected.code, Some(0), "{}", inspected.stderr);
    inspected
}

fn json(workspace: &Workspace, arguments: &[&str]) -> Value {
    serde_json::from_str(&inspected(workspace, &[arguments, &["--json"]].concat()).stdout).unwrap()
}

#[test]
fn an_image_is_told_whole() {
    let workspace = built();
    let told = inspected(&workspace, &[IMAGE]);
    snapbox::assert_data_eq!(
        told.stdout,
        str![[r#"
image          out/small-v1-x86_64.incus.tar.zst
fingerprint    b86bc85491a7148b738f2d1ab255d063febc9a64da1f35ca36fb05668039e9b0
size           2.7 kB, unpacked 2.3 kB in 41 entries
architecture   x86_64
made           2026-01-01T00:00:00Z, [..] days ago
system         Small 1
properties     architecture = x86_64
               description = Small v1 on Small 1
               name = small-v1-x86_64
               os = Small
               release = tiny
               vezaimg.format = 1
               vezaimg.health = 8080/health
               vezaimg.keep = volume:/var/log/app
               vezaimg.layout = small
               vezaimg.release = v1
               vezaimg.unit = app.service
service        app.service, runs as app, exposure 1.2 OK
               /etc/systemd/system/app.service
binary         /opt/app/app, 132 B, x86_64, static
               sha256 25d6016053f5c7dc14fdc8826b6d04b539a8f12bb5348afe450301ad30455c97
set-id         none
capabilities   none
anyone writes  none
largest           1.5 kB /etc/systemd/system/app.service
                   149 B /etc/systemd/network/10-vezaimg-eth0.network
                   132 B /opt/app/app
                   122 B /etc/hosts
                   102 B /usr/lib/tmpfiles.d/vezaimg-small.conf
                    80 B /etc/passwd
                    53 B /usr/lib/os-release
                    39 B /etc/shadow
                    35 B /etc/group
                    28 B /etc/gshadow
users              0 root  /root  /bin/bash
                1001 app  /nonexistent  /usr/sbin/nologin
groups             0 root
                  42 shadow
                1001 app
packages       none
left out       none

"#]]
    );
    snapbox::assert_data_eq!(
        told.stderr,
        str![[r#"
reading `out/small-v1-x86_64.incus.tar.zst`
looking into `/opt/app/app`

"#]]
        .raw()
    );
}

#[test]
fn what_is_told_is_what_the_build_said() {
    let workspace = Workspace::new();
    let build: Value = serde_json::from_str(&workspace.build(&["--release", "v1", "--json"]).stdout).unwrap();
    let told = json(&workspace, &[IMAGE]);
    for key in ["fingerprint", "rootfs_digest", "size"] {
        assert_eq!(told[key], build[key], "{key}");
    }
    assert_eq!(told["metadata"]["creation_date"], build["epoch"]);
    assert_eq!(told["metadata"]["properties"]["vezaimg.release"], "v1");
    assert_eq!(told["service"]["exec"], "/opt/app/app");
    assert_eq!(told["binary"]["sha256"].as_str().unwrap().len(), 64);

    let split = Workspace::new();
    let build: Value =
        serde_json::from_str(&split.build(&["--release", "v1", "--format", "split", "--json"]).stdout).unwrap();
    let halves = ["out/small-v1-x86_64.rootfs.tar.zst", "out/small-v1-x86_64.meta.tar.zst"];
    let both = json(&split, &halves);
    assert_eq!((&both["fingerprint"], &both["rootfs_digest"]), (&build["fingerprint"], &told["rootfs_digest"]));
    let half = json(&split, &halves[..1]);
    assert_eq!((&half["fingerprint"], &half["rootfs_digest"]), (&Value::Null, &told["rootfs_digest"]));
}

/// An entry of the manifest for every path, and a line for every entry.
#[test]
fn the_tree_is_the_manifests() {
    let workspace = built();
    let manifest = std::fs::read_to_string(workspace.join("out/small-v1-x86_64.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let lines = inspected(&workspace, &[IMAGE, "--tree", "--json"]).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, *manifest["entries"].as_array().unwrap());

    let tree = inspected(&workspace, &[IMAGE, "--tree"]).stdout;
    let expected = "\
d 0755 0:0                   0 /opt/app
- 0755 0:0                 132 /opt/app/app
";
    assert!(tree.contains(expected), "{tree}");
    assert!(tree.contains("l 0777 0:0                   0 /usr/sbin/init -> ../lib/systemd/systemd\n"), "{tree}");
    assert_eq!(tree.lines().count(), lines.len());
}

#[test]
fn a_file_comes_out_as_it_is_in_the_image() {
    let workspace = built();
    let file = |path: &str| workspace.run(["inspect", IMAGE, "--file", path]);
    assert_eq!(file("/etc/app/app.conf").stdout, "port = 8080\n");
    let raw = workspace.command().args(["inspect", IMAGE, "--file", "/usr/local/bin/app", "--quiet"]).output().unwrap();
    assert!(raw.stdout == std::fs::read(workspace.join("app")).unwrap(), "through a link, as bytes");
    assert_eq!(String::from_utf8_lossy(&raw.stderr), "");
    for (path, error) in [
        (
            "/etc/none",
            "error: `out/small-v1-x86_64.incus.tar.zst` has no `/etc/none`\n  hint: `--tree` lists what there is\n",
        ),
        (
            "/etc/none/x",
            "error: `out/small-v1-x86_64.incus.tar.zst` has no `/etc/none/x`\n  cause: there is no `/etc/none`\n  \
             hint: `--tree` lists what there is\n",
        ),
        (
            "/sbin",
            "error: `/usr/sbin` of `out/small-v1-x86_64.incus.tar.zst` is a directory, not a file\n  \
             hint: `--tree` lists what is in it\n",
        ),
    ] {
        let outcome = file(path);
        assert_eq!(outcome.stderr.split_once('\n').unwrap().1, error);
        assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(2)));
    }
    let relative = file("etc/passwd");
    assert!(relative.stderr.contains("a path of an image is such as `/etc/os-release`"), "{}", relative.stderr);
    assert_eq!(relative.code, Some(2));
}
