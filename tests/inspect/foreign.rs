//! Images that vezaimg has not built.

use std::process::Command;

use serde_json::json;

use super::{inspected, json as told_of};
use crate::support::workspace::{Small, Workspace, tar_of};

const METADATA: &[u8] = b"architecture: x86_64\ncreation_date: 1700000000\nproperties:\n  os: Other\n  serial: '7'\n";

/// An image as people make them by hand: no directory named, odd things at odd places, and one path twice.
const BY_HAND: &[Small<'static>] = &[
    Small::File("rootfs/etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n"),
    Small::File("rootfs/etc/motd", 0o666, b"first\n"),
    Small::File("rootfs/etc/motd", 0o666, b"second\n"),
    Small::File("rootfs/usr/bin/su", 0o4755, b"\x7fELF"),
    Small::Directory("rootfs/srv/open", 0o777),
    Small::Directory("rootfs/tmp", 0o1777),
    Small::Link("rootfs/srv/round", "round"),
    Small::File("metadata.yaml", 0o644, METADATA),
    Small::File("templates/any.tpl", 0o644, b"x"),
];

fn by_hand() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("image.tar", tar_of(BY_HAND.iter()));
    workspace
}

#[test]
fn an_image_made_by_hand_is_told_with_what_is_odd_about_it() {
    let workspace = by_hand();
    let told = told_of(&workspace, &["image.tar"]);
    assert_eq!(told["metadata"]["properties"]["serial"], "7");
    assert_eq!(told["left_out"]["twice"], json!(["/etc/motd"]));
    assert_eq!(told["findings"]["set_id"][0]["path"], "/usr/bin/su");
    let open: Vec<_> =
        told["findings"]["world_writable"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(open, ["/etc/motd", "/srv/open"]);
    assert!(told["service"].is_null() && told["binary"].is_null());
    assert_eq!(told["packages"], json!([]));
    let text = inspected(&workspace, &["image.tar"]).stdout;
    for line in ["service        none\n", "4755 root:0 /usr/bin/su", "/etc/motd comes twice: the last counts\n"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(inspected(&workspace, &["image.tar", "--file", "/etc/motd"]).stdout, "second\n");
    let round = workspace.run(["inspect", "image.tar", "--file", "/srv/round"]);
    assert!(round.stderr.contains("`/srv/round` of `image.tar` leads nowhere"), "{}", round.stderr);
    assert_eq!(round.code, Some(2));
}

#[test]
fn every_compressor_gives_the_same_contents() {
    let workspace = by_hand();
    let plain = told_of(&workspace, &["image.tar"]);
    for (tool, file) in [("gzip", "image.tar.gz"), ("xz", "image.tar.xz"), ("zstd", "image.tar.zst")] {
        let status = Command::new("sh")
            .args(["-euc", &format!("{tool} --stdout image.tar > {file}")])
            .current_dir(workspace.path())
            .status();
        assert!(status.unwrap().success(), "{tool}");
        let told = told_of(&workspace, &[file]);
        for key in ["rootfs_digest", "entries", "content", "metadata", "findings", "accounts"] {
            assert_eq!(told[key], plain[key], "{tool}: {key}");
        }
    }
}

/// As distrobuilder makes them: a metadata tar beside a squashfs.
#[test]
fn a_split_image_with_a_squashfs_is_told() {
    let workspace = by_hand();
    let script = "mkdir root && tar --extract --file image.tar --directory root --strip-components 1 rootfs
                  tar --extract --file image.tar metadata.yaml && tar --create --xz --file meta.tar.xz metadata.yaml
                  setcap cap_net_bind_service=ep root/usr/bin/su
                  mksquashfs root rootfs.squashfs -quiet -no-progress";
    let made = Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told = told_of(&workspace, &["meta.tar.xz", "rootfs.squashfs"]);
    assert_eq!(told["metadata"]["properties"]["os"], "Other");
    assert_eq!(told["accounts"]["users"][0]["name"], "root");
    let capable = json!([{"path": "/usr/bin/su", "capabilities": "cap_net_bind_service=ep"}]);
    assert_eq!(told["findings"]["capabilities"], capable);
    assert_eq!(told["fingerprint"].as_str().unwrap().len(), 64);
}

/// Two of one size, and longer than what is kept of the first pass: the second is the file.
#[test]
fn of_a_long_file_that_comes_twice_the_last_comes_out_alone() {
    let workspace = Workspace::new();
    let [first, second] = [b'1', b'2'].map(|byte| vec![byte; 17 << 20]);
    workspace.write(
        "image.tar",
        tar_of(
            [
                Small::File("metadata.yaml", 0o644, METADATA),
                Small::File("rootfs/long", 0o644, &first),
                Small::File("rootfs/long", 0o644, &second),
            ]
            .iter(),
        ),
    );
    let raw = workspace.command().args(["inspect", "image.tar", "--file", "/long"]).output().unwrap();
    assert!(raw.stdout == second, "{} bytes", raw.stdout.len());
    assert_eq!(
        (String::from_utf8(raw.stderr).unwrap().as_str(), raw.status.code()),
        ("reading `image.tar`\n", Some(0))
    );
}

#[test]
fn every_name_of_a_file_with_rights_is_told() {
    let workspace = Workspace::new();
    let script = "mkdir --parents rootfs/usr/bin && echo x > rootfs/usr/bin/su && chmod 4755 rootfs/usr/bin/su
                  setcap cap_net_raw=ep rootfs/usr/bin/su && chmod u+s rootfs/usr/bin/su
                  ln rootfs/usr/bin/su rootfs/usr/bin/as && echo 'architecture: x86_64' > metadata.yaml
                  tar --create --sort=name --owner=0 --group=0 --xattrs --xattrs-include='*' --file image.tar metadata.yaml rootfs";
    let made = Command::new("sh").args(["-euc", script]).current_dir(workspace.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told = told_of(&workspace, &["image.tar"]);
    let paths = |findings: &str| -> Vec<String> {
        let found = told["findings"][findings].as_array().unwrap();
        found.iter().map(|it| it["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths("set_id"), ["/usr/bin/as", "/usr/bin/su"]);
    assert_eq!(paths("capabilities"), ["/usr/bin/as", "/usr/bin/su"]);
}
