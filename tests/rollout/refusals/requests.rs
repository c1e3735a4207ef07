//! Requests that are wrong by themselves: names that nothing bears, images that do not fit, fleet files with mistakes;
//! and requests that only want to know.

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use super::{Trial, fleet, wanted};
use crate::rollout::found::squeezed;
use crate::support::Lab;
use crate::support::veza::{Config, Member, Recipe};

#[test]
fn names_that_nothing_bears() {
    let mut trial = Trial::new(&Config::default());
    trial.show(wanted()[..11].to_owned(), "PREFIX");
    trial.refuses(
        &["rollout", "veza-2.0"],
        2,
        str![[r#"
error: `veza-2.0` is neither a file, nor a fingerprint or an alias of an image on `local`
  hint: `vezaimg build` prints the path of the image that it makes; `incus image list` shows those of a store

"#]],
    );
    trial.refuses(
        &["rollout", &wanted()[..11]],
        2,
        str![[r#"
error: `PREFIX` is neither a file, nor a fingerprint or an alias of an image on `local`
  hint: `vezaimg build` prints the path of the image that it makes; `incus image list` shows those of a store

"#]],
    );
    trial.refuses(
        &["rollout", &wanted(), "--pool", "appi"],
        2,
        str![[r#"
error: `fleet.toml` has no pool `appi`
  hint: its pools are `api`

"#]],
    );

    let members: Vec<_> = fleet().members().iter().map(Member::name).collect();
    let haproxy = trial.haproxy.admin();
    let pool = |lines: &str| {
        format!(
            "{lines}[haproxy]\nsockets = [\"tcp:{haproxy}\"]\n\n[[pool]]\nname = \"{}\"\ninstances = {members:?}\n\
             backends = [\"api_pool\"]\n",
            trial.pool
        )
    };
    trial.write(&pool("[incus]\nremote = \"locla\"\n\n"));
    trial.refuses(
        &["rollout", &wanted()],
        2,
        str![[r#"
error: there is no remote `locla`
  hint: did you mean `local`?

"#]],
    );
    trial.write(&pool("[incus]\nproject = \"prdo\"\n\n"));
    trial.refuses(
        &["rollout", &wanted()],
        2,
        str![[r#"
error: there is no project `prdo` on `local`
  hint: `incus project list` shows those that there are

"#]],
    );
}

#[test]
fn images_that_do_not_fit() {
    let mut trial = Trial::new(&Config::default());
    let foreign = Recipe::of_another_architecture().imported();
    trial.show(foreign.clone(), "FOREIGN");
    trial.refuses(
        &["rollout", &foreign],
        2,
        str![[r#"
error: nothing was changed: 2 things are in the way
  cause: `FOREIGN` is for aarch64, and `api-1` runs on x86_64
  cause: `FOREIGN` is for aarch64, and `api-2` runs on x86_64

"#]],
    );

    let small = fleet().workspace().build(&["--release", "1", "--level", "1"]);
    assert_eq!(small.code, Some(0), "{}", small.stderr);
    trial.refuses(
        &["rollout", small.stdout.trim_end()],
        2,
        str![[r#"
hashing `out/small-1-x86_64.incus.tar.zst`
error: nothing was changed: 2 things are in the way
  cause: `out/small-1-x86_64.incus.tar.zst` is an image of layout `small`, and `api-1` runs layout `veza-backend-api`
  cause: `out/small-1-x86_64.incus.tar.zst` is an image of layout `small`, and `api-2` runs layout `veza-backend-api`

"#]],
    );
    fleet().workspace().write("notes.txt", "no image");
    trial.refuses(
        &["rollout", "notes.txt"],
        2,
        str![[r#"
error: `notes.txt` is neither a tar nor a squashfs
  cause: it begins with `no image`
  hint: an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too

"#]],
    );
}

#[test]
fn fleet_files_with_mistakes() {
    let trial = Trial::new(&Config::default());
    trial.write(&format!(
        "[haproxy]\nsockets = [\"tcp:127.0.0.1\"]\n\n[[pool]]\nname = \"{}\"\ninstances = [\"api-1-prev\"]\n\
         backend = \"api_pool\"\nhealthy-for = \"30\"\n",
        trial.pool
    ));
    trial.refuses(&["rollout", &wanted()], 2, str![[r#"
error: `tcp:127.0.0.1` is not a socket of HAProxy
 --> fleet.toml:2:12
  |
2 | sockets = ["tcp:127.0.0.1"]
  |            ^^^^^^^^^^^^^^^
  |
  = hint: such as "tcp:127.0.0.1:9100", "unix:/run/haproxy/admin.sock" or, from inside its container, "incus:haproxy-1/127.0.0.1:9100"

error: `backends` is missing from [[pool]]
 --> fleet.toml:4:1
  |
4 | [[pool]]
  | ^^^^^^^^
  |
  = hint: add `backends = ["api_pool"]`

error: `min-available` is missing from a [[pool]] of one
 --> fleet.toml:4:1
  |
4 | [[pool]]
  | ^^^^^^^^
  |
  = hint: nobody serves while the only instance is swapped: add `min-available = 0` if that may be

error: instance name `api-1-prev` ends with `-prev`, which a rollout keeps for itself
 --> fleet.toml:6:14
  |
6 | instances = ["api-1-prev"]
  |              ^^^^^^^^^^^^
  |
  = hint: name the one that serves, such as "api-1"

error: unknown key `backend` in [[pool]]
 --> fleet.toml:7:1
  |
7 | backend = "api_pool"
  | ^^^^^^^
  |
  = hint: did you mean `backends`?

error: `healthy-for` is `30`, without a unit
 --> fleet.toml:8:15
  |
8 | healthy-for = "30"
  |               ^^^^
  |
  = hint: such as "30s"

error: `fleet.toml` has 6 problems

"#]]);
    trial.refuses(&["rollback"], 2, str![[r#"
error: `tcp:127.0.0.1` is not a socket of HAProxy
 --> fleet.toml:2:12
  |
2 | sockets = ["tcp:127.0.0.1"]
  |            ^^^^^^^^^^^^^^^
  |
  = hint: such as "tcp:127.0.0.1:9100", "unix:/run/haproxy/admin.sock" or, from inside its container, "incus:haproxy-1/127.0.0.1:9100"

error: `backends` is missing from [[pool]]
 --> fleet.toml:4:1
  |
4 | [[pool]]
  | ^^^^^^^^
  |
  = hint: add `backends = ["api_pool"]`

error: `min-available` is missing from a [[pool]] of one
 --> fleet.toml:4:1
  |
4 | [[pool]]
  | ^^^^^^^^
  |
  = hint: nobody serves while the only instance is swapped: add `min-available = 0` if that may be

error: instance name `api-1-prev` ends with `-prev`, which a rollout keeps for itself
 --> fleet.toml:6:14
  |
6 | instances = ["api-1-prev"]
  |              ^^^^^^^^^^^^
  |
  = hint: name the one that serves, such as "api-1"

error: unknown key `backend` in [[pool]]
 --> fleet.toml:7:1
  |
7 | backend = "api_pool"
  | ^^^^^^^
  |
  = hint: did you mean `backends`?

error: `healthy-for` is `30`, without a unit
 --> fleet.toml:8:15
  |
8 | healthy-for = "30"
  |               ^^^^
  |
  = hint: such as "30s"

error: `fleet.toml` has 6 problems

"#]]);
}

#[test]
fn a_rollback_without_a_way_back() {
    let trial = Trial::new(&Config::default());
    trial.refuses(
        &["rollback"],
        3,
        str![[r#"
error: nothing was changed: 2 things are in the way
  cause: `api-1` has no container from before: there is no `api-1-prev`
  cause: `api-2` has no container from before: there is no `api-2-prev`

"#]],
    );
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_is_in_the_way() {
    let mut trial = Trial::new(&Config::default());
    let (image, file) = (wanted(), trial.file());
    trial.show(image.clone(), "FINGERPRINT");
    trial.show(Recipe::good("1.0.0").imported(), "BEFORE");
    let before = trial.found();
    let dry = |more: &[&str]| trial.veza.command(&[&["rollout", &image, "--dry-run", "--fleet", &file], more].concat());

    let done = dry(&[]);
    assert_data_eq!(
        squeezed(&trial.told(&done.stdout)),
        str![[r#"
INSTANCE FROM TO STEPS ABOUT
api-1 1.0.0 2.0.0 stage drain maintenance stop swap carry start health ready settle commit 45.0 s
api-2 1.0.0 2.0.0 stage drain maintenance stop swap carry start health ready settle commit 45.0 s

"#]]
    );
    assert_data_eq!(
        trial.told(&done.stderr),
        str![[r#"
       about  1 min 30 s

"#]]
    );
    assert_eq!(done.code, Some(0));

    let json = dry(&["--json"]);
    assert_eq!((&*json.stderr, json.code), ("", Some(0)));
    let plan: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_data_eq!(
        trial.told(&serde_json::to_string_pretty(&plan).unwrap()),
        str![[r#"
{
  "image": {
    "fingerprint": "FINGERPRINT",
    "release": "2.0.0"
  },
  "imports": false,
  "kind": "rollout",
  "notes": [],
  "pools": [
    {
      "instances": [
        {
          "estimate": 45.0,
          "from": {
            "fingerprint": "BEFORE",
            "release": "1.0.0"
          },
          "instance": "api-1",
          "steps": [
            "stage",
            "drain",
            "maintenance",
            "stop",
            "swap",
            "carry",
            "start",
            "health",
            "ready",
            "settle",
            "commit"
          ],
          "to": {
            "fingerprint": "FINGERPRINT",
            "release": "2.0.0"
          }
        },
        {
          "estimate": 45.0,
          "from": {
            "fingerprint": "BEFORE",
            "release": "1.0.0"
          },
          "instance": "api-2",
          "steps": [
            "stage",
            "drain",
            "maintenance",
            "stop",
            "swap",
            "carry",
            "start",
            "health",
            "ready",
            "settle",
            "commit"
          ],
          "to": {
            "fingerprint": "FINGERPRINT",
            "release": "2.0.0"
          }
        }
      ],
      "min_available": 1,
      "pool": "api"
    }
  ]
}
"#]]
    );
    assert_eq!(json.stdout.lines().count(), 1);

    trial.tell(&format!("set server {} state drain", trial.server(1)));
    let drained = trial.found();
    let done = dry(&["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&done.stdout).unwrap(), plan);
    assert_data_eq!(
        trial.told(&done.stderr),
        str![[r#"
error: nothing was changed: 1 thing is in the way
  cause: server `api_pool/api-2` of `tcp:127.0.0.1:9100` is DRAIN, and not UP with its full share
  hint: `set server api_pool/api-2 state ready` on the socket, if nobody wants it out any more

"#]]
    );
    assert_eq!(done.code, Some(3));
    assert_eq!(trial.found(), drained);
    trial.tell(&format!("set server {} state ready", trial.server(1)));
    assert_eq!(trial.found(), before);
    assert_eq!(
        Lab::shared()
            .query("/1.0/profiles")
            .as_array()
            .unwrap()
            .iter()
            .filter(|name| name.as_str().unwrap().contains(&trial.pool))
            .count(),
        0
    );
}
