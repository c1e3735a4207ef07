//! Signatures: good ones, and everything else.

use std::process::{Command, Stdio};

use snapbox::{IntoData, str};

use super::{IMAGE, key, replace, resealed, signed, verify};
use crate::support::workspace::{Workspace, outcome};

#[test]
fn a_signed_release_holds_and_every_step_is_told() {
    let workspace = signed();
    let told = verify(&workspace, &["--signers", "allowed_signers"]);
    snapbox::assert_data_eq!(
        told.stdout,
        str![[r#"
signature    good  of release@example.org with SHA256:[..]
checksums    good  4 files
manifest     good  41 entries
provenance   -     3 inputs; `--binary`, `--layout` and `--base` compare them with files

"#]]
    );
    assert_eq!((told.stderr.as_str(), told.code), ("", Some(0)));
}

/// Neither sha256sum nor ssh-keygen knows vezaimg.
#[test]
fn anybody_can_verify_it_without_vezaimg() {
    let workspace = signed();
    let script = "cd out && sha256sum --quiet -c small-v1-x86_64.sha256 && ssh-keygen -Y verify -f ../allowed_signers \
                  -I release@example.org -n vezaimg -s small-v1-x86_64.sig <small-v1-x86_64.sha256";
    let checked = outcome(Command::new("sh").args(["-c", script]).current_dir(workspace.path()));
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.starts_with("Good \"vezaimg\" signature for release@example.org"), "{}", checked.stdout);
}

#[test]
fn the_outcome_is_one_object_with_json() {
    let workspace = signed();
    let told = verify(&workspace, &["--signers", "allowed_signers", "--json"]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let verdicts: Vec<_> =
        told["checks"].as_array().unwrap().iter().map(|it| format!("{} {}", it["check"], it["verdict"])).collect();
    let expected = [r#""signature" "good""#, r#""checksums" "good""#, r#""manifest" "good""#, r#""provenance" "open""#];
    assert_eq!(verdicts, expected);
    assert_eq!((&told["good"], &told["signer"]), (&true.into(), &"release@example.org".into()));
}

/// What `verify` says of the signature, and that it ends with 1.
fn refusal(workspace: &Workspace) -> String {
    let told = verify(workspace, &["--signers", "allowed_signers"]);
    assert_eq!(told.stderr, format!("error: `{IMAGE}` does not hold: signature\n"));
    assert_eq!(told.code, Some(1));
    told.stdout
}

#[test]
fn an_unsigned_release_holds_together_and_no_more() {
    let workspace = signed();
    std::fs::remove_file(workspace.join("out/small-v1-x86_64.sig")).unwrap();
    let told = verify(&workspace, &[]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.starts_with("signature    -     nobody has signed\n"), "{}", told.stdout);
    snapbox::assert_data_eq!(
        refusal(&workspace),
        str![[r#"
signature    BAD   not good
                   `small-v1-x86_64.sig` is not there
checksums    -     nobody vouches for them

"#]]
        .raw()
    );
}

/// What is signed is the files that are listed, and not whatever bears the release's name.
#[test]
fn another_image_beside_a_signed_one_is_refused() {
    let workspace = signed();
    let other = "out/small-v1-x86_64.incus.tar.gz";
    std::fs::copy(workspace.join(IMAGE), workspace.join(other)).unwrap();
    let told = workspace.run(["verify", "-q", other, "--signers", "allowed_signers"]);
    assert!(told.stdout.ends_with("`small-v1-x86_64.incus.tar.gz` is not listed\n"), "{}", told.stdout);
    assert_eq!(told.code, Some(1));
}

#[test]
fn a_key_that_is_not_allowed_is_refused() {
    let workspace = signed();
    let other = key(&workspace, "other");
    workspace.write("allowed_signers", format!("release@example.org {other}\n"));
    snapbox::assert_data_eq!(
        refusal(&workspace),
        str![[r#"
signature    BAD   not good
                   `small-v1-x86_64.sha256` is signed by SHA256:[..], whom `allowed_signers` does not allow
checksums    -     nobody vouches for them

"#]]
    );
}

#[test]
fn a_signature_for_something_else_is_refused() {
    let workspace = signed();
    let script =
        "ssh-keygen -Y sign -q -n git -f key <out/small-v1-x86_64.sha256 >sig && mv sig out/small-v1-x86_64.sig";
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(workspace.path()).stderr(Stdio::null());
    assert!(command.status().unwrap().success());
    snapbox::assert_data_eq!(
        refusal(&workspace),
        str![[r#"
signature    BAD   not good
                   `small-v1-x86_64.sig` is a signature for `git`, and not for `vezaimg`
checksums    -     nobody vouches for them

"#]]
        .raw()
    );
}

#[test]
fn a_key_that_is_allowed_for_something_else_is_refused() {
    let workspace = signed();
    replace(&workspace.join("allowed_signers"), "namespaces=\"vezaimg\"", "namespaces=\"git\"");
    let told = refusal(&workspace);
    assert!(told.starts_with("signature    BAD   not good\n"), "{told}");
}

/// One file for commits and releases.
#[test]
fn a_key_that_two_lines_allow_may_do_what_either_says() {
    let workspace = signed();
    let line = std::fs::read_to_string(workspace.join("allowed_signers")).unwrap();
    let other = line.replace("release@example.org", "git@example.org").replace("\"vezaimg\"", "\"git\"");
    workspace.write("allowed_signers", format!("{other}{line}"));
    let told = verify(&workspace, &["--signers", "allowed_signers"]);
    assert!(told.stdout.starts_with("signature    good  of release@example.org with "), "{}", told.stdout);
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    for ending in ["sig", "sha256", "spdx.json"] {
        let workspace = signed();
        let file = workspace.join(&format!("out/small-v1-x86_64.{ending}"));
        std::fs::remove_file(&file).unwrap();
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        let told = verify(&workspace, &["--signers", "allowed_signers"]);
        assert!(told.stdout.contains("it is no file\n"), "{ending}: {}", told.stdout);
        assert_eq!(told.code, Some(1));
    }
}

#[test]
fn the_signature_of_another_release_is_refused() {
    let workspace = signed();
    let kept = std::fs::read(workspace.join("out/small-v1-x86_64.sig")).unwrap();
    replace(&workspace.join("out/small-v1-x86_64.provenance.json"), "\"level\": 9", "\"level\": 8");
    resealed(&workspace);
    std::fs::write(workspace.join("out/small-v1-x86_64.sig"), kept).unwrap();
    let told = refusal(&workspace);
    assert!(told.contains("`small-v1-x86_64.sig` is no good signature of `small-v1-x86_64.sha256`"), "{told}");
    // Without anybody to ask it is no better.
    assert_eq!(verify(&workspace, &[]).code, Some(1));
}

#[test]
fn signing_again_changes_nothing_whatever_the_kind_of_key() {
    let workspace = Workspace::new();
    let mut command = Command::new("ssh-keygen");
    // Of which every signature is another.
    command.args(["-q", "-t", "ecdsa", "-N", "", "-f", "key"]);
    assert!(command.current_dir(workspace.path()).status().unwrap().success());
    let build = || {
        let built = workspace.build(&["--release", "v1", "--sign", "key"]);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        std::fs::read(workspace.join("out/small-v1-x86_64.sig")).unwrap()
    };
    assert!(build() == build());
}

#[test]
fn a_release_can_be_signed_after_it_was_built() {
    let workspace = Workspace::new();
    assert_eq!(workspace.build(&["--release", "v1"]).code, Some(0));
    let public = key(&workspace, "key");
    workspace.write("allowed_signers", format!("release@example.org {public}\n"));
    assert_eq!(workspace.build(&["--release", "v1", "--sign", "key"]).code, Some(0));
    assert_eq!(verify(&workspace, &["--signers", "allowed_signers"]).code, Some(0));
}

#[test]
fn what_is_no_key_is_refused_before_anything_is_built() {
    let workspace = Workspace::new();
    workspace.refuses(
        &["--sign", "app"],
        str![[r#"
error: `app` is no SSH key
  cause: app is not a public key file.
  hint: `ssh-keygen -t ed25519 -f release_key` makes one

"#]],
    );
    workspace.refuses(
        &["--sign", "none"],
        str![[r#"
error: cannot read the key `none`
  cause: No such file or directory (os error 2)
  hint: `--sign` takes the file of a private key, or of a public one that the agent holds the other half of

"#]],
    );
}

#[test]
fn a_key_that_does_not_sign_leaves_nothing() {
    let workspace = Workspace::new();
    key(&workspace, "key");
    std::fs::remove_file(workspace.join("key")).unwrap();
    let built = workspace.build(&["--sign", "key.pub"]);
    snapbox::assert_data_eq!(
        built.stderr,
        str![[r#"
reading the base `base.tar`
packing the image
signing with `key.pub`
error: cannot sign with the key `key.pub`
  cause: No private key found for public key "key.pub"
  hint: `ssh-add -L` lists the keys that the agent holds; nothing was left behind

"#]]
        .raw()
    );
    assert_eq!((built.code, workspace.out()), (Some(1), Vec::new()));
}

/// As a release machine does it: the private half is in the agent alone.
#[test]
fn the_agent_signs() {
    let workspace = Workspace::new();
    let public = key(&workspace, "key");
    workspace.write("allowed_signers", format!("release@example.org {public}\n"));
    let script = "ssh-add -q key && rm key && exec \"$0\" build -q --layout layout.toml --binary app --base base.tar \
                  --release v1 --sign key.pub";
    let mut command = Command::new("ssh-agent");
    command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_vezaimg")]);
    let built = outcome(command.current_dir(workspace.path()));
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    assert_eq!(verify(&workspace, &["--signers", "allowed_signers"]).code, Some(0));
}
