//! The same content in other packings, and what is beside a root file system.

use std::process::Command;

use snapbox::str;

use super::{NEW, OLD, build, json, told};
use crate::support::workspace::{Small, Workspace, tar_of};

const GZIP: &str = "gzip/small-v1-x86_64.incus.tar.gz";
const META: &str = "split/small-v1-x86_64.meta.tar.zst";
const ROOTFS: &str = "split/small-v1-x86_64.rootfs.tar.zst";

#[test]
fn other_compression_and_other_formats_are_the_same_content() {
    let workspace = Workspace::new();
    build(&workspace, "old");
    for (out, option) in [("gzip", "--compression"), ("split", "--format")] {
        let built = workspace.build(&["--release", "v1", "--out", out, option, out]);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
    }
    for other in [GZIP, META, &format!("{META},{ROOTFS}"), &format!("{ROOTFS},{META}")] {
        let outcome = workspace.run(["diff", "--quiet", OLD, other]);
        assert!(
            outcome.stdout.ends_with("same           the same content, packed differently\n"),
            "{}",
            outcome.stdout
        );
        assert_eq!((outcome.stderr.as_str(), outcome.code), ("", Some(0)));
    }
    snapbox::assert_data_eq!(
        told(&workspace, OLD, ROOTFS, &[]),
        str![[r#"
metadata       architecture x86_64, gone
               description Small v1 on Small 1, gone
               made 2026-01-01T00:00:00Z, gone
               name small-v1-x86_64, gone
               os Small, gone
               release tiny, gone
               vezaimg.format 1, gone
               vezaimg.health 8080/health, gone
               vezaimg.keep volume:/var/log/app, gone
               vezaimg.layout small, gone
               vezaimg.release v1, gone
               vezaimg.unit app.service, gone
image files    metadata.yaml, gone
               templates/hostname.tpl, gone
               templates/hosts.tpl, gone
service        exec /opt/app/app, gone
               exposure 1.2 OK, gone
               file /etc/systemd/system/app.service, gone
               unit app.service, gone
               user app, gone
binary         architecture x86_64, gone
               path /opt/app/app, gone
               sha256 25d6016053f5c7dc14fdc8826b6d04b539a8f12bb5348afe450301ad30455c97, gone
               size 132 B, gone

"#]]
    );
    std::fs::remove_file(workspace.join(ROOTFS)).unwrap();
    let alone = workspace.run(["diff", OLD, META]);
    snapbox::assert_data_eq!(
        alone.stderr,
        str![[r#"
error: `split/small-v1-x86_64.meta.tar.zst` is half of an image, and `split/small-v1-x86_64.rootfs.tar.zst` is not there
  hint: name both files: `split/small-v1-x86_64.meta.tar.zst,ROOTFS`

"#]]
    );
    assert_eq!((alone.stdout.as_str(), alone.code), ("", Some(2)));
}

#[test]
fn another_release_of_the_same_content_says_something_else_about_itself() {
    let workspace = Workspace::new();
    build(&workspace, "old");
    assert_eq!(workspace.build(&["--release", "v2", "--out", "new"]).code, Some(0));
    snapbox::assert_data_eq!(
        told(&workspace, OLD, &NEW.replace("v1", "v2"), &[]),
        str![[r#"
metadata       description Small v1 on Small 1 → Small v2 on Small 1
               name small-v1-x86_64 → small-v2-x86_64
               vezaimg.release v1 → v2
image files    metadata.yaml

"#]]
    );
}

#[test]
fn a_template_that_changed_is_a_difference() {
    let workspace = Workspace::new();
    let image = |template: &[u8]| {
        tar_of(
            [
                Small::File("metadata.yaml", 0o644, b"architecture: x86_64\n"),
                Small::Directory("rootfs", 0o755),
                Small::File("templates/hostname.tpl", 0o644, template),
            ]
            .iter(),
        )
    };
    workspace.write("old.tar", image(b"{{ container.name }}\n"));
    workspace.write("new.tar", image(b"{{ container.name }}.example\n"));
    assert_eq!(told(&workspace, "old.tar", "new.tar", &[]), "image files    templates/hostname.tpl\n");
    assert_eq!(json(&workspace, "old.tar", "new.tar")["parts"][0]["name"], "templates/hostname.tpl");
}

/// The file is the name that comes first in the archive.
#[test]
fn another_order_of_the_names_of_a_file_is_no_difference() {
    let workspace = Workspace::new();
    let tar = |content: &str, out: &str, names: &str| {
        let script = format!(
            "mkdir -p image/rootfs; cd image; printf 'architecture: x86_64\\n' >metadata.yaml; rm -f rootfs/*; \
             echo {content} >rootfs/a; ln rootfs/a rootfs/b; touch -d @0 rootfs/a; tar -cf ../{out} metadata.yaml {names}"
        );
        let made = Command::new("sh").args(["-euc", &script]).current_dir(workspace.path()).status().unwrap();
        assert!(made.success());
    };
    tar("one", "old.tar", "rootfs/a rootfs/b");
    tar("one", "new.tar", "rootfs/b rootfs/a");
    let told = workspace.run(["diff", "--quiet", "old.tar", "new.tar"]);
    assert!(told.stdout.ends_with("same           the same content, packed differently\n"), "{}", told.stdout);
    assert_eq!(told.code, Some(0));

    // What changed is found by the name that its own archive has for it.
    tar("two", "new.tar", "rootfs/b rootfs/a");
    let told = workspace.run(["diff", "--quiet", "old.tar", "new.tar"]);
    assert!(told.stdout.contains("-one") && told.stdout.contains("+two"), "{}", told.stdout);
    assert_eq!(told.code, Some(1));
}
