//! Images of a real Incus.

use super::{NEW, OLD, two};
use crate::support::Lab;
use crate::support::veza::run;
use crate::support::workspace::outcome;

#[test]
fn an_image_of_a_store_is_compared_with_a_file() {
    let lab = Lab::shared();
    let workspace = two(|workspace| workspace.change_layout("port = 8080", "port = 8081"));
    let alias = lab.unique("compared");
    lab.incus(&["image", "import", workspace.join(OLD).to_str().unwrap(), "--alias", &alias]);
    let same = run(&workspace, &["diff", &alias, OLD]);
    assert!(same.stdout.ends_with("same           byte for byte\n"), "{}{}", same.stdout, same.stderr);
    assert_eq!(same.code, Some(0));
    let other = run(&workspace, &["diff", &alias, NEW]);
    assert!(other.stdout.contains("\n-port = 8080\n+port = 8081\n"), "{}{}", other.stdout, other.stderr);
    assert_eq!(other.code, Some(1));
    lab.incus(&["image", "delete", &alias]);
}

/// As diff(1): 1 is an answer.
#[test]
fn what_cannot_be_asked_is_no_difference() {
    let workspace = two(|_| {});
    let mut command = workspace.command();
    command.env("INCUS_SOCKET", workspace.join("none")).env("INCUS_CONF", workspace.join("incus"));
    let told = outcome(command.args(["diff", "an-alias", NEW]));
    assert!(told.stderr.starts_with("error: cannot reach Incus at `"), "{}", told.stderr);
    assert_eq!((told.stdout.as_str(), told.code), ("", Some(2)));
}
