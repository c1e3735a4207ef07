//! Images of a real Incus.

use serde_json::Value;

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
    assert!(
        refused.stderr.contains("cause: it is in two files\n  hint: `incus image export local:"),
        "{}",
        refused.stderr
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
