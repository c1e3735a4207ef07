//! Secrets that would have entered an image: all told at once, by place and never by value; and those that may.

use std::fs;

use snapbox::{IntoData, assert_data_eq, str};

use crate::readme::block;
use crate::support::workspace::{LAYOUT, Workspace, small_program};

/// A token as GitHub makes them, which does not stand in this file.
fn token() -> String {
    format!("{}{}", "ghp_", "q7Vx2LmB9sKfT0wZrY4nE8aJcU5hPd3GiO6t")
}

/// The small program with more bytes behind it.
fn program_with(text: &str) -> Vec<u8> {
    [small_program().as_slice(), b"\0", text.as_bytes()].concat()
}

/// A layout with a secret in every place that a layout fills, and a binary with one.
fn full_of_secrets() -> Workspace {
    let workspace = Workspace::new();
    let layout = LAYOUT
        .replace("description = \"Small\"", &format!("description = \"Small {}\"", token()))
        .replace("uid = 1001", &format!("uid = 1001\ncomment = \"App {}\"", token()))
        .replace("content = \"port = {{ port }}\\n\"", "template = \"app.conf\"")
        .replace("environment = { PORT", "environment = { DB_PASSWORD = \"hunter2\", PORT");
    workspace.write("layout.toml", layout.replace("port = 8080", "port = 8080\npassword = \"\""));
    workspace.write("app.conf", "port = {{ port }}\npassword = {{ password }}\nurl = amqp://app:{{ password }}@mq/\n");
    workspace.write("app", program_with(&token()));
    workspace
}

#[test]
fn secrets_are_told_all_at_once_and_without_their_values() {
    let workspace = full_of_secrets();
    let outcome = workspace.build(&["--set", "password=hunter2"]);
    assert_data_eq!(&outcome.stderr, str![[r#"
error: `description` holds a token of GitHub, and secrets never enter an image
--> layout.toml:3:15
 = hint: whoever sees the image reads it: leave it out

error: `/etc/passwd` holds a token of GitHub, and secrets never enter an image
--> layout.toml:16:8
 = hint: whoever sees the image reads it: leave it out; or say why it may be there with `--allow-secret /etc/passwd=REASON`

error: `/etc/app/app.conf` holds a URL with a password in line 3, and secrets never enter an image
--> layout.toml:31:8
 = hint: push it into the container, and name it in `[[keep]]` so that it outlives a swap; or say why it may be there with `--allow-secret /etc/app/app.conf=REASON`

error: `/etc/app/app.conf` holds a value that its name calls secret in line 2, and secrets never enter an image
--> layout.toml:31:8
 = hint: push it into the container, and name it in `[[keep]]` so that it outlives a swap; or say why it may be there with `--allow-secret /etc/app/app.conf=REASON`

error: `/etc/systemd/system/app.service` holds a value that its name calls secret in line 8, and secrets never enter an image
--> layout.toml:47:17
 = hint: put it into the `environment-file`, pushed into the container and named in `[[keep]]`; or say why it may be there with `--allow-secret /etc/systemd/system/app.service=REASON`

error: `/opt/app/app` holds a token of GitHub at byte 133, and secrets never enter an image
--> layout.toml:40:8
 = hint: have the program read it when it starts, from its env file; or say why it may be there with `--allow-secret /opt/app/app=REASON`

error: `layout.toml` has 6 problems

"#]].raw());
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("", Some(2)));
    assert_eq!(workspace.out(), [""; 0]);
    assert!(!outcome.stderr.contains("hunter2") && !outcome.stderr.contains(&token()));
}

#[test]
fn check_tells_the_secrets_of_a_layout_without_their_values() {
    let workspace = full_of_secrets();
    for arguments in [&["check", "--layout", "layout.toml"][..], &["check", "--layout", "layout.toml", "--json"]] {
        let outcome = workspace.run(arguments.iter().copied().chain(["--set", "password=hunter2"]));
        let all = outcome.stdout + &outcome.stderr;
        for sentence in [
            "`description` holds a token of GitHub, and secrets never enter an image",
            "`/etc/passwd` holds a token of GitHub, and secrets never enter an image",
            "`/etc/app/app.conf` holds a URL with a password in line 3, and secrets never enter an image",
            "`/etc/app/app.conf` holds a value that its name calls secret in line 2, and secrets never enter an image",
            "`/etc/systemd/system/app.service` holds a value that its name calls secret in line",
        ] {
            assert!(all.contains(sentence), "{sentence}\n{all}");
        }
        assert!(!all.contains("hunter2") && !all.contains(&token()), "{all}");
        assert_eq!(outcome.code, Some(2));
    }
}

#[test]
fn no_message_shows_what_a_variable_was_set_to() {
    let workspace = Workspace::new();
    for wrong in ["password_db=zebra-42", "dbpw=zebra-42", "port=zebra-42", "=zebra-42", "zebra-42"] {
        for command in [&["check", "--layout", "layout.toml"][..], &["check", "--layout", "layout.toml", "--json"]] {
            let arguments = command.iter().copied().chain(["--set", "user=zebra-42", "--set", wrong]);
            let outcome = workspace.run(arguments);
            let all = outcome.stdout + &outcome.stderr;
            assert!(!all.contains("zebra-42"), "{all}");
            assert_eq!(outcome.code, Some(2), "{all}");
        }
    }
}

#[test]
fn a_secret_in_the_binary_is_told_by_its_place() {
    let workspace = Workspace::new();
    workspace.write("app", program_with(&token()));
    workspace.refuses(&[], str![[r#"
error: `/opt/app/app` holds a token of GitHub at byte 133, and secrets never enter an image
--> layout.toml:38:8
 = hint: have the program read it when it starts, from its env file; or say why it may be there with `--allow-secret /opt/app/app=REASON`

error: `layout.toml` has 1 problem

"#]]);
}

#[test]
fn what_is_allowed_passes_and_the_manifest_says_why() {
    let workspace = Workspace::new();
    workspace.write("app", program_with(&token()));
    let allowed = "\n[[allow-secret]]\npath = \"/etc/app/app.conf\"\nreason = \"port {{ port }} is no secret\"\n";
    let layout = LAYOUT.replace("content = \"port = {{ port }}\\n\"", "content = \"password = hunter2\\n\"");
    workspace.write("layout.toml", layout + allowed);
    let outcome = workspace.build(&["--allow-secret", "/opt/app/app=only the tests' own=service", "--release", "v1"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let manifest = fs::read_to_string(workspace.join("out/small-v1-x86_64.manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_data_eq!(
        manifest["allowed_secrets"].to_string(),
        str![[
            r#"[{"kinds":["value that its name calls secret"],"path":"/etc/app/app.conf","reason":"port 8080 is no secret"},{"kinds":["token of GitHub"],"path":"/opt/app/app","reason":"only the tests' own=service"}]"#
        ]]
    );
}

#[test]
fn an_image_without_allowances_says_nothing_of_them() {
    let workspace = Workspace::new();
    let outcome = workspace.build(&["--release", "v1"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let manifest = fs::read_to_string(workspace.join("out/small-v1-x86_64.manifest.json")).unwrap();
    assert!(!manifest.contains("allowed_secrets"));
}

#[test]
fn an_allowance_that_nothing_needs_is_an_error() {
    let workspace = Workspace::new();
    let arguments = ["--allow-secret", "/etc/app/app.conf=old", "--allow-secret", "/opt/app/app=old"];
    workspace.refuses(
        &arguments,
        str![[r#"
error: `/etc/app/app.conf` may hold a secret, and none is found there
--> --allow-secret:1:1
 = hint: allow no more than there is, by the file's path in the image

error: `/opt/app/app` may hold a secret, and none is found there
--> --allow-secret:1:1
 = hint: allow no more than there is, by the file's path in the image

error: `layout.toml` has 2 problems

"#]],
    );
}

#[test]
fn an_allowance_wants_a_path_and_a_reason() {
    let workspace = Workspace::new();
    let secret = format!("/c={}", token());
    let named = "/e=the tests' password=hunter2";
    let arguments =
        ["/a", "/a=", "etc=why", "/b=one\ntwo", &secret, named, "/f=password = hunter2, for tests", "/d=one", "/d=two"];
    let arguments: Vec<_> = arguments.iter().flat_map(|argument| ["--allow-secret", argument]).collect();
    workspace.refuses(
        &arguments,
        str![[r#"
error: `--allow-secret` wants PATH=REASON
--> --allow-secret:1:1
 = hint: such as `--allow-secret '/etc/app/test.pem=only the tests use this key'`

error: the reason for `/a` is empty
--> --allow-secret:1:1
 = hint: one line that tells whoever reads the manifest why it is no secret

error: path `etc` is not absolute
--> --allow-secret:1:1
 = hint: write it from the root of the image

error: the reason for `/b` is not one line of text
--> --allow-secret:1:1
 = hint: one line that tells whoever reads the manifest why it is no secret

error: the reason for `/c` holds a secret itself
--> --allow-secret:1:1
 = hint: one line that tells whoever reads the manifest why it is no secret

error: the reason for `/e` holds a secret itself
--> --allow-secret:1:1
 = hint: one line that tells whoever reads the manifest why it is no secret

error: the reason for `/f` holds a secret itself
--> --allow-secret:1:1
 = hint: one line that tells whoever reads the manifest why it is no secret

error: `/d` is allowed a secret twice
--> --allow-secret:1:1
 = hint: first at --allow-secret:1:1

error: `layout.toml` has 8 problems

"#]],
    );
}

#[test]
fn an_allowance_of_a_layout_is_read_strictly() {
    let workspace = Workspace::new();
    workspace.write("layout.toml", format!("{LAYOUT}\n[[allow-secret]]\npath = \"etc\"\nreason = \"\"\nwhy = 1\n"));
    workspace.refuses(
        &[],
        str![[r#"
error: path `etc` is not absolute
  --> layout.toml:60:8
   |
60 | path = "etc"
   |        ^^^^^
   |
   = hint: write it from the root of the image, such as "/etc/veza"

error: `reason` is empty
  --> layout.toml:61:10
   |
61 | reason = ""
   |          ^^
   |
   = hint: such as "a key that only the tests use"

error: unknown key `why` in [[allow-secret]]
  --> layout.toml:62:1
   |
62 | why = 1
   | ^^^
   |
   = hint: known here: `path`, `reason`

error: `layout.toml` has 3 problems

"#]],
    );
}

#[test]
fn the_readmes_allowance_lets_its_file_pass() {
    let workspace = Workspace::new();
    let key = format!("{}PRIVATE KEY-----\n", "-----BEGIN ");
    let file =
        format!("[[file]]\npath = \"/etc/my-service/test.pem\"\nmode = \"0644\"\ncontent = \"\"\"\n{key}\"\"\"\n");
    workspace.write("layout.toml", format!("{LAYOUT}\n{file}"));
    assert_eq!(workspace.build(&[]).code, Some(2));
    workspace.write("layout.toml", format!("{LAYOUT}\n{file}\n{}", block("```toml allow-secret")));
    let outcome = workspace.build(&[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}
