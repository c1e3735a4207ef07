//! Images that nobody has signed who may.

use std::fs;
use std::process::Command;

use snapbox::str;

use super::{Trial, wanted};
use crate::support::veza::{Config, Recipe};
use crate::support::workspace::{Workspace, outcome};

/// A release of its own, signed with `key`, whose public half it gives.
fn signed(workspace: &Workspace) -> (String, String) {
    let image = Recipe::good("2.0.0").build(workspace).file.display().to_string();
    let stem = image.trim_end_matches(".incus.tar.zst");
    let script = "ssh-keygen -q -t ed25519 -N '' -C '' -f key && ssh-keygen -q -t ed25519 -N '' -C '' -f other && \
                  ssh-keygen -Y sign -q -n vezaimg -f key <\"$0.sha256\" >\"$0.sig\" 2>/dev/null";
    let mut command = Command::new("sh");
    assert!(command.args(["-euc", script, stem]).current_dir(workspace.path()).status().unwrap().success());
    let public = fs::read_to_string(workspace.join("key.pub")).unwrap();
    (image, public)
}

#[test]
fn an_image_that_is_unsigned_signed_by_another_or_changed() {
    let mut trial = Trial::new(&Config::default());
    let workspace = Workspace::new();
    let (image, public) = signed(&workspace);
    let signers = workspace.join("allowed_signers").display().to_string();
    workspace.write("allowed_signers", format!("release@example.org {public}"));
    trial.show(image.clone(), "out/IMAGE");
    trial.show(signers.clone(), "allowed_signers");
    trial.show(wanted(), "FINGERPRINT");

    let mut command = Command::new("ssh-keygen");
    let key = outcome(command.args(["-l", "-f", "key.pub"]).current_dir(workspace.path())).stdout;
    trial.show(key.split(' ').nth(1).unwrap().to_owned(), "SHA256:KEY");

    let other = fs::read_to_string(workspace.join("other.pub")).unwrap();
    workspace.write("others", format!("release@example.org {other}"));
    let others = workspace.join("others").display().to_string();
    trial.show(others.clone(), "others");
    trial.refuses(
        &["rollout", &image, "--signers", &others],
        3,
        str![[r#"
error: `veza-backend-api-2.0.0-x86_64.sha256` is signed by SHA256:KEY, whom `others` does not allow
  hint: a line of it is a name and a public key, such as `release@example.org ssh-ed25519 AAAA…`

"#]],
    );
    trial.refuses(
        &["rollout", &wanted(), "--signers", &signers],
        3,
        str![[r#"
error: `FINGERPRINT` is no file, and a signature lies beside a file alone
  hint: name the image's file, such as `out/NAME.incus.tar.zst`: what the store has already is not sent again

"#]],
    );

    // The fleet may name them, too; then the command line need not.
    fs::copy(workspace.join("allowed_signers"), trial.veza.workspace().join(&format!("{}-signers", trial.pool)))
        .unwrap();
    let fleet = fs::read_to_string(trial.veza.workspace().join(&trial.file())).unwrap();
    trial.write(&format!("[images]\nsigners = \"{}-signers\"\n\n{fleet}", trial.pool));
    let done = trial.veza.command(&["rollout", &image, "--dry-run", "--fleet", &trial.file()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("signed by release@example.org with SHA256:"), "{}", done.stderr);

    let whole = fs::read(&image).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&image, &changed).unwrap();
    let done = trial.veza.command(&["rollout", &image, "--fleet", &trial.file()]);
    assert!(trial.told(&done.stderr).contains("error: `out/IMAGE` is not what was signed\n"), "{}", done.stderr);
    assert_eq!(done.code, Some(3));
    fs::write(&image, &whole).unwrap();

    fs::remove_file(image.replace(".incus.tar.zst", ".sig")).unwrap();
    trial.refuses(
        &["rollout", &image],
        3,
        str![[r#"
error: nobody has signed `out/IMAGE`
  cause: `veza-backend-api-2.0.0-x86_64.sig`: No such file or directory (os error 2)
  hint: `vezaimg build --sign KEY` signs a release; its files lie beside the image

"#]],
    );
}
