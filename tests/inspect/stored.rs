//! Images of a real Incus.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json as value};
use vezaimg::rootfs::Digest;

use super::{IMAGE, built, json};
use crate::support::Lab;
use crate::support::veza::run;
use crate::support::workspace::{Outcome, Workspace, outcome};

fn asked(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    run(workspace, &[&["inspect"], arguments].concat())
}

#[test]
fn an_image_of_a_store_is_told_as_its_file_is() {
    let (lab, workspace) = (Lab::shared(), built());
    let alias = lab.unique("inspected");
    lab.incus(&["image", "import", workspace.join(IMAGE).to_str().unwrap(), "--alias", &alias]);
    let file = json(&workspace, &[IMAGE]);
    let fingerprint = file["fingerprint"].as_str().unwrap();
    for reference in [alias.as_str(), fingerprint, &fingerprint[..12], &format!("local:{alias}")] {
        let stored = asked(&workspace, &[reference, "--json"]);
        assert_eq!(stored.code, Some(0), "{}", stored.stderr);
        let mut stored: Value = serde_json::from_str(&stored.stdout).unwrap();
        stored["image"] = IMAGE.into();
        assert_eq!(stored, file, "{reference}");
    }
    assert_eq!(asked(&workspace, &[&alias, "--file", "/etc/app/app.conf"]).stdout, "port = 8080\n");

    let none = asked(&workspace, &["no-such-image"]);
    assert_eq!(
        none.stderr,
        "error: `no-such-image` is neither a file, nor a fingerprint or an alias of an image on `local`\n  hint: \
         `vezaimg build` prints the path of the image that it makes; `incus image list` shows those of a store\n"
    );
    assert_eq!(none.code, Some(2));
    lab.incus(&["image", "delete", fingerprint]);
}

#[test]
fn a_split_image_of_a_store_is_told_as_its_two_files_are() {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    assert_eq!(workspace.build(&["--release", "split", "--format", "split"]).code, Some(0));
    let [meta, rootfs] = ["meta", "rootfs"].map(|half| format!("out/small-split-x86_64.{half}.tar.zst"));
    // As most images of others are.
    let script = format!("mkdir root && tar -xf {rootfs} -C root && mksquashfs root root.squashfs -quiet -no-progress");
    let made = Command::new("sh").args(["-euc", &script]).current_dir(workspace.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for rootfs in [rootfs.as_str(), "root.squashfs"] {
        let alias = lab.unique("in-two");
        let path = |name: &str| workspace.join(name).display().to_string();
        lab.incus(&["image", "import", &path(&meta), &path(rootfs), "--alias", &alias]);
        let files = json(&workspace, &[meta.as_str(), rootfs]);
        let stored = asked(&workspace, &[&alias, "--json"]);
        assert_eq!(stored.code, Some(0), "{}", stored.stderr);
        let mut stored: Value = serde_json::from_str(&stored.stdout).unwrap();
        stored["image"] = files["image"].clone();
        assert_eq!(stored, files);
        assert_eq!(asked(&workspace, &[&alias, "--file", "/etc/app/app.conf"]).stdout, "port = 8080\n");
        lab.incus(&["image", "delete", &alias]);
    }
}

#[test]
fn where_no_daemon_answers_a_name_may_be_a_file_that_is_not_there() {
    let workspace = Workspace::new();
    let mut command = workspace.command();
    command.env("INCUS_SOCKET", workspace.join("none")).env("INCUS_CONF", workspace.join("incus"));
    let refused = outcome(command.args(["inspect", "out/none.tar.zst"]));
    assert!(refused.stderr.starts_with("error: `out/none.tar.zst` is neither a file, nor"), "{}", refused.stderr);
    assert!(refused.stderr.contains("cause: cannot reach Incus at `"), "{}", refused.stderr);
    assert_eq!(refused.code, Some(2));
}

/// A name that no file can be meant by is an alias: what is wrong is the connection.
#[test]
fn where_no_daemon_answers_an_alias_says_so() {
    let workspace = Workspace::new();
    let mut command = workspace.command();
    command.env("INCUS_SOCKET", workspace.join("none")).env("INCUS_CONF", workspace.join("incus"));
    let refused = outcome(command.args(["inspect", "backend"]));
    assert!(refused.stderr.starts_with("error: cannot reach Incus at `"), "{}", refused.stderr);
    assert!(refused.stderr.ends_with("  hint: no file is called `backend` either\n"), "{}", refused.stderr);
    assert_eq!(refused.code, Some(1));
}

/// A server with one image of so many bytes, called `x`, which sends these as what it says.
fn serving(socket: &Path, kind: &'static str, image: Vec<u8>, size: usize) {
    const FINGERPRINT: &str = "00000000000000000000000000000000000000000000000000000000000000aa";
    let listener = UnixListener::bind(socket).unwrap();
    // It ends with the process: nothing waits for it.
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && connection.read(&mut byte).unwrap_or_default() > 0 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
            let about = match path.as_str() {
                "/1.0" => value!({"auth": "trusted", "environment": {"server_version": "6.0"}}),
                "/1.0/projects/default" => value!({}),
                "/1.0/images/aliases/x" => value!({"target": FINGERPRINT}),
                _ => value!({"fingerprint": FINGERPRINT, "architecture": "x86_64", "size": size, "type": "container",
                             "created_at": "2026-01-01T00:00:00Z", "uploaded_at": "2026-01-01T00:00:00Z"}),
            };
            let body = match path.ends_with("/export") {
                true => image.clone(),
                false => value!({"type": "sync", "metadata": about}).to_string().into_bytes(),
            };
            // A stream whose end only the connection's end tells.
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n");
            let _ = connection.write_all(head.as_bytes());
            let _ = connection.write_all(&body);
        }
    });
}

/// What is said of the image `x` of such a server.
fn served(workspace: &Workspace, name: &str, kind: &'static str, sent: Vec<u8>, size: usize) -> String {
    serving(&workspace.join(name), kind, sent, size);
    let mut command = workspace.command();
    command.env("INCUS_SOCKET", workspace.join(name)).env("INCUS_CONF", workspace.join("incus"));
    let refused = outcome(command.args(["inspect", "x"]));
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)), "{name}");
    refused.stderr.strip_prefix("reading `x`\n").unwrap().to_owned()
}

fn cut_off(cause: &str) -> String {
    format!("error: cannot read `000000000000` of `local` to its end\n  cause: {cause}\n")
}

fn another(bytes: &[u8]) -> String {
    let sha256 = Digest::of_bytes(bytes);
    format!("error: what `local` gives for `000000000000` is another image\n  cause: its sha256 is {sha256}\n")
}

#[test]
fn a_stream_that_is_cut_off_is_no_damaged_image_and_one_without_an_end_has_one() {
    let workspace = built();
    let image = std::fs::read(workspace.join(IMAGE)).unwrap();
    let size = image.len();
    let endless = [image.clone(), vec![0; 8 << 20]].concat();
    for (name, sent, error) in [
        ("cut", image[..size / 2].to_vec(), cut_off("it is shorter than was said")),
        ("early", image[..100].to_vec(), cut_off("it is shorter than was said")),
        ("endless", endless, cut_off("it is longer than was said")),
        ("other", image.clone(), another(&image)),
    ] {
        assert_eq!(served(&workspace, name, "application/octet-stream", sent, size), error, "{name}");
    }
}

#[test]
fn two_files_that_are_cut_off_longer_or_others_are_refused() {
    const FORM: &str = "multipart/form-data; boundary=b0";

    let workspace = Workspace::new();
    assert_eq!(workspace.build(&["--format", "split"]).code, Some(0));
    let [meta, rootfs] = ["meta", "rootfs"].map(|half| {
        let mut files = std::fs::read_dir(workspace.join("out")).unwrap().map(|entry| entry.unwrap().path());
        let is_half = |path: &PathBuf| path.to_str().unwrap().ends_with(&format!(".{half}.tar.zst"));
        std::fs::read(files.find(is_half).unwrap()).unwrap()
    });
    let size = meta.len() + rootfs.len();
    let part = |bytes: &[u8]| [b"\r\n--b0\r\nContent-Disposition: form-data\r\n\r\n", bytes].concat();
    let whole = [part(&meta), part(&rootfs), b"\r\n--b0--\r\n".to_vec()].concat();
    let ended = "unexpected end of file";
    for (name, sent, size, error) in [
        ("cut", whole[..whole.len() / 2].to_vec(), size, cut_off(ended)),
        ("one", [part(&meta), b"\r\n--b0--\r\n".to_vec()].concat(), size, cut_off("it holds no root file system")),
        ("none", b"\r\n--b0--\r\n".to_vec(), size, cut_off("it holds no metadata")),
        ("nothing", Vec::new(), size, cut_off(ended)),
        ("long", whole.clone(), size - 1, cut_off("it is longer than was said")),
        ("other", whole, size, another(&[meta, rootfs].concat())),
    ] {
        assert_eq!(served(&workspace, name, FORM, sent, size), error, "{name}");
    }
}

#[test]
fn a_directory_of_an_alias_s_name_is_not_in_its_way() {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    // A store takes the same image only once.
    assert_eq!(workspace.build(&["--release", "beside"]).code, Some(0));
    let alias = lab.unique("beside-a-directory");
    let image = workspace.join("out/small-beside-x86_64.incus.tar.zst");
    lab.incus(&["image", "import", image.to_str().unwrap(), "--alias", &alias]);
    std::fs::create_dir(workspace.join(&alias)).unwrap();
    let told = asked(&workspace, &[&alias, "--file", "/etc/app/app.conf"]);
    assert_eq!((told.stdout.as_str(), told.code), ("port = 8080\n", Some(0)), "{}", told.stderr);
    lab.incus(&["image", "delete", &alias]);
}
