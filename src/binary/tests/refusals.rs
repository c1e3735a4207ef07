//! What a person is told about a file that is not a program for the image.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fixtures::{Workshop, elf_with_data, patched, small_static};

const BROKEN: &str = "hint: build it again, or copy it again in full";

#[test]
fn a_missing_file() {
    let workshop = Workshop::new();
    assert_eq!(
        workshop.refusal(&workshop.path("veza-api")),
        "the binary `veza-api` does not exist\nhint: build it first"
    );
    assert_eq!(
        workshop.refusal(&workshop.path("bin/veza-api")),
        "the binary `bin/veza-api` does not exist\nhint: build it first"
    );
}

#[test]
fn a_missing_file_with_another_of_nearly_its_name() {
    let workshop = Workshop::new();
    workshop.write("veza_api", "");
    assert_eq!(
        workshop.refusal(&workshop.path("veza-api")),
        "the binary `veza-api` does not exist\nhint: build it first, or is `veza_api` meant?"
    );
}

#[test]
fn what_is_no_regular_file() {
    let workshop = Workshop::new();
    let hint = "hint: name the program itself, as a regular file";
    fs::create_dir(workshop.path("bin")).unwrap();
    assert_eq!(workshop.refusal(&workshop.path("bin")), format!("the binary `bin` is a directory, not a file\n{hint}"));
    rustix::fs::mknodat(rustix::fs::CWD, workshop.path("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert_eq!(
        workshop.refusal(&workshop.path("pipe")),
        format!("the binary `pipe` is a named pipe, not a file\n{hint}")
    );
    assert_eq!(
        workshop.refusal(Path::new("/dev/null")),
        format!("the binary `/dev/null` is a device, not a file\n{hint}")
    );
}

#[test]
fn an_empty_file() {
    assert_eq!(Workshop::new().refusal_of(""), format!("the binary `app` is empty\n{BROKEN}"));
}

#[test]
fn a_file_without_read_permission() {
    let workshop = Workshop::new();
    let path = workshop.write("app", "secret");
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(0o755)).unwrap();
    let read_as_nobody = || {
        // Root may read anything, so it becomes another user first; on Linux that is this thread alone.
        if rustix::process::geteuid().is_root() {
            rustix::thread::set_thread_uid(rustix::fs::Uid::from_raw(65534)).unwrap();
        }
        workshop.refusal(&path)
    };
    let message = std::thread::scope(|scope| scope.spawn(read_as_nobody).join().unwrap());
    assert_eq!(
        message,
        "the binary `app` may not be read\ncause: Permission denied (os error 13)\n\
         hint: give yourself permission to read it and to enter the directories above it"
    );
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    let workshop = Workshop::new();
    let path = workshop.write("app", vec![0; 8 << 20]);
    let mut growing = File::options().append(true).open(&path).unwrap();
    let (done, grown) = (AtomicBool::new(false), Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            growing.write_all(b"more").unwrap();
            grown.wait();
            // At most 40 MB, should the reading panic.
            for _ in 0..10_000_000 {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                growing.write_all(b"more").unwrap();
            }
        });
        grown.wait();
        let message = workshop.refusal(&path);
        done.store(true, Ordering::Relaxed);
        assert_eq!(
            message,
            "the binary `app` changed while it was read\nhint: wait until the build that writes it is done"
        );
    });
}

#[test]
fn what_is_not_elf_is_called_what_it_is() {
    let workshop = Workshop::new();
    let for_linux = "build it for Linux (Go: `GOOS=linux GOARCH=amd64`; Rust: `--target x86_64-unknown-linux-gnu`)";
    let unpack = "unpack it first, and name the program in it";
    let compiled = "name the compiled program";
    let script = "name the compiled program; a script goes into the image as a `[[file]]`";
    let archive = "link it; with Go, build a package that is `main`";
    let cases: [(&[u8], &str, &str); 17] = [
        (b"#!/bin/sh\nexec veza\n", "a script (`#!/bin/sh`)", script),
        (b"#! /usr/bin/env python3 \r\n", "a script (`#! /usr/bin/env python3`)", script),
        (b"#!\x1b[31m", "a script (`#!`)", script),
        (b"MZ\x90\0\x03\0\0\0", "a Windows program", for_linux),
        (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "a macOS program", for_linux),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", "a macOS program", for_linux),
        (b"\0asm\x01\0\0\0", "a WebAssembly module", for_linux),
        (b"!<arch>\n__.PKGDEF", "an archive of object files", archive),
        (b"\x1f\x8b\x08\0", "a gzip file", unpack),
        (b"\xfd7zXZ\0", "an xz file", unpack),
        (b"\x28\xb5\x2f\xfd", "a zstd file", unpack),
        (b"PK\x03\x04", "a zip file", unpack),
        (b"version https://git-lfs.github.com/spec/v1\n", "a text file", compiled),
        ("a".repeat(511).leak().as_bytes(), "a text file", compiled),
        (b"\xca\xfe\xba\xbe\0\0\0\x41", "data of an unknown kind", compiled),
        (b"\x7fEL", "data of an unknown kind", compiled),
        (b"\xff\xfe\0", "data of an unknown kind", compiled),
    ];
    for (content, what, hint) in cases {
        assert_eq!(
            workshop.refusal_of(content),
            format!("the binary `app` is {what}, not an ELF program\nhint: {hint}")
        );
    }
    // The first 512 bytes end within a character.
    assert_eq!(
        workshop.refusal_of(format!("a{}", "é".repeat(400))),
        format!("the binary `app` is a text file, not an ELF program\nhint: {compiled}")
    );
}

#[test]
fn programs_for_other_machines() {
    let workshop = Workshop::new();
    let elf = elf_with_data(&[0; 64], false);
    let hint = "hint: build it for the image's architecture, such as `x86_64` or `aarch64`";
    let packs = "and vezaimg packs 64-bit little-endian ones";
    let i686 = patched(patched(elf.clone(), 4, &[1]), 18, &[3, 0]);
    assert_eq!(workshop.refusal_of(i686), format!("the binary `app` is a 32-bit program for `i686`, {packs}\n{hint}"));
    let x32 = patched(elf.clone(), 4, &[1]);
    assert_eq!(workshop.refusal_of(x32), format!("the binary `app` is a 32-bit program, {packs}\n{hint}"));
    let s390x = patched(patched(elf.clone(), 5, &[2]), 18, &[0, 22]);
    assert_eq!(
        workshop.refusal_of(s390x),
        format!("the binary `app` is a big-endian program for `s390x`, {packs}\n{hint}")
    );
    assert_eq!(
        workshop.refusal_of(patched(elf, 18, &[0xf7, 0])),
        "the binary `app` is built for a machine that vezaimg does not know, number 247 in ELF\n\
         hint: known are `x86_64`, `aarch64`, `armv7l`, `riscv64`, `ppc64le`, `s390x`, `i686`"
    );
}

#[test]
fn elf_files_that_cannot_be_started() {
    let workshop = Workshop::new();
    let library = workshop.library(1);
    assert_eq!(
        workshop.refusal(&library),
        "the binary `libdemo.so` is a shared library, not a program\n\
         hint: name the program that loads it; the library goes into the image as a `[[file]]`"
    );
    let object = workshop.compile("app.o", "void start(void) {}", "-c");
    assert_eq!(workshop.refusal(&object), "the binary `app.o` is an object file, not a program\nhint: link it first");
    assert_eq!(
        workshop.refusal_of(patched(elf_with_data(&[0; 64], false), 16, &[4])),
        "the binary `app` is a core dump, not a program\nhint: name the program that dumped it"
    );
}

#[test]
fn a_truncated_program() {
    let workshop = Workshop::new();
    let elf = small_static(&workshop);
    let whole = elf.len();
    for (length, needed) in [(whole - 1, whole), (whole / 2, whole), (10, 64), (50, 64), (70, whole)] {
        let message = workshop.refusal_of(&elf[..length]);
        let promised = if length == 70 { 64 + 56 * usize::from(elf[56]) } else { needed };
        assert_eq!(
            message,
            format!(
                "the binary `app` is truncated: its headers promise {promised} bytes and it has {length}\n{BROKEN}"
            )
        );
    }
    // Without sections the segments still tell.
    let elf = elf_with_data(&[0; 64], false);
    assert_eq!(
        workshop.refusal_of(&elf[..elf.len() - 1]),
        format!("the binary `app` is truncated: its headers promise 207 bytes and it has 206\n{BROKEN}")
    );
}

#[test]
fn a_corrupt_program() {
    let workshop = Workshop::new();
    let elf = elf_with_data(&[0; 64], false);
    let cases: [(usize, &[u8], &str); 7] = [
        (16, &[9], "has a file type that is neither program nor library"),
        (24, &[0; 8], "has no entry point in what it loads"),
        (24, &[0xff; 8], "has no entry point in what it loads"),
        (32, &[0xff; 8], "has program headers past the end of any file"),
        (54, &[55, 0], "has program headers of the wrong size"),
        (56, &[0, 0], "has no program headers"),
        (56, &[0xff, 0xff], "has more program headers than Linux loads"),
    ];
    for (at, with, what) in cases {
        assert_eq!(
            workshop.refusal_of(patched(elf.clone(), at, with)),
            format!("the binary `app` is corrupt\ncause: it {what}\n{BROKEN}")
        );
    }
    // A segment whose offset and size overflow.
    assert_eq!(
        workshop.refusal_of(patched(elf, 64 + 8, &[0xff; 8])),
        format!("the binary `app` is corrupt\ncause: it has a segment past the end of any file\n{BROKEN}")
    );
}

#[test]
fn a_dynamic_section_that_does_not_hold_together() {
    let workshop = Workshop::new();
    let elf = fs::read(workshop.program("")).unwrap();
    let name = b"libdemo.so.1\0";
    let at = elf.windows(name.len()).position(|window| window == name).unwrap();
    assert_eq!(
        workshop.refusal_of(patched(elf.clone(), at, b"\x1b[2J")),
        format!(
            "the binary `app` is corrupt\n\
             cause: it has a name that lies outside of its string table, or is not text\n{BROKEN}"
        )
    );
    let interpreter = b"/lib/ld-demo.so.1\0";
    let at = elf.windows(interpreter.len()).position(|window| window == interpreter).unwrap();
    assert_eq!(
        workshop.refusal_of(patched(elf, at, b"../")),
        format!("the binary `app` is corrupt\ncause: it names its interpreter in a way that Linux refuses\n{BROKEN}")
    );
}
