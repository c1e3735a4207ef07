//! Images of a real Incus.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use serde_json::{Value, json as value};

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
fn of_a_split_image_of_a_store_the_way_to_its_files_is_told() {
    let (lab, workspace) = (Lab::shared(), Workspace::new());
    assert_eq!(workspace.build(&["--release", "split", "--format", "split"]).code, Some(0));
    let alias = lab.unique("in-two");
    let [meta, rootfs] =
        ["meta", "rootfs"].map(|half| workspace.join(&format!("out/small-split-x86_64.{half}.tar.zst")));
    lab.incus(&["image", "import", meta.to_str().unwrap(), rootfs.to_str().unwrap(), "--alias", &alias]);
    let refused = asked(&workspace, &[&alias]);
    let fingerprint = refused.stderr.split('`').nth(3).unwrap();
    assert_eq!(
        refused.stderr,
        format!(
            "reading `{alias}`\nerror: `{fingerprint}` of `local` cannot be read as one file\n  cause: it is in two files\n  hint: \
             `incus image export local:{fingerprint} image` writes them, and `vezaimg inspect` takes both\n"
        )
    );
    assert_eq!(refused.code, Some(1));
    lab.incus(&["image", "delete", &alias]);
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

/// A server with one image of so many bytes, called `x`, which sends these.
fn serving(socket: &Path, image: Vec<u8>, size: usize) {
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
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            let _ = connection.write_all(&body);
        }
    });
}

#[test]
fn a_stream_that_is_cut_off_is_no_damaged_image_and_one_without_an_end_has_one() {
    let workspace = built();
    let image = std::fs::read(workspace.join(IMAGE)).unwrap();
    let size = image.len();
    let endless = [image.clone(), vec![0; 8 << 20]].concat();
    for (name, sent, cause) in [
        ("cut", image[..size / 2].to_vec(), "it is shorter than was said"),
        ("early", image[..100].to_vec(), "it is shorter than was said"),
        ("endless", endless, "it is longer than was said"),
        ("other", image, ""),
    ] {
        serving(&workspace.join(name), sent, size);
        let mut command = workspace.command();
        command.env("INCUS_SOCKET", workspace.join(name)).env("INCUS_CONF", workspace.join("incus"));
        let refused = outcome(command.args(["inspect", "x"]));
        let error = match cause {
            "" => refused
                .stderr
                .contains("error: what `local` gives for `000000000000` is another image\n  cause: its sha256"),
            cause => {
                refused.stderr
                    == format!(
                        "reading `x`\nerror: cannot read `000000000000` of `local` to its end\n  cause: {cause}\n"
                    )
            }
        };
        assert!(error, "{name}: {}", refused.stderr);
        assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(1)), "{name}");
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
