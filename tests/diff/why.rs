//! The input that made two builds differ.

use snapbox::{IntoData, str};

use super::{NEW, OLD, told, two};
use crate::support::workspace::{Workspace, outcome};

fn why(workspace: &Workspace) -> String {
    told(workspace, OLD, NEW, &["--why"])
}

#[test]
fn each_kind_of_input_is_named() {
    let workspace = two(|workspace| {
        workspace.change_layout("port = 8080", "port = 9090");
        workspace.write("app", [crate::support::workspace::small_program(), vec![0]].concat());
    });
    snapbox::assert_data_eq!(
        why(&workspace),
        str![[r#"
why            binary sha256:25d6016053f5c7dc14fdc8826b6d04b539a8f12bb5348afe450301ad30455c97 → sha256:[..]
               variable port 8080 → 9090
               layout file layout.toml sha256:[..] → sha256:[..]

"#]]
    );
    let json = workspace.run(["diff", "-q", OLD, NEW, "--why", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["same"], json["inputs"].as_array().unwrap().len()), (&false.into(), 3));
    assert_eq!(json["inputs"][1], serde_json::json!({ "name": "variable port", "from": "8080", "to": "9090" }));
}

#[test]
fn an_option_and_the_time_are_named() {
    let workspace = two(|_| {});
    std::fs::remove_dir_all(workspace.join("new")).unwrap();
    let mut command = workspace.command();
    command.args(["build", "--layout", "layout.toml", "--binary", "app", "--base", "base.tar", "--out", "new"]);
    command.args(["--release", "v1", "--level", "3"]).env("SOURCE_DATE_EPOCH", "1000000000");
    assert_eq!(outcome(&mut command).code, Some(0));
    snapbox::assert_data_eq!(
        why(&workspace),
        str![[r#"
why            SOURCE_DATE_EPOCH 1000000000, new
               option --level 9 → 3

"#]]
        .raw()
    );
}

#[test]
fn the_same_bytes_of_other_inputs_are_told_as_such() {
    let workspace = two(|workspace| workspace.change_layout("[vars]\n", "# Nothing.\n[vars]\n"));
    let outcome = workspace.run(["diff", "-q", OLD, NEW, "--why"]);
    snapbox::assert_data_eq!(
        outcome.stdout,
        str![[r#"
why            the bytes are the same, though the inputs are not
               layout file layout.toml sha256:[..] → sha256:[..]

"#]]
    );
    assert_eq!((outcome.stderr.as_str(), outcome.code), ("", Some(0)));
}

#[test]
fn an_image_without_a_provenance_that_holds_is_refused() {
    let workspace = two(|_| {});
    workspace.write("new/small-v1-x86_64.provenance.json", "{}\n");
    let outcome = workspace.run(["diff", "-q", OLD, NEW, "--why"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: `new/small-v1-x86_64.incus.tar.zst` does not hold: checksums: not what was built
  cause: `small-v1-x86_64.provenance.json` has other bytes
  hint: `vezaimg verify` tells more; build it again, if it is old

"#]]
        .raw()
    );
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(2)));
    let stored = workspace.run(["diff", "-q", "veza-backend-api", NEW, "--why"]);
    assert_eq!(stored.code, Some(2), "{}", stored.stderr);
}
