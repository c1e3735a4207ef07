//! What only this reader does; that it reads what Ansible reads is for the integration tests.

use super::*;

fn read(files: &[(&str, &str)]) -> Result<Inventory> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Inventory::read(&directory.path().join("lab.yml"))
}

/// What is said of it, without the directory that it lies in.
fn error(text: &str) -> String {
    let error = read(&[("lab.yml", text)]).unwrap_err().to_string();
    let (before, after) = error.split_once("/tmp/").unwrap();
    format!("{before}{}", after.split_once('/').unwrap().1)
}

#[test]
fn hosts_stand_in_the_order_of_the_file() {
    let text = "all:\n  children:\n    b:\n      hosts: {z: , \"a-[3:1]\": }\n";
    assert_eq!(
        read(&[("lab.yml", text)]).unwrap().hosts_of("b"),
        Some(vec!["z"]),
        "a range that ends before it begins has nobody in it, as with Ansible"
    );
    let text = "web:\n  hosts: {z: , \"m-[01:03]\": , a: }\n  children: {more: {hosts: {b: , z: }}}\n";
    let inventory = read(&[("lab.yml", text)]).unwrap();
    assert_eq!(inventory.hosts_of("web").unwrap(), ["z", "m-01", "m-02", "m-03", "a", "b"]);
    assert_eq!(inventory.hosts_of("nobody"), None);
}

#[test]
fn every_problem_is_told_at_once() {
    let text =
        "a:\n  hosts: {'x[1:': , 'y[5:]': , 'z[1:99999999]': }\n  children: {b: {children: {a: }}}\n  vars: [1]\n";
    assert_eq!(
        error(text),
        "`lab.yml` is no inventory that Ansible would take\n\
         cause: `vars` of the group `a` is no mapping\n\
         cause: the group `b` is below `a` and above it\n\
         cause: the host pattern `x[1:` has a `[` without a `]`\n\
         cause: the host pattern `y[5:]` has `[5:]`, a range without an end\n\
         cause: the host pattern `z[1:99999999]` stands for more than 10000 hosts"
    );
    assert!(
        error("a: {hosts: {1: }}\n").contains("cause: the key `1` of the hosts of `a` is no name: write it in quotes")
    );
    assert!(error("").contains("cause: it is empty"));
    assert!(error("[a]\n").contains("cause: it is no mapping of groups"));
    assert!(error("plugin: community.general.incus\n").contains("it configures a plugin"));
    assert!(error("a: {\n").starts_with("`lab.yml` is no YAML"));
    assert!(error("$ANSIBLE_VAULT;1.1;AES256\n3132\n").contains("is encrypted by ansible-vault"));
}

#[test]
fn what_is_vaulted_is_never_kept() {
    let secret = "!vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          36313033\n";
    let text = format!("a:\n  hosts:\n    h:\n      deep:\n        - {secret}      token: {secret}");
    let inventory = read(&[
        ("lab.yml", &text),
        ("group_vars/a/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n36313033\n"),
        ("group_vars/a/plain.yml", "port: 8080\n"),
    ])
    .unwrap();
    let variables = inventory.variables_of("h").unwrap();
    assert_eq!((variables["token"].clone(), variables["port"].text()), (Value::Vaulted, Some("8080")));
    assert!(!format!("{variables:?}").contains("3631"), "{variables:?}");
    assert_eq!(inventory.notes.len(), 1);
    assert!(inventory.notes[0].ends_with("group_vars/a/vault.yml` is encrypted by ansible-vault and left unread"));
}

/// A name is whatever somebody wrote, and no path.
#[test]
fn the_variables_of_a_name_that_leads_elsewhere_are_not_read() {
    let inventory = read(&[
        ("lab.yml", "'../secrets':\n  hosts: {'../secrets': , h: }\n"),
        ("secrets.yml", "found: true\n"),
        ("group_vars/.keep", ""),
        ("host_vars/.keep", ""),
    ])
    .unwrap();
    assert_eq!(inventory.variables_of("../secrets").unwrap(), Variables::new());
    assert_eq!(inventory.variables_of("h").unwrap(), Variables::new());
}

#[test]
fn a_name_is_placed_where_it_stands_whole() {
    let text = "a:\n  vars: {first: api-1x, secret: hunter2}\n  hosts:\n    api-10:\n    \"api-1\": {password: hunter2}\n    web-[1:2]:\n\
                b: {hosts: {api-1: {password: hunter2}}}\nc:\n  hosts: lone\n";
    let inventory = read(&[("lab.yml", text)]).unwrap();
    let place = |group, host| inventory.place_of(group, host);
    assert_eq!(place("a", "api-1").line_column(), (5, 6));
    assert_eq!(place("b", "api-1").line_column(), (7, 13));
    assert_eq!(place("a", "web-2").line_column(), (6, 5));
    assert_eq!(place("c", "lone").line_column(), (9, 10));
    assert_eq!(place("c", "nobody").line_column(), (1, 1));
    // A message shows the line of its place.
    let shown = place("b", "api-1").source.text.clone();
    assert_eq!((shown.trim(), shown.matches('\n').count()), ("api-1", 6));
}
