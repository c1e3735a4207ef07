//! Images of a real Incus.

use super::{NEW, OLD, two};
use crate::support::Lab;
use crate::support::veza::run;

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
