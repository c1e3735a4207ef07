//! Two operators at once, and a way back that only a part of a fleet has.

use serde_json::Value;
use snapbox::{IntoData, assert_data_eq, str};

use crate::rollout::found::{squeezed, told};
use crate::rollout::rolls::QUICK;
use crate::support::seconds;
use crate::support::veza::{Recipe, Veza};

#[test]
fn a_second_operator_is_told_who_is_at_it_and_a_part_of_a_fleet_can_go_back() {
    let veza = Veza::new("two").pool(QUICK).start();
    let image = Recipe::good("2.0.0").imported();

    let first = veza.spawn(&["rollout", &image, "--fleet", "fleet.toml", "--json"]);
    crate::support::wait_for("the first instance to be over", seconds(120), || {
        let seen = first.stdout();
        if seen.contains("\"event\":\"ended\"") { Ok(()) } else { Err(seen) }
    });
    for arguments in [["rollout", &*image].as_slice(), &["rollback"]] {
        let second = veza.command(&[arguments, &["--fleet", "fleet.toml"]].concat());
        assert_eq!((&*second.stdout, second.code), ("", Some(3)));
        assert_data_eq!(
            told(&veza, &second.stderr),
            str![[r#"
error: the pool `api` is locked by `[..]` on `[..]`, who runs `vezaimg rollout` since [..] UTC ([..] ago) and last renewed the lock [..] s ago
  hint: it is in use: process [..] of this machine lives, and renews it every 10 s
  hint: if you know that it is dead, `incus profile unset vezaimg.api user.vezaimg.holder` frees the pool

"#]]
        );
    }
    first.signal(rustix::process::Signal::INT);
    let first = first.wait(seconds(120));
    assert_data_eq!(
        told(&veza, &first.stderr),
        str![[r#"
error: interrupted at `api-2`; what serves is whole
  hint: `vezaimg rollout` with the same arguments goes on, from any machine

"#]]
        .raw()
    );
    assert_eq!(first.code, Some(5));
    for line in first.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["event"].is_string(), "{line}");
    }
    assert_eq!(veza.versions(), ["2.0.0", "1.0.0"]);

    let dry = veza.command(&["rollback", "--fleet", "fleet.toml", "--dry-run"]);
    assert_data_eq!(
        squeezed(&told(&veza, &dry.stdout)),
        str![[r#"
INSTANCE FROM TO STEPS ABOUT
api-1 2.0.0 1.0.0 stage drain maintenance stop swap carry start health ready settle commit 17.0 s
api-2 1.0.0 1.0.0 none

"#]]
        .raw()
    );
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    let back = veza.command(&["rollback", "--fleet", "fleet.toml", "--quiet"]);
    assert_eq!((&*back.stderr, back.code), ("", Some(0)));
    assert_data_eq!(
        squeezed(&told(&veza, &back.stdout)),
        str![[r#"
INSTANCE BEFORE NOW RESULT OUT OF ROTATION REQUESTS ERRORS
api-1 2.0.0 1.0.0 done [..] s [..] 0
api-2 1.0.0 1.0.0 already there [..] 0

"#]]
    );
    assert_eq!(veza.versions(), ["1.0.0", "1.0.0"]);

    // There is no way back from a way back.
    let again = veza.command(&["rollback", "--fleet", "fleet.toml"]);
    assert_data_eq!(
        told(&veza, &again.stderr),
        str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: `api-1` has no container from before: there is no `api-1-prev`

"#]]
        .raw()
    );
    assert_eq!(again.code, Some(3));
}
