//! What a person is told about a file that is not a program for the image.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::elf::Flaw;
use super::{Architecture, Error};
use crate::diagnostic::nearest;

const FOR_LINUX: &str = "build it for Linux (Go: `GOOS=linux GOARCH=amd64`; Rust: `--target x86_64-unknown-linux-gnu`)";
const AGAIN: &str = "build it again, or copy it again in full";

/// The system would not open or read it.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Error::invalid(format!("the binary `{name}` does not exist")).hint(missing(path))
        }
        io::ErrorKind::PermissionDenied => Error::invalid(format!("the binary `{name}` may not be read"))
            .cause(error)
            .hint("give yourself permission to read it and to enter the directories above it"),
        _ => Error::invalid(format!("the binary `{name}` cannot be read")).cause(error).hint(AGAIN),
    }
}

/// The file beside it that was probably meant, or else the advice to make it.
fn missing(path: &Path) -> String {
    let build = || "build it first".to_owned();
    let Some(given) = path.file_name().and_then(|name| name.to_str()) else { return build() };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = std::fs::read_dir(directory).into_iter().flatten().take(1000).flatten();
    let files = beside.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    match nearest(given, names.iter().map(String::as_str)) {
        Some(near) => format!("build it first, or is `{}` meant?", path.with_file_name(near).display()),
        None => build(),
    }
}

/// It is there, and not a regular file.
pub(super) fn not_a_file(path: &Path, metadata: &Metadata) -> Error {
    let kind = metadata.file_type();
    let noun = if kind.is_dir() {
        "directory"
    } else if kind.is_fifo() {
        "named pipe"
    } else {
        "device"
    };
    Error::invalid(format!("the binary `{}` is a {noun}, not a file", path.display()))
        .hint("name the program itself, as a regular file")
}

/// It has no bytes.
pub(super) fn empty(path: &Path) -> Error {
    Error::invalid(format!("the binary `{}` is empty", path.display())).hint(AGAIN)
}

/// It was written to between the digest and the end of the reading.
pub(super) fn changed(path: &Path) -> Error {
    Error::invalid(format!("the binary `{}` changed while it was read", path.display()))
        .hint("wait until the build that writes it is done")
}

/// It is not a program for the image; `head` is its first bytes.
pub(super) fn flawed(path: &Path, flaw: Flaw, head: &[u8]) -> Error {
    let name = path.display();
    let error = |rest: &str| Error::invalid(format!("the binary `{name}` {rest}"));
    let width = |noun: &str, architecture: Option<Architecture>| {
        let of = architecture.map_or_else(String::new, |architecture| format!(" for `{architecture}`"));
        error(&format!("is a {noun} program{of}, and vezaimg packs 64-bit little-endian ones"))
            .hint("build it for the image's architecture, such as `x86_64` or `aarch64`")
    };
    match flaw {
        Flaw::NotElf => {
            let (what, hint) = looks_like(head);
            error(&format!("is {what}, not an ELF program")).hint(hint)
        }
        Flaw::Bits32(architecture) => width("32-bit", architecture),
        Flaw::BigEndian(architecture) => width("big-endian", architecture),
        Flaw::Object => error("is an object file, not a program").hint("link it first"),
        Flaw::Core => error("is a core dump, not a program").hint("name the program that dumped it"),
        Flaw::Library => error("is a shared library, not a program")
            .hint("name the program that loads it; the library goes into the image as a `[[file]]`"),
        Flaw::Machine(number) => {
            let names: Vec<String> = Architecture::ALL.iter().map(|known| format!("`{known}`")).collect();
            error(&format!("is built for a machine that vezaimg does not know, number {number} in ELF"))
                .hint(format!("known are {}", names.join(", ")))
        }
        Flaw::Truncated(needed, size) => {
            error(&format!("is truncated: its headers promise {needed} bytes and it has {size}")).hint(AGAIN)
        }
        Flaw::Corrupt(what) => error("is corrupt").cause(format_args!("it {what}")).hint(AGAIN),
    }
}

/// What a file that is not ELF is by its first bytes, and the way out.
fn looks_like(head: &[u8]) -> (String, &'static str) {
    const UNPACK: &str = "unpack it first, and name the program in it";
    if let Some(line) = head.strip_prefix(b"#!") {
        let line: String = String::from_utf8_lossy(line).chars().take_while(|c| !c.is_control()).take(60).collect();
        let hint = "name the compiled program; a script goes into the image as a `[[file]]`";
        return (format!("a script (`#!{}`)", line.trim_end()), hint);
    }
    let known: [(&[u8], &str, &'static str); 12] = [
        (b"MZ", "a Windows program", FOR_LINUX),
        (b"\xcf\xfa\xed\xfe", "a macOS program", FOR_LINUX),
        (b"\xce\xfa\xed\xfe", "a macOS program", FOR_LINUX),
        (b"\xfe\xed\xfa\xce", "a macOS program", FOR_LINUX),
        (b"\xfe\xed\xfa\xcf", "a macOS program", FOR_LINUX),
        // A fat Mach-O counts its architectures in the next word; in a Java class it is the version, 45 and above.
        (b"\xca\xfe\xba\xbe\0\0\0\x02", "a macOS program", FOR_LINUX),
        (b"\0asm", "a WebAssembly module", FOR_LINUX),
        (b"!<arch>\n", "an archive of object files", "link it; with Go, build a package that is `main`"),
        (b"\x1f\x8b", "a gzip file", UNPACK),
        (b"\xfd7zXZ\0", "an xz file", UNPACK),
        (b"\x28\xb5\x2f\xfd", "a zstd file", UNPACK),
        (b"PK\x03\x04", "a zip file", UNPACK),
    ];
    if let Some((_, what, hint)) = known.into_iter().find(|(magic, ..)| head.starts_with(magic)) {
        return (what.to_owned(), hint);
    }
    // The head may end in the middle of a character.
    let is_text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    } && !head.iter().any(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c".contains(byte));
    let what = if is_text { "a text file" } else { "data of an unknown kind" };
    (what.to_owned(), "name the compiled program")
}
