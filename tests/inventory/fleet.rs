//! Fleets out of inventories: what the layouts and an inventory give, and what they do not.

use snapbox::{IntoData, assert_data_eq, str};
use vezaimg::inventory::Inventory;
use vezaimg::rollout::fleet::from_inventory;

use crate::support::workspace::{LAYOUT, Workspace};

/// A fleet of the layouts in `layouts/`: of each that is one, also of those that another one extends; no half-written one is
/// in the way.
#[test]
fn every_layout_that_lies_about_counts_and_a_broken_one_is_told() {
    let workspace = Workspace::new();
    let pool = |name: &str| format!("\n[pool]\nname = \"{name}\"\ngroup = \"{name}_instances\"\nmin-available = 0\n");
    let balancers = "backends = [\"b\"]\nbalancers = \"haproxy\"\nsocket = \"127.0.0.1:9100\"\n";
    workspace.write("layouts/api.toml", format!("{LAYOUT}{}{balancers}", pool("api")));
    workspace.write("layouts/canary.toml", format!("[extends]\nlayout = \"api.toml\"\n{}", pool("canary")));
    workspace.write("layouts/slow.toml", "[extends]\nlayout = \"api.toml\"\n\n[pool]\nhealthy-for = \"5min\"\n");
    workspace.write("layouts/part.toml", "[network]\ninterface = \"eth0\"\n");
    workspace.write(
        "layouts/whole.toml",
        format!("[extends]\nlayout = \"part.toml\"\n{}", LAYOUT.replace("[network]\ninterface = \"eth0\"\n", "")),
    );
    workspace.write("layouts/wip.toml", "[image]\n");
    workspace.write(
        "lab.yml",
        "haproxy: {hosts: {lb: }}\napi_instances: {hosts: {a: }}\ncanary_instances: {hosts: {c: }}\n",
    );
    let unknown = workspace.run(["status", "--inventory", "lab.yml", "--pool", "nobody"]);
    assert_data_eq!(
        unknown.stderr,
        str![[r#"
warning: `layouts/wip.toml` has 2 problems and is left out: `vezaimg check --layout layouts/wip.toml`
error: `lab.yml` has no pool `nobody`
  hint: its pools are `canary`, `api`

"#]]
        .raw()
    );
    assert_eq!(unknown.code, Some(2));
}

#[test]
fn a_layout_says_where_clients_come_in() {
    let workspace = Workspace::new();
    let pool =
        "name = \"api\"\ngroup = \"api\"\nbackends = [\"b\"]\nbalancers = \"haproxy\"\nsocket = \"127.0.0.1:9100\"\n";
    workspace.write("api.toml", format!("{LAYOUT}\n[pool]\n{pool}entry = \"http://lb.example\"\n"));
    workspace.write("lab.yml", "haproxy: {hosts: {lb: }}\napi: {hosts: {a: , b: }}\n");
    let inventory = Inventory::read(&workspace.join("lab.yml")).unwrap();
    let (pools, _) = vezaimg::layout::pools(&[workspace.join("api.toml")]).unwrap();
    let fleet = from_inventory(&inventory, pools, &[], Vec::new()).unwrap();
    assert_eq!(fleet.pools[0].entry.as_ref().unwrap().to_string(), "http://lb.example");
}

/// What `vezaimg status` says of an inventory that gives no fleet, where there are no layouts but those of the program.
fn refused(inventory: &str, arguments: &[&str], expected: impl IntoData) {
    let workspace = Workspace::new();
    workspace.write("lab.yml", inventory);
    let refused = workspace.run(["status", "--inventory", "lab.yml"].iter().chain(arguments));
    assert_data_eq!(refused.stderr, expected.into_data().raw());
    assert_eq!((refused.stdout.as_str(), refused.code), ("", Some(2)));
}

#[test]
fn an_inventory_without_the_groups_of_the_layouts_is_no_fleet() {
    refused(
        "all:\n  children:\n    web: {hosts: {a: , b: }}\n",
        &[],
        str![[r#"
error: `lab.yml` has no host in `backend_api_instances`, `stream_server_instances`, `haproxy`, `my_service_instances`
  hint: a layout names the group of its containers in `[pool]`; other layouts are named with `--layout`

"#]],
    );
    refused(
        "all:\n  children:\n    web: {hosts: {a: , b: }}\n",
        &["--layout", "layout.toml"],
        str![[r#"
error: no layout has a `[pool]`, which would name a group of the inventory
  hint: a layout names the group of its containers in `[pool]`; other layouts are named with `--layout`

"#]],
    );
}

#[test]
fn everything_that_makes_no_sound_fleet_is_told() {
    let text = "backend_api_instances:
  vars:
    ansible_incus_remote: lab
  hosts:
    backend-api-1:
    backend_api_2: {ansible_password: hunter2}
    backend-api-3-prev:
stream_server_instances:
  hosts:
    backend-api-1:
      ansible_incus_remote: '{{ remote }}'
";
    refused(
        text,
        &[],
        str![[r#"
error: `lab.yml` has no host in `haproxy`, the group of HAProxy
   --> <embedded>/service.toml:100:13
    |
100 | balancers = "haproxy"
    |             ^^^^^^^^^
    |
    = hint: `balancers` in [pool] names it

error: `ansible_incus_remote` of `backend-api-1` is no plain text, which alone can be read here
 --> lab.yml:5:5
  |
5 |     backend-api-1
  |     ^^^^^^^^^^^^^
  |
  = hint: write it as it is, without a template or a vault

error: `ansible_incus_remote` of `backend-api-1` is no plain text, which alone can be read here
  --> lab.yml:10:5
   |
10 |     backend-api-1
   |     ^^^^^^^^^^^^^
   |
   = hint: write it as it is, without a template or a vault

error: `backend_api_2` is not the name of an instance
 --> lab.yml:6:5
  |
6 |     backend_api_2
  |     ^^^^^^^^^^^^^
  |
  = hint: a letter, then letters, digits and `-`, with no `-` at the end

error: instance name `backend-api-3-prev` ends with `-prev`, which a rollout keeps for itself
 --> lab.yml:7:5
  |
7 |     backend-api-3-prev
  |     ^^^^^^^^^^^^^^^^^^
  |
  = hint: name the one that serves, such as "backend-api-3"

error: `min-available` is missing from a [[pool]] of one
  --> <embedded>/service.toml:96:1
   |
96 | [pool]
   | ^^^^^^
   |
   = hint: nobody serves while the only instance is swapped: add `min-available = 0` if that may be

error: instance `backend-api-1` is in two pools
  --> lab.yml:10:5
   |
10 |     backend-api-1
   |     ^^^^^^^^^^^^^
   |
   = hint: first at lab.yml:5:5

error: `lab.yml` has 7 problems

"#]],
    );
}

#[test]
fn a_fleet_comes_from_one_of_two_places() {
    let workspace = Workspace::new();
    let neither = workspace.run(["status"]);
    assert_data_eq!(
        neither.stderr,
        str![[r#"
error: the following required arguments were not provided:
  <--fleet <FILE>|--inventory <FILE>>

Usage: vezaimg status <--fleet <FILE>|--inventory <FILE>>

For more information, try '--help'.

"#]]
        .raw()
    );
    let both = workspace.run(["status", "--fleet", "fleet.toml", "--inventory", "lab.yml"]);
    assert_data_eq!(
        both.stderr,
        str![[r#"
error: the argument '--fleet <FILE>' cannot be used with '--inventory <FILE>'

Usage: vezaimg status <--fleet <FILE>|--inventory <FILE>>

For more information, try '--help'.

"#]]
        .raw()
    );
    assert_eq!((neither.code, both.code), (Some(2), Some(2)));
}

#[test]
fn a_fleet_is_in_one_project_of_one_remote_that_incus_may_have() {
    let text = |api: &str, lb: &str| {
        format!("haproxy: {{hosts: {{lb: {lb}}}}}\nbackend_api_instances: {{hosts: {{a: {api}, b: {api}}}}}\n")
    };
    refused(
        &text("{ansible_incus_remote: edge}", ""),
        &[],
        str![[r#"
error: `ansible_incus_remote` of `lb` is `local`, and that of `a` is `edge`
 --> lab.yml:1:19
  |
1 |                   lb
  |                   ^^
  |
  = hint: one fleet is in one project of one remote

error: `lab.yml` has 1 problem

"#]],
    );
    refused(
        &text("{ansible_incus_project: a/b}", "{ansible_incus_project: a/b}"),
        &[],
        str![[r#"
error: `ansible_incus_project` of `a` is `a/b`, which cannot be
 --> lab.yml:2:33
  |
2 | ...                   a
  |                       ^
  |
  = hint: as `incus project list` shows it

error: `lab.yml` has 1 problem

"#]],
    );
}
