//! Layouts that extend others.

use snapbox::{IntoData, assert_data_eq, str};

use crate::support::workspace::{LAYOUT, Workspace, outcome};

/// A layout beside the small one, which it extends.
fn extending(text: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("own.toml", format!("[extends]\nlayout = \"layout.toml\"\n{text}"));
    workspace
}

/// What `vezaimg check` says is wrong with the extending layout.
fn refused(workspace: &Workspace, arguments: &[&str], expected: impl IntoData) {
    let checked = outcome(workspace.command().args(["check", "--quiet", "--layout", "own.toml"]).args(arguments));
    assert_data_eq!(checked.stderr, expected.into_data().raw());
    assert_eq!((checked.stdout.as_str(), checked.code), ("", Some(2)));
}

#[test]
fn values_replace_lists_go_on_and_tables_are_joined() {
    let workspace = extending(
        r#"vars = { port = "{{ own_port + 1 }}", user = "other" }

[vars]
own_port = 8080
log = "/var/log/more"

[image]
name = "own"

[[directory]]
path = "{{ log }}"
owner = "{{ user }}"
mode = "0700"

[unit]
environment = { LOG = "{{ log }}" }
write-paths = ["{{ log }}"]

[unit.overrides]
MemoryMax = "1G"
"#,
    );
    let arguments = ["check", "--unit", "--layout", "own.toml", "--set", "own_port=9000"];
    let unit = workspace.run(arguments);
    assert_eq!(unit.code, Some(0), "{}", unit.stderr);
    let line = |key: &str| unit.stdout.lines().filter(|line| line.starts_with(key)).collect::<Vec<_>>();
    assert_eq!(line("Environment="), ["Environment=LOG=/var/log/more", "Environment=PORT=9001"]);
    assert_eq!(line("ReadWritePaths="), ["ReadWritePaths=/var/log/app /var/log/more"]);
    assert_eq!(
        [line("User="), line("ExecStart="), line("MemoryMax=")].concat(),
        ["User=other", "ExecStart=/opt/app/app", "MemoryMax=1G"]
    );

    let built = workspace.run(["build", "--layout", "own.toml", "--binary", "app", "--base", "base.tar"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    assert!(workspace.out().iter().any(|name| name.starts_with("own-")), "{:?}", workspace.out());
}

/// An image depends on what its layout says, and not on how many files say it.
#[test]
fn a_layout_in_two_files_gives_the_bytes_of_the_same_in_one() {
    let one = Workspace::new();
    let two = Workspace::new();
    let (front, rest) = LAYOUT.split_once("[[group]]").unwrap();
    two.write("layout.toml", format!("{front}\n[extends]\nlayout = \"rest.toml\"\n"));
    two.write("rest.toml", format!("[[group]]{rest}"));
    let digests = [one, two].map(|workspace| {
        let built = workspace.build(&[]);
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        std::fs::read(workspace.join(built.stdout.trim_end())).unwrap()
    });
    assert!(digests[0] == digests[1]);
}

#[test]
fn a_layout_that_is_not_there_or_elsewhere_cannot_be_extended() {
    let workspace = Workspace::new();
    workspace.write("own.toml", "[extends]\nlayout = \"gone.toml\"\n");
    refused(
        &workspace,
        &[],
        str![[r#"
error: cannot read `gone.toml`: No such file or directory (os error 2)
 --> own.toml:2:10
  |
2 | layout = "gone.toml"
  |          ^^^^^^^^^^^
  |
  = hint: the path is taken from the layout's own directory

error: `own.toml` has 1 problem

"#]],
    );
    workspace.write("own.toml", "[extends]\nlayout = \"../layout.toml\"\n");
    refused(
        &workspace,
        &[],
        str![[r#"
error: `../layout.toml` is not beside the layout
 --> own.toml:2:10
  |
2 | layout = "../layout.toml"
  |          ^^^^^^^^^^^^^^^^
  |
  = hint: a layout extends one of its own directory

error: `own.toml` has 1 problem

"#]],
    );
}

#[test]
fn layouts_that_extend_one_another_in_a_circle_are_refused() {
    let workspace = Workspace::new();
    workspace.write("own.toml", "[extends]\nlayout = \"other.toml\"\n");
    workspace.write("other.toml", "[extends]\nlayout = \"own.toml\"\n");
    refused(
        &workspace,
        &[],
        str![[r#"
error: more than 8 layouts extend one another
 --> other.toml:2:10
  |
2 | layout = "own.toml"
  |          ^^^^^^^^^^
  |
  = hint: does one of them extend itself?

error: `own.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_problem_of_the_extended_layout_is_placed_there() {
    let workspace = extending("");
    workspace.change_layout("mode = \"0750\"", "mode = \"750\"");
    refused(
        &workspace,
        &[],
        str![[r#"
error: mode `750` is not four octal digits
  --> layout.toml:26:8
   |
26 | mode = "750"
   |        ^^^^^
   |
   = hint: a mode is text of four octal digits, such as "0755"

error: `own.toml` has 1 problem

"#]],
    );
}

#[test]
fn every_mistake_in_what_is_given_is_told() {
    let given = r#"vars = { prot = "8080", user = "{{ nobody }}", port = "many" }
layuot = "x"
"#;
    refused(
        &extending(given),
        &[],
        str![[r#"
error: unknown key `layuot` in [extends]
 --> own.toml:4:1
  |
4 | layuot = "x"
  | ^^^^^^
  |
  = hint: did you mean `layout`?

error: `own.toml` has 1 problem

"#]],
    );
    let given = r#"vars = { prot = "8080", user = "{{ nobody }}", port = "many" }
"#;
    refused(
        &extending(given),
        &[],
        str![[r#"
error: the extended layout has no variable `prot`
 --> own.toml:3:10
  |
3 | vars = { prot = "8080", user = "{{ nobody }}", port = "many" }
  |          ^^^^
  |
  = hint: did you mean `port`?

error: undefined variable `nobody`
 --> own.toml:3:36
  |
3 | vars = { prot = "8080", user = "{{ nobody }}", port = "many" }
  |                                    ^^^^^^
  |
  = hint: there is none

error: variable `port` is not a whole number
 --> own.toml:3:55
  |
3 | vars = { prot = "8080", user = "{{ nobody }}", port = "many" }
  |                                                       ^^^^^^

error: `own.toml` has 3 problems

"#]],
    );
}

/// It is the extending layout that says what stands for it.
#[test]
fn a_variable_that_is_given_cannot_be_set() {
    let workspace = extending("vars = { port = \"{{ own_port }}\" }\n\n[vars]\nown_port = 8080\n");
    refused(
        &workspace,
        &["--set", "port=9000"],
        str![[r#"
error: variable `port` gets its value in [extends.vars]
 --> --set:1:1
  |
1 | port=
  | ^^^^
  |
  = hint: change what stands at own.toml:3:10, or set a variable that stands in it

error: `own.toml` has 1 problem

"#]],
    );
}

#[test]
fn a_string_is_a_list_of_one_and_an_empty_list_drops_the_other() {
    let unit = |more: &str| {
        let workspace = extending(&format!(
            "\n[[directory]]\npath = \"/srv\"\nmode = \"0700\"\nowner = \"{{{{ user }}}}\"\n\n{more}"
        ));
        let checked = workspace.run(["check", "--unit", "--layout", "own.toml"]);
        assert_eq!(checked.code, Some(0), "{}", checked.stderr);
        checked.stdout.lines().filter(|line| line.starts_with("ReadWritePaths=")).collect::<String>()
    };
    assert_eq!(unit("[unit]\nwrite-paths = \"/srv\"\n"), "ReadWritePaths=/var/log/app /srv");
    assert_eq!(unit("[unit]\nwrite-paths = [\"/srv\"]\n"), "ReadWritePaths=/var/log/app /srv");
    assert_eq!(unit("[unit]\nwrite-paths = []\n"), "");
}

/// However long the layouts are, and with whatever their lines end and begin.
#[test]
fn what_an_editor_adds_to_a_layout_makes_no_difference() {
    let workspace = Workspace::new();
    let long = format!("# {}\n", "ä long comment ".repeat(5_000));
    workspace.write("own.toml", format!("{long}[extends]\nlayout = \"layout.toml\"\n"));
    workspace.write("layout.toml", format!("\u{feff}{}", LAYOUT.replace('\n', "\r\n")));
    let checked = workspace.run(["check", "--quiet", "--layout", "own.toml"]);
    assert_eq!((checked.stderr.as_str(), checked.code), ("", Some(0)));
    workspace.write("layout.toml", format!("\u{feff}{}", LAYOUT.replace('\n', "\r\n").replace("0750", "750")));
    let checked = workspace.run(["check", "--quiet", "--layout", "own.toml"]);
    assert!(checked.stderr.contains(" --> layout.toml:26:8"), "{}", checked.stderr);
}

#[test]
fn the_readmes_service_is_a_layout() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, from) = readme.split_once("# layouts/mail.toml").unwrap();
    let workspace = Workspace::new();
    assert_eq!(workspace.run(["init"]).code, Some(0));
    workspace.write("layouts/mail.toml", format!("# {}", from.split_once("```").unwrap().0));
    let unit = workspace.run(["check", "--unit", "--quiet", "--layout", "layouts/mail.toml"]);
    assert_eq!(unit.code, Some(0), "{}", unit.stderr);
    let line = |key: &str| unit.stdout.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert_eq!(
        ["Requires=", "User=", "Environment=", "EnvironmentFile=", "ExecStart=", "ReadWritePaths="].map(line),
        [
            "Requires=dbus.service",
            "User=mail-relay",
            "Environment=PORT=8025",
            "EnvironmentFile=-/etc/mail/mail.env",
            "ExecStart=/opt/mail/mail-relay",
            "ReadWritePaths=/var/log/mail"
        ]
    );
    assert!(!unit.stdout.contains("my-service"), "{}", unit.stdout);
}
