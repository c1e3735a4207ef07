//! The ground itself: what the tests of a rollout stand on does what they take it to do.

use crate::support::veza::Veza;

#[test]
fn x() {
    let veza = Veza::new("x").start();
    assert_eq!(veza.versions(), ["1.0.0", "1.0.0"]);
}
