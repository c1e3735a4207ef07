//! The program, by what its compiler wrote into it.

use std::process::Command;

use snapbox::str;

use super::{NEW, OLD, build, told};
use crate::support::workspace::Workspace;

/// A static program with Go's build info, as `debug/buildinfo` reads it.
fn go_program(workspace: &Workspace, version: &str, lines: &str) {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    // Between sixteen bytes each that nobody reads.
    for text in [version.to_owned(), format!("{0}{lines}{0}", "0123456789abcdef")] {
        // Varints, of which two bytes are enough.
        let [low, high] = [text.len() & 0x7f, text.len() >> 7].map(|bits| u8::try_from(bits).unwrap());
        info.extend(if high == 0 { vec![low] } else { vec![low | 0x80, high] });
        info.extend(text.as_bytes());
    }
    workspace.write("info", info);
    workspace.write(
        "app.S",
        ".section .go.buildinfo,\"aw\"\n.balign 16\n.incbin \"info\"\n.text\n.globl _start\n_start:\n\
         mov $60,%eax\nxor %edi,%edi\nsyscall\n",
    );
    let mut gcc = Command::new("gcc");
    gcc.current_dir(workspace.path()).args(["-nostdlib", "-static", "-Wl,--build-id=none", "-o", "app", "app.S"]);
    assert!(gcc.status().unwrap().success());
}

#[test]
fn another_build_of_the_program_is_told_by_its_build_info() {
    let workspace = Workspace::new();
    go_program(
        &workspace,
        "go1.22.1",
        "path\tveza.example/api\nmod\tveza.example/api\tv1.0.0\t\n\
         dep\tgithub.com/gone/x\tv0.1.0\th1:a=\ndep\tgithub.com/lib/pq\tv1.10.8\th1:a=\ndep\tgithub.com/same/y\tv1.0.0\th1:a=\n\
         build\tvcs.revision=1111111111111111111111111111111111111111\nbuild\tvcs.modified=false\n",
    );
    build(&workspace, "old");
    go_program(
        &workspace,
        "go1.23.5",
        "path\tveza.example/api\nmod\tveza.example/api\tv1.1.0\t\n\
         dep\tgithub.com/lib/pq\tv1.10.9\th1:b=\ndep\tgithub.com/new/z\tv2.0.0\th1:a=\ndep\tgithub.com/same/y\tv1.0.0\th1:a=\n\
         build\tvcs.revision=2222222222222222222222222222222222222222\nbuild\tvcs.modified=true\n",
    );
    build(&workspace, "new");
    snapbox::assert_data_eq!(
        told(&workspace, OLD, NEW, &[]),
        str![[r#"
metadata       vezaimg.go go1.22.1 → go1.23.5
               vezaimg.revision 1111111111111111111111111111111111111111 → 2222222222222222222222222222222222222222-modified
image files    metadata.yaml
binary         go go1.22.1 → go1.23.5
               modified false → true
               module veza.example/api v1.0.0 → veza.example/api v1.1.0
               revision 1111111111111111111111111111111111111111 → 2222222222222222222222222222222222222222
               sha256 aad5dd79352fac3d1230b51694072b3b5a1b00f44474fdae61ebce270d2a9c0d → c61ddae9839cff1a64445c6be7f444b2d7c620cd8a69ae8990a1fad91d8a05fb
modules        github.com/gone/x v0.1.0, gone
               github.com/lib/pq v1.10.8 → v1.10.9
               github.com/new/z v2.0.0, new
changed        /opt/app/app content
not compared   1 file, not text

"#]]
    );
}
