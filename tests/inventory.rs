//! Inventories, as Ansible's own tools read them.

mod fleet;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use vezaimg::inventory::{self, Inventory};

/// An inventory and what lies beside it, by path.
type Files = &'static [(&'static str, &'static str)];

/// The platform's own, and nine others that go about it in another way.
const INVENTORIES: [(&str, Files); 10] = [
    (
        "the lab",
        &[(
            "lab.yml",
            "all:
  vars:
    ansible_connection: community.general.incus
    ansible_incus_remote: lab
  children:
    haproxy:
      hosts:
        haproxy:
          ansible_host: 10.100.0.10
    backend_api_instances:
      hosts:
        backend-api-[1:2]:
      vars:
        backend_api_listen_port: 8080
    stream_server_instances:
      hosts:
        stream-server-1: {ansible_host: 10.100.0.31}
        stream-server-2: {ansible_host: 10.100.0.32}
",
        )],
    ),
    (
        "groups at the top, in no order",
        &[(
            "lab.yml",
            "web:\n  hosts: {z: , a: , m: }\nall:\n  hosts: {lone: {color: red}}\n  vars: {color: blue}\ndb:\n  hosts:\n    d[a:c]:\n    D[X:Z]:\n",
        )],
    ),
    (
        "ranges of all kinds",
        &[(
            "lab.yml",
            "r:\n  hosts:\n    web[01:10:3]:\n    x[0:2]y[a:b]:\n    n[:3]:\n    w[008:011].example.net:2222:\n    one[7:7]:\n    none[3:1]:\n    '[2001:db8::1]:22':\n    10.0.0.[1:2]:\n",
        )],
    ),
    (
        "a group below several others",
        &[(
            "lab.yml",
            "all:\n  children:\n    site_a:\n      vars: {who: a, a: 1}\n      children:\n        api:\n          vars: {who: api}\n          hosts: {h1: }\n    site_b:\n      vars: {who: b, b: 1}\n      children:\n        middle:\n          vars: {who: middle, m: 1}\n          children:\n            api:\n              vars: {api: 1}\n              hosts: {h2: {who: me}}\n",
        )],
    ),
    (
        "priorities among equals",
        &[
            (
                "lab.yml",
                "x:\n  vars: {c: x, d: x, ansible_group_priority: 10}\n  hosts: {h: }\ny:\n  vars: {c: y, d: y}\n  hosts: {h: }\nz:\n  vars: {d: z, ansible_group_priority: 10}\n  hosts: {h: , i: }\nw:\n  vars: {d: w, ansible_group_priority: 0}\n  hosts: {i: }\nv:\n  vars: {d: v}\n  hosts: {i: }\n",
            ),
            ("group_vars/v.yml", "ansible_group_priority: 50\n"),
        ],
    ),
    (
        "variables beside it",
        &[
            (
                "lab.yml",
                "api:\n  vars: {from: inventory, only: inventory}\n  hosts:\n    h1: {host: inventory, both: inventory}\n    h2:\n",
            ),
            ("group_vars/all.yml", "from: all beside\neverywhere: 1\n"),
            ("group_vars/api/10-first.yml", "from: first\nfirst: 1\n"),
            ("group_vars/api/20-second.yaml", "from: second\n"),
            ("group_vars/api/deeper/x.json", "{\"deeper\": true}"),
            ("group_vars/api/notes.txt", "no: variables\n"),
            ("group_vars/api/.hidden.yml", "hidden: 1\n"),
            ("group_vars/api/old.yml~", "backup: 1\n"),
            ("host_vars/h1.yml", "both: beside\n"),
            ("host_vars/h2", "plain: file\n"),
        ],
    ),
    (
        "names alone, and nothing at all",
        &[(
            "lab.yml",
            "a:\n  hosts: just-one\n  children: b\nb:\nc:\n  hosts:\n  children:\n  vars:\nd:\n  hosts: {'1': , '2': {n: 1}}\n",
        )],
    ),
    (
        "anchors and merge keys",
        &[(
            "lab.yml",
            "a:\n  hosts:\n    h1: &common\n      color: red\n      list: [1, two, {three: 3}]\n    h2:\n      <<: *common\n      color: blue\n    h3: *common\n    h4: {<<: [{color: first, x: 1}, {color: second, y: 2}], own: 1}\nb:\n  vars: &base {one: 1, two: base}\nc:\n  vars: &more {<<: *base, two: more}\nd:\n  vars: {<<: *more, three: 3}\n  hosts: {h1: }\n",
        )],
    ),
    (
        "vaulted values, unsafe ones and templates",
        &[(
            "lab.yml",
            "a:\n  vars:\n    template: '{{ other }}'\n    other: !unsafe 'a {{ b }}'\n    secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      33313033\n  hosts:\n    h: {empty: , text: \"\", number: 1.50, 'yes': 'yes', 'no': false}\n",
        )],
    ),
    (
        "what Ansible warns of",
        &[(
            "lab.yml",
            "a:\n  hosts: {h: }\n  hostss: {x: }\nb: not a group\nc-d:\n  hosts: {h: , ungrouped: }\nungrouped:\n  hosts: {h: , other: }\n",
        )],
    ),
];

/// `ansible-inventory`, and `ansible`, without a configuration of the machine's.
fn ansible(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", directory).env("LC_ALL", "C.UTF-8");
    command.env("ANSIBLE_LOCALHOST_WARNING", "false").current_dir(directory).args(["-i", "lab.yml"]);
    command
}

fn written(files: Files) -> tempfile::TempDir {
    let directory = tempfile::TempDir::with_prefix("vezaimg-inventory-").unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

fn ran(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A value as text. Ansible's YAML is 1.1, where `yes` and `on` are true too: that is not told apart here.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(tagged) if tagged.contains_key("__ansible_unsafe") => text(&tagged["__ansible_unsafe"]),
        Value::Object(tagged) if tagged.contains_key("__ansible_vault") => "VAULTED".to_owned(),
        Value::Array(_) | Value::Object(_) => "STRUCTURED".to_owned(),
        plain => plain.to_string(),
    }
}

fn our_text(value: &inventory::Value) -> String {
    match value {
        inventory::Value::Plain(text) => text.clone(),
        inventory::Value::Structured => "STRUCTURED".to_owned(),
        inventory::Value::Vaulted => "VAULTED".to_owned(),
    }
}

/// The hosts of a group and of those below it, out of what `ansible-inventory --list` prints.
fn their_hosts(list: &Value, group: &str, into: &mut BTreeSet<String>) {
    let names =
        |key: &str| list[group][key].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned());
    into.extend(names("hosts"));
    names("children").for_each(|child| their_hosts(list, &child, into));
}

#[test]
fn groups_hosts_and_variables_are_what_ansible_says() {
    for (name, files) in INVENTORIES {
        let directory = written(files);
        let mut list = ansible("ansible-inventory", directory.path());
        list.arg("--list");
        let list: Value = serde_json::from_str(&ran(list)).unwrap();
        let ours = Inventory::read(&directory.path().join("lab.yml")).unwrap();

        for group in ours.groups() {
            let mut theirs = BTreeSet::new();
            their_hosts(&list, group, &mut theirs);
            let hosts: BTreeSet<_> = ours.hosts_of(group).unwrap().into_iter().map(str::to_owned).collect();
            assert_eq!(hosts, theirs, "{name}: the group `{group}`: {list:#}");
        }
        let known: BTreeSet<_> = ours.groups().collect();
        let groups = list.as_object().unwrap().keys().map(String::as_str).filter(|group| *group != "_meta");
        groups.for_each(|group| assert!(known.contains(group), "{name}: there is no group `{group}`"));

        for host in ours.hosts_of("all").unwrap() {
            let theirs: BTreeMap<String, String> = list["_meta"]["hostvars"][host]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), text(value)))
                .collect();
            let variables = ours.variables_of(host).unwrap();
            let variables: BTreeMap<_, _> =
                variables.iter().map(|(key, value)| (key.clone(), our_text(value))).collect();
            assert_eq!(variables, theirs, "{name}: the host `{host}`");
        }
    }
}

/// A rollout goes from one to the next in it.
#[test]
fn the_hosts_of_a_group_stand_in_ansibles_order() {
    for (index, group) in [(0, "all"), (1, "web"), (2, "r"), (3, "all"), (5, "api")] {
        let (name, files) = INVENTORIES[index];
        let directory = written(files);
        let mut hosts = ansible("ansible", directory.path());
        hosts.args([group, "--list-hosts"]);
        let printed = ran(hosts);
        let theirs: Vec<_> = printed.lines().skip(1).map(str::trim).collect();
        let ours = Inventory::read(&directory.path().join("lab.yml")).unwrap();
        assert_eq!(ours.hosts_of(group).unwrap(), theirs, "{name}: the group `{group}`");
    }
}

/// Ansible reads no pipe and no link that leads nowhere, and neither waits nor stops for one.
#[test]
fn what_is_no_file_beside_an_inventory_is_nobodys() {
    let directory = written(&[("lab.yml", "a: {hosts: {h: }}\n"), ("group_vars/a/plain.yml", "x: 1\n")]);
    let beside = directory.path().join("group_vars/a");
    std::os::unix::fs::symlink("nowhere", beside.join("gone.yml")).unwrap();
    assert!(Command::new("mkfifo").arg(beside.join("pipe.yml")).status().unwrap().success());
    let inventory = Inventory::read(&directory.path().join("lab.yml")).unwrap();
    assert_eq!(inventory.variables_of("h").unwrap().len(), 1);
}

#[test]
fn what_ansible_would_skip_is_told() {
    let (_, files) = INVENTORIES[9];
    let directory = written(files);
    let inventory = Inventory::read(&directory.path().join("lab.yml")).unwrap();
    assert_eq!(
        inventory.notes,
        [
            "`hostss` in the group `a` is none of `hosts`, `children`, `vars`",
            "`b` is no group: it is neither empty nor a mapping"
        ]
    );
}
