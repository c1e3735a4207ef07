//! Every binary that cannot be packed: the exact message, exit code 2, nothing left in `out/`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use snapbox::{IntoData, str};

use crate::support::workspace::{Workspace, small_program};

fn refused(workspace: &Workspace, expected: impl IntoData) {
    workspace.refuses(&[], expected);
}

/// Compiles a C program into the workspace.
fn compile(workspace: &Workspace, source: &str, arguments: &[&str]) {
    workspace.write("app.c", source);
    let mut gcc = Command::new("gcc");
    let status = gcc.current_dir(workspace.path()).args(["-o", "app", "app.c"]).args(arguments).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_missing_binary_is_named() {
    let workspace = Workspace::new();
    fs::remove_file(workspace.join("app")).unwrap();
    refused(
        &workspace,
        str![[r#"
error: the binary `app` does not exist
  hint: build it first

"#]],
    );
}

#[test]
fn an_empty_binary_is_refused() {
    let workspace = Workspace::new();
    workspace.write("app", "");
    refused(
        &workspace,
        str![[r#"
error: the binary `app` is empty
  hint: build it again, or copy it again in full

"#]],
    );
}

#[test]
fn a_script_is_not_a_binary() {
    let workspace = Workspace::new();
    workspace.write("app", "#!/bin/sh\nexec true\n");
    refused(
        &workspace,
        str![[r#"
error: the binary `app` is a script (`#!/bin/sh`), not an ELF program
  hint: name the compiled program; a script goes into the image as a `[[file]]`

"#]],
    );
}

#[test]
fn a_directory_is_not_a_binary() {
    let workspace = Workspace::new();
    fs::remove_file(workspace.join("app")).unwrap();
    fs::create_dir(workspace.join("app")).unwrap();
    refused(
        &workspace,
        str![[r#"
error: the binary `app` is a directory, not a file
  hint: name the program itself, as a regular file

"#]],
    );
}

#[test]
fn a_binary_for_another_architecture_names_both() {
    let workspace = Workspace::new();
    let mut program = small_program();
    program[18] = 183;
    workspace.write("app", program);
    refused(
        &workspace,
        str![[r#"
error: `app` cannot run on the base `base.tar`
  cause: `app` is built for `aarch64`, and the image is for `x86_64`
  hint: build it for `x86_64`, or set `architecture = "aarch64"` under `[image]` in the layout

"#]],
    );
}

#[test]
fn a_truncated_binary_is_refused() {
    let workspace = Workspace::new();
    workspace.write("app", &small_program()[..80]);
    refused(
        &workspace,
        str![[r#"
error: the binary `app` is truncated: its headers promise 120 bytes and it has 80
  hint: build it again, or copy it again in full

"#]],
    );
}

#[test]
fn an_interpreter_that_the_base_lacks_is_named() {
    let workspace = Workspace::new();
    compile(&workspace, "int main(void) { return 0; }", &[]);
    refused(
        &workspace,
        str![[r#"
reading the base `base.tar`
error: `app` cannot run on the base `base.tar`
  cause: `app` needs the interpreter `/lib64/ld-linux-x86-64.so.2`, which is not in the base
  cause: `app` needs `libc.so.6`, which is in none of the base's library directories
  hint: install the C library that it was linked against in the base, or build it static (Go: `CGO_ENABLED=0`; Rust: `RUSTFLAGS="-C target-feature=+crt-static"`; C: `-static`)
  hint: install the package that holds it in the base, or build it static (Go: `CGO_ENABLED=0`; Rust: `RUSTFLAGS="-C target-feature=+crt-static"`; C: `-static`)

"#]],
    );
}

#[test]
fn a_symbol_version_above_the_base_s_glibc_is_named() {
    let workspace = Workspace::new();
    // The base's C library defines nothing but an early version; the program asks for a later one.
    workspace.write("old.c", "int __libc_start_main(void) { return 0; }");
    workspace.write("old.map", "GLIBC_2.2.5 { global: *; };");
    let mut gcc = Command::new("gcc");
    gcc.current_dir(workspace.path()).args(["-shared", "-nostdlib", "-fPIC", "-Wl,-soname,libc.so.6"]);
    assert!(gcc.args(["-Wl,--version-script=old.map", "-o", "libc.so.6", "old.c"]).status().unwrap().success());
    compile(&workspace, "int main(void) { return 0; }", &[]);
    let libc = fs::read(workspace.join("libc.so.6")).unwrap();
    let base = crate::support::workspace::SMALL_BASE.iter();
    use crate::support::workspace::Small;
    let more = [
        Small::Link("./lib", "usr/lib"),
        Small::Link("./lib64", "usr/lib64"),
        Small::Directory("./usr/lib/x86_64-linux-gnu/", 0o755),
        Small::File("./usr/lib/x86_64-linux-gnu/libc.so.6", 0o755, &libc),
        Small::Directory("./usr/lib64/", 0o755),
        Small::File("./usr/lib64/ld-linux-x86-64.so.2", 0o755, &libc),
    ];
    workspace.write("base.tar", crate::support::workspace::tar_of(base.chain(&more)));
    refused(
        &workspace,
        str![[r#"
reading the base `base.tar`
error: `app` cannot run on the base `base.tar`
  cause: `app` needs `GLIBC_2.34` of `libc.so.6` (for the symbol `__libc_start_main`), and the newest that the base has is `GLIBC_2.2.5`
  hint: build it on the base's own release, or build it static (Go: `CGO_ENABLED=0`; Rust: `RUSTFLAGS="-C target-feature=+crt-static"`; C: `-static`)

"#]],
    );
}

/// Root reads everything, so the test becomes somebody else.
#[test]
fn an_unreadable_binary_is_refused() {
    let workspace = Workspace::new();
    fs::set_permissions(workspace.join("app"), fs::Permissions::from_mode(0o000)).unwrap();
    let vezaimg = copied_for_all(workspace.path());
    let arguments = ["build", "--layout", "layout.toml", "--binary", "app", "--base", "base.tar"];
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(vezaimg).args(arguments);
    let outcome = crate::support::workspace::outcome(command.current_dir(workspace.path()));
    snapbox::assert_data_eq!(
        outcome.stderr,
        str![[r#"
error: the binary `app` may not be read
  cause: Permission denied (os error 13)
  hint: give yourself permission to read it and to enter the directories above it

"#]]
        .raw()
    );
    assert_eq!(outcome.code, Some(2));
    assert_eq!(workspace.out(), [""; 0]);
}

/// A copy of vezaimg where an ordinary user can run it: the build directory may lie in root's home.
fn copied_for_all(directory: &Path) -> std::path::PathBuf {
    let copy = directory.join("vezaimg");
    fs::copy(env!("CARGO_BIN_EXE_vezaimg"), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}
