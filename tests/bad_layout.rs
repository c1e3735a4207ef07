//! Every mistake in a layout: the exact message, exit code 2, nothing left in `out/`.

use snapbox::{IntoData, str};

use crate::support::workspace::{LAYOUT, Workspace};

/// Builds from the small layout with one piece changed, and compares all that is printed.
fn refused(from: &str, to: &str, expected: impl IntoData) {
    let workspace = Workspace::new();
    workspace.change_layout(from, to);
    refused_in(&workspace, &[], expected);
}

fn refused_in(workspace: &Workspace, arguments: &[&str], expected: impl IntoData) {
    workspace.refuses(arguments, expected);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    refused(
        "description = \"Small\"",
        "descripton = \"Small\"",
        str![[r#"
error: unknown key `descripton` in [image]
 --> layout.toml:3:1
  |
3 | descripton = "Small"
  | ^^^^^^^^^^
  |
  = hint: did you mean `description`?

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn an_unknown_table_is_named() {
    refused(
        "[network]",
        "[netwrok]",
        str![[r#"
error: unknown key `netwrok` in the layout
  --> layout.toml:48:2
   |
48 | [netwrok]
   |  ^^^^^^^
   |
   = hint: did you mean `network`?

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_value_of_the_wrong_type_says_which_is_expected() {
    refused(
        "gid = 1001",
        "gid = [1001]",
        str![[r#"
error: `gid` is a list, expected a whole number
  --> layout.toml:12:7
   |
12 | gid = [1001]
   |       ^^^^^^
   |
   = hint: such as `gid = 1001`

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_mode_without_quotes_is_told_to_be_text() {
    refused(
        "mode = \"0750\"",
        "mode = 755",
        str![[r#"
error: `mode` is a whole number, expected a string
  --> layout.toml:26:8
   |
26 | mode = 755
   |        ^^^
   |
   = hint: a mode is text of four octal digits, such as "0755"

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_mode_with_a_leading_zero_and_no_quotes_is_told_to_be_text() {
    refused(
        "mode = \"0750\"",
        "mode = 0750",
        str![[r#"
error: unexpected leading zero, expected nothing
  --> layout.toml:26:8
   |
26 | mode = 0750
   |        ^
   |
   = hint: a mode is text: write it in quotes, such as "0755"

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_mode_that_is_not_octal_is_refused() {
    refused(
        "mode = \"0750\"",
        "mode = \"0999\"",
        str![[r#"
error: mode `0999` is not four octal digits
  --> layout.toml:26:8
   |
26 | mode = "0999"
   |        ^^^^^^
   |
   = hint: a mode is text of four octal digits, such as "0755"

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_path_that_stands_twice_names_the_first_place() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"/opt/app\"",
        str![[r#"
error: path `/opt/app` stands twice
  --> layout.toml:29:8
   |
29 | path = "/opt/app"
   |        ^^^^^^^^^^
   |
   = hint: first at layout.toml:19:8

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn two_users_with_one_uid_are_refused() {
    refused(
        "[[directory]]\npath = \"/opt/app\"",
        "[[user]]\nname = \"other\"\nuid = 1001\ngroup = \"app\"\n\n[[directory]]\npath = \"/opt/app\"",
        str![[r#"
error: users `app` and `other` have the same uid 1001
  --> layout.toml:20:7
   |
20 | uid = 1001
   |       ^^^^
   |
   = hint: give each a number of its own

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_user_that_is_declared_twice_is_refused() {
    refused(
        "[[directory]]\npath = \"/opt/app\"",
        "[[user]]\nname = \"app\"\nuid = 1002\n\n[[directory]]\npath = \"/opt/app\"",
        str![[r#"
error: user `app` is declared twice
  --> layout.toml:19:8
   |
19 | name = "app"
   |        ^^^^^
   |
   = hint: first at layout.toml:15:8

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn an_owner_that_is_not_declared_is_refused() {
    refused(
        "owner = \"{{ user }}\"",
        "owner = \"ap\"",
        str![[r#"
error: user `ap` is not declared
  --> layout.toml:24:9
   |
24 | owner = "ap"
   |         ^^^^
   |
   = hint: did you mean `app`?

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_relative_path_is_refused() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"etc/app/app.conf\"",
        str![[r#"
error: path `etc/app/app.conf` is not absolute
  --> layout.toml:29:8
   |
29 | path = "etc/app/app.conf"
   |        ^^^^^^^^^^^^^^^^^^
   |
   = hint: write it from the root of the image, such as "/etc/veza"

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_path_with_dots_is_refused() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"/etc/app/../app.conf\"",
        str![[r#"
error: path `/etc/app/../app.conf` has a `..` component
  --> layout.toml:29:8
   |
29 | path = "/etc/app/../app.conf"
   |        ^^^^^^^^^^^^^^^^^^^^^^
   |
   = hint: write it from the root of the image, such as "/etc/veza"

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_path_below_a_file_is_refused() {
    refused(
        "path = \"/usr/local/bin/app\"",
        "path = \"/etc/app/app.conf/app\"",
        str![[r#"
error: path `/etc/app/app.conf/app` lies below `/etc/app/app.conf`, which is not a directory
  --> layout.toml:34:8
   |
34 | path = "/etc/app/app.conf/app"
   |        ^^^^^^^^^^^^^^^^^^^^^^^
   |
   = hint: `/etc/app/app.conf` comes from layout.toml:29:8

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_path_that_vezaimg_writes_itself_is_refused() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"/etc/passwd\"",
        str![[r#"
error: path `/etc/passwd` is written by vezaimg itself
  --> layout.toml:29:8
   |
29 | path = "/etc/passwd"
   |        ^^^^^^^^^^^^^
   |
   = hint: declare accounts as [[user]] and [[group]]

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_path_that_the_kernel_mounts_over_is_refused() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"/run/app.conf\"",
        str![[r#"
error: path `/run/app.conf` lies in `/run`, which an image cannot fill
  --> layout.toml:29:8
   |
29 | path = "/run/app.conf"
   |        ^^^^^^^^^^^^^^^
   |
   = hint: `/run` is empty at every start: use `RuntimeDirectory=` in [unit.overrides]

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn an_undefined_variable_is_marked_where_it_stands() {
    refused(
        "content = \"port = {{ port }}\\n\"",
        "content = \"port = {{ prot }}\\n\"",
        str![[r#"
error: undefined variable `prot`
  --> layout.toml:31:22
   |
31 | content = "port = {{ prot }}\n"
   |                      ^^^^
   |
   = hint: did you mean `port`?

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_misspelt_variable_of_set_is_refused() {
    refused_in(
        &Workspace::new(),
        &["--set", "prot=1"],
        str![[r#"
error: the layout has no variable `prot`
 --> --set:1:1
  |
1 | prot=
  | ^^^^
  |
  = hint: did you mean `port`?

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_value_of_set_has_the_default_s_type() {
    refused_in(
        &Workspace::new(),
        &["--set", "port=http"],
        str![[r#"
error: variable `port` is not a whole number
 --> --set:1:6
  |
1 | port=
  |      ^

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_template_in_a_file_of_variables_is_left_to_ansible() {
    let workspace = Workspace::new();
    workspace.write("group_vars.yml", "unrelated: 1\nuser: \"{{ veza_user }}\"\nprot: 9\nport: !vault |\n  abc\n");
    refused_in(
        &workspace,
        &["--vars", "group_vars.yml"],
        str![[r#"
error: variable `user` holds a template, which only Ansible can render
--> group_vars.yml:2:1
 = hint: give its value with `--set user=…`

warning: `prot` is not a variable of the layout and is not used
--> group_vars.yml:3:1
 = hint: did you mean `port`?

error: variable `port` is not a whole number
--> group_vars.yml:4:1
 = hint: vaulted and structured values cannot enter an image; give a plain one with `--set`

error: `layout.toml` has 2 problems

"#]],
    );
}

#[test]
fn a_private_key_never_enters_the_image() {
    refused(
        "content = \"port = {{ port }}\\n\"",
        "content = \"\"\"\n-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n\"\"\"",
        str![[r#"
error: `/etc/app/app.conf` holds a private key in line 1, and secrets never enter an image
--> layout.toml:29:8
 = hint: push it into the container, and name it in `[[keep]]` so that it outlives a swap; or say why it may be there with `--allow-secret /etc/app/app.conf=REASON`

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn an_env_file_never_enters_the_image() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"/etc/app/app.env\"",
        str![[r#"
error: `/etc/app/app.env` is an environment file, and secrets never enter an image
--> layout.toml:29:8
 = hint: push it into the container, and name it in `[[keep]]` so that it outlives a swap; or say why it may be there with `--allow-secret /etc/app/app.env=REASON`

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn an_ssh_host_key_never_enters_the_image() {
    refused(
        "path = \"/etc/app/app.conf\"",
        "path = \"/etc/ssh/ssh_host_ed25519_key\"",
        str![[r#"
error: `/etc/ssh/ssh_host_ed25519_key` is an SSH host key, and secrets never enter an image
--> layout.toml:29:8
 = hint: push it into the container, and name it in `[[keep]]` so that it outlives a swap; or say why it may be there with `--allow-secret /etc/ssh/ssh_host_ed25519_key=REASON`

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_syntax_error_has_its_place() {
    refused(
        "[network]",
        "[network",
        str![[r#"
error: unclosed table, expected `]`
  --> layout.toml:48:9
   |
48 | [network
   |         ^

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_directive_that_systemd_does_not_know_is_refused() {
    refused(
        "[network]",
        "[unit.overrides]\nRestrt = \"always\"\nProtectHome = \"maybe\"\n\n[network]",
        str![[r#"
error: `[Service]` has no directive `Restrt=`
  --> layout.toml:49:1
   |
49 | Restrt = "always"
   | ^^^^^^
   |
   = hint: write `Restart=`

error: `ProtectHome=` takes `yes`, `no`, `read-only` or `tmpfs`, not `maybe`
  --> layout.toml:50:1
   |
50 | ProtectHome = "maybe"
   | ^^^^^^^^^^^

error: `layout.toml` has 2 problems

"#]],
    );
}

#[test]
fn a_program_that_is_not_in_the_image_is_refused() {
    refused(
        "exec = \"/opt/app/app\"",
        "exec = \"/opt/app/server\"",
        str![[r#"
reading the base `base.tar`
error: `exec` names `/opt/app/server`, which is neither in the layout nor in the base
  --> layout.toml:43:8
   |
43 | exec = "/opt/app/server"
   |        ^^^^^^^^^^^^^^^^^
   |
   = hint: the binary is `/opt/app/app`

error: the unit `app.service` cannot run as it is

"#]],
    );
}

#[test]
fn a_write_path_that_is_not_the_user_s_is_refused() {
    refused(
        "write-paths = [\"/var/log/app\"]",
        "write-paths = [\"/var/log/app\", \"/opt/app\", \"/srv\"]",
        str![[r#"
error: `write-paths` names `/opt/app`, which belongs to uid 0 and not to the unit's user `app`
  --> layout.toml:46:32
   |
46 | write-paths = ["/var/log/app", "/opt/app", "/srv"]
   |                                ^^^^^^^^^^
   |
   = hint: give the directory `owner = "app"`

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_text() {
    let workspace = Workspace::new();
    let broken = LAYOUT.replace("uid = 1001", "uid = 0").replace("mode = \"0644\"", "mode = \"644\"");
    workspace.write("layout.toml", broken.replace("how = \"volume\"", "how = \"copy\""));
    refused_in(
        &workspace,
        &["--set", "nothing"],
        str![[r#"
error: `--set` wants KEY=VALUE
--> --set:1:1
 = hint: such as `--set port=…`

error: `uid` is not a whole number from 1 to 65533
  --> layout.toml:16:7
   |
16 | uid = 0
   |       ^
   |
   = hint: root and nobody are the base's

error: mode `644` is not four octal digits
  --> layout.toml:30:8
   |
30 | mode = "644"
   |        ^^^^^
   |
   = hint: a mode is text of four octal digits, such as "0644"

error: unknown `how = "copy"`
  --> layout.toml:57:7
   |
57 | how = "copy"
   |       ^^^^^^
   |
   = hint: "carry" copies a small file over, "volume" keeps a directory on a custom volume

error: `layout.toml` has 4 problems

"#]],
    );
}

#[test]
fn a_layout_that_is_not_there_is_named_with_the_way_to_one() {
    let workspace = Workspace::new();
    let outcome = workspace.run(["check", "--layout", "missing.toml"]);
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: cannot read a layout, `missing.toml`
  cause: No such file or directory (os error 2)
  hint: `vezaimg init` writes one to start from

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
}

#[test]
fn a_source_outside_the_layout_s_directory_is_refused() {
    refused(
        "content = \"port = {{ port }}\\n\"",
        "source = \"/etc/shadow\"",
        str![[r#"
error: `/etc/shadow` is not beside the layout
  --> layout.toml:31:10
   |
31 | source = "/etc/shadow"
   |          ^^^^^^^^^^^^^
   |
   = hint: copy it into the layout's own directory, and name it from there

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_kept_path_that_holds_the_binary_is_refused() {
    let keep = "[[keep]]\npath = \"/opt/app\"\nhow = \"volume\"\n\n[binary]";
    refused(
        "[binary]",
        keep,
        str![[r#"
error: kept path `/opt/app` holds the binary `/opt/app/app`, so that a new release would run the old one
  --> layout.toml:38:8
   |
38 | path = "/opt/app"
   |        ^^^^^^^^^^
   |
   = hint: keep the directory that the service writes to, and have the binary outside of it

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_link_to_a_path_with_a_nul_is_refused() {
    refused(
        "target = \"/opt/app/app\"",
        "target = \"/opt/\\u0000app\"",
        str![[r#"
error: `target` is longer than 4,095 bytes or holds a NUL byte, which no link can
  --> layout.toml:35:10
   |
35 | target = "/opt/\u0000app"
   |          ^^^^^^^^^^^^^^^^

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_variable_that_stands_twice_in_yaml_is_refused() {
    let workspace = Workspace::new();
    workspace.write("vars.yml", "port: 1\nport: 2\n");
    refused_in(
        &workspace,
        &["--vars", "vars.yml"],
        str![[r#"
error: not a file of variables: duplicate entry with key "port"
 --> vars.yml:1:1
  |
1 | port: 1
  | ^
  |
  = hint: a file of variables is a mapping of names to values, as in Ansible's `group_vars`

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_template_that_never_ends_is_refused() {
    let endless = "content = \"{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}\"";
    refused(
        "content = \"port = {{ port }}\\n\"",
        endless,
        str![[r#"
error: cannot render the template: it does not end within a million steps
  --> layout.toml:31:11
   |
31 | content = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
   |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error: `layout.toml` has 1 problem

"#]],
    );
}

#[test]
fn an_environment_variable_has_one_value() {
    refused(
        "environment = { PORT = \"{{ port }}\" }",
        "environment = { PORT = [\"1\", \"2\"] }",
        str![[r#"
error: `PORT` has several values
  --> layout.toml:45:17
   |
45 | environment = { PORT = ["1", "2"] }
   |                 ^^^^
   |
   = hint: write one string

error: `layout.toml` has 1 problem

"#]],
    );
}
