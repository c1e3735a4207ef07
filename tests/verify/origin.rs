//! The manifest against the content, and the provenance against what it was built from.

use std::fs;
use std::process::Command;

use snapbox::{IntoData, str};

use super::{IMAGE, replace, resealed, signed, verify};
use crate::support::workspace::{Workspace, outcome};

/// Whoever can write checksums can write them anew; the manifest is still held to the image.
#[test]
fn a_manifest_that_lists_something_else_is_told_path_by_path() {
    let workspace = signed();
    let manifest = workspace.join("out/small-v1-x86_64.manifest.json");
    replace(
        &manifest,
        r#"{"path":"/etc/hosts","type":"file","mode":"0644""#,
        r#"{"path":"/etc/hosts","type":"file","mode":"0666""#,
    );
    replace(&manifest, r#"{"path":"/opt/app","#, r#"{"path":"/opt/other","#);
    replace(&manifest, r#""release":"v1""#, r#""release":"v2""#);
    resealed(&workspace);
    let told = verify(&workspace, &[]);
    snapbox::assert_data_eq!(
        told.stdout,
        str![[r#"
signature    -     nobody has signed
checksums    good  4 files
manifest     BAD   does not list what the image holds
                   `/etc/hosts` is another in the image
                   `/opt/app` is in the image alone
                   `/opt/other` is in the manifest alone
                   its `release` is `v2`, and the image's `v1`
provenance   -     3 inputs; `--binary`, `--layout` and `--base` compare them with files

"#]]
        .raw()
    );
    assert_eq!((told.stderr, told.code), (format!("error: `{IMAGE}` does not hold: manifest\n"), Some(1)));
}

#[test]
fn a_provenance_of_another_image_is_refused() {
    let workspace = signed();
    let other = Workspace::new();
    assert_eq!(other.build(&["--release", "v1", "--set", "port=9090"]).code, Some(0));
    let name = "out/small-v1-x86_64.provenance.json";
    fs::copy(other.join(name), workspace.join(name)).unwrap();
    resealed(&workspace);
    let told = verify(&workspace, &[]);
    assert!(told.stdout.contains("provenance   BAD   is of another image\n"), "{}", told.stdout);
    assert_eq!(told.code, Some(1));
}

#[test]
fn a_provenance_that_contradicts_the_manifest_is_told() {
    let workspace = signed();
    replace(&workspace.join("out/small-v1-x86_64.provenance.json"), r#""release": "v1""#, r#""release": "v2""#);
    resealed(&workspace);
    let told = verify(&workspace, &[]);
    let lines = "provenance   BAD   contradicts the manifest\n                   of the release `v2`, and the manifest of `v1`\n";
    assert!(told.stdout.ends_with(lines), "{}", told.stdout);
    assert_eq!(told.code, Some(1));
}

/// What was found so far is told, whatever comes after it.
#[test]
fn a_step_that_fails_takes_nothing_from_those_before() {
    let workspace = signed();
    let given = ["--signers", "allowed_signers", "--binary", "none"];
    let told = verify(&workspace, &given);
    assert_eq!(told.stdout.lines().count(), 3, "{}", told.stdout);
    assert!(told.stdout.ends_with("manifest     good  41 entries\n"), "{}", told.stdout);
    assert_eq!((told.stderr.lines().next(), told.code), (Some("error: the binary `none` does not exist"), Some(2)));

    let told = verify(&workspace, &[&given[..], &["--json"]].concat());
    assert_eq!(told.code, Some(2));
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told["checks"].as_array().unwrap().len(), &told["good"]), (3, &false.into()));
    assert_eq!(told["error"], "the binary `none` does not exist");
}

#[test]
fn the_inputs_that_are_given_are_compared() {
    let workspace = signed();
    let all = ["--layout", "layout.toml", "--binary", "app", "--base", "base.tar"];
    let told = verify(&workspace, &all);
    assert!(told.stdout.contains("provenance   good  3 inputs as given\n"), "{}", told.stdout);
    assert_eq!(told.code, Some(0));

    workspace.change_layout("port = 8080", "port = 8081");
    let mut program = fs::read(workspace.join("app")).unwrap();
    program.push(0);
    workspace.write("app", program);
    let told = verify(&workspace, &all);
    snapbox::assert_data_eq!(
        told.stdout,
        str![[r#"
signature    -     by SHA256:[..]; `--signers FILE` says who may
checksums    good  4 files
manifest     good  41 entries
provenance   BAD   built from something else
                   the file `layout.toml` of the layout is another: the image's has 6acea2363efd, the one given [..]
                   the binary is another: the image's has 25d6016053f5, the one given [..]
                   the variable `port` was `8080`, and is another here

"#]]
    );
    assert_eq!(told.code, Some(1));
    // What is not given is not compared.
    let told = verify(&workspace, &["--base", "base.tar"]);
    assert!(told.stdout.contains("provenance   good  1 input as given\n"), "{}", told.stdout);
}

#[test]
fn built_again_it_has_the_same_bytes() {
    for options in [&[][..], &["--set", "port=9191", "--compression", "gzip", "--level", "3"], &["--format", "split"]] {
        let workspace = Workspace::new();
        assert_eq!(workspace.build(&[&["--release", "v1"], options].concat()).code, Some(0));
        let image = workspace.out().into_iter().find(|name| name.contains(".tar.")).unwrap();
        let image = format!("out/{image}");
        let again =
            ["verify", "-q", &image, "--layout", "layout.toml", "--binary", "app", "--base", "base.tar", "--rebuild"];
        let told = workspace.run(again);
        assert!(told.stdout.contains(" files, byte for byte\n"), "{options:?}: {}{}", told.stdout, told.stderr);
        assert_eq!(told.code, Some(0), "{options:?}: {}{}", told.stdout, told.stderr);

        workspace.change_layout("mode = \"0644\"", "mode = \"0640\"");
        let told = workspace.run(again);
        assert!(told.stdout.contains("rebuild      BAD   other bytes\n"), "{options:?}: {}", told.stdout);
        assert_eq!(told.code, Some(1));
    }
}

#[test]
fn source_date_epoch_is_part_of_what_is_built_again() {
    let workspace = Workspace::new();
    let mut command = workspace.command();
    command.args(["build", "--layout", "layout.toml", "--binary", "app", "--base", "base.tar", "--release", "v1"]);
    assert!(command.env("SOURCE_DATE_EPOCH", "1000000000").output().unwrap().status.success());
    let told = verify(&workspace, &["--layout", "layout.toml", "--binary", "app", "--base", "base.tar", "--rebuild"]);
    assert_eq!(told.code, Some(0), "{}{}", told.stdout, told.stderr);
}

/// What the environment of the rebuild says is not what the build's said.
#[test]
fn a_build_without_a_date_is_built_again_without_one() {
    let workspace = signed();
    let mut command = workspace.command();
    command.args([
        "verify",
        "-q",
        IMAGE,
        "--layout",
        "layout.toml",
        "--binary",
        "app",
        "--base",
        "base.tar",
        "--rebuild",
    ]);
    let told = outcome(command.env("SOURCE_DATE_EPOCH", "1000000000"));
    assert_eq!(told.code, Some(0), "{}{}", told.stdout, told.stderr);
}

#[test]
fn a_directory_is_compared_by_what_is_built_on_it_alone() {
    let workspace = Workspace::new();
    let unpack = "mkdir tree other; tar -C tree --numeric-owner -xpf base.tar; tar -C other --numeric-owner -xpf base.tar; \
                  echo more >other/etc/more";
    assert!(Command::new("sh").args(["-euc", unpack]).current_dir(workspace.path()).status().unwrap().success());
    let build = ["build", "-q", "--layout", "layout.toml", "--binary", "app", "--base", "tree", "--release", "v1"];
    assert_eq!(workspace.run(build).code, Some(0));
    let all = |base| ["--layout", "layout.toml", "--binary", "app", "--base", base];
    assert_eq!(verify(&workspace, &all("other")).code, Some(2));
    assert_eq!(verify(&workspace, &[&all("tree")[..], &["--rebuild"]].concat()).code, Some(0));
    assert_eq!(verify(&workspace, &[&all("other")[..], &["--rebuild"]].concat()).code, Some(1));
}

#[test]
fn what_is_no_release_is_refused() {
    let workspace = Workspace::new();
    let refused = workspace.run(["verify", "base.tar"]);
    snapbox::assert_data_eq!(
        refused.stderr,
        str![[r#"
error: `base.tar` does not have the name of an image of `vezaimg build`
  hint: such as `out/veza-backend-api-v1.4.2-x86_64.incus.tar.zst`: its other files are found beside it

"#]]
        .raw()
    );
    assert_eq!(refused.code, Some(2));
}
