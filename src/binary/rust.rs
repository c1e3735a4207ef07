//! What rustc and cargo-auditable write into a program: the compiler, and the crates that were linked in.
//!
//! The section `.comment` holds strings that end with a NUL, of every compiler and linker that had a part in it; rustc's is
//! `rustc version 1.88.0 (6b00bc388 2025-06-23)`. Crates are there where the program was built by `cargo auditable`: the
//! section `.dep-v0` is a zlib stream (RFC 1950) of JSON, <https://github.com/rust-secure-code/cargo-auditable>.

use std::io::Read;

use flate2::read::ZlibDecoder;
use object::ReadRef;
use serde::Deserialize;

use super::elf::{Elf, text};

/// The most that is read of either section, in bytes: a thousand crates take some 20 kB.
const MOST_BYTES: u64 = 1 << 20;
/// The most that the list of crates may have once it is unpacked.
const MOST_JSON: u64 = 8 << 20;

/// What rustc and cargo-auditable wrote into a program. The strings are the program's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RustBuildInfo {
    /// The compiler's version, such as `1.88.0 (6b00bc388 2025-06-23)`.
    pub rustc: String,
    /// The crates that were linked in; empty where nobody wrote them down.
    pub crates: Vec<RustCrate>,
}

/// A crate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RustCrate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is from, such as `crates.io`, `git` or `local`.
    pub source: String,
    /// Whether it is the program's own.
    #[serde(default)]
    pub root: bool,
}

/// The build info of a program that has code of rustc's.
pub(super) fn read<'a>(elf: &Elf<'a, impl ReadRef<'a>>) -> Option<RustBuildInfo> {
    let (offset, size) = elf.section_named(b".comment")?;
    let comment = elf.bytes(offset, size, MOST_BYTES)?;
    let rustc = comment.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(b"rustc version "))?;
    Some(RustBuildInfo { rustc: text(rustc)?, crates: crates(elf).unwrap_or_default() })
}

fn crates<'a>(elf: &Elf<'a, impl ReadRef<'a>>) -> Option<Vec<RustCrate>> {
    #[derive(Deserialize)]
    struct Audit {
        packages: Vec<RustCrate>,
    }
    let (offset, size) = elf.section_named(b".dep-v0")?;
    let json = ZlibDecoder::new(elf.bytes(offset, size, MOST_BYTES)?).take(MOST_JSON);
    let audit: Audit = serde_json::from_reader(json).ok()?;
    let is_sound = |text: &String| !text.contains(char::is_control);
    let is_plain = |found: &RustCrate| [&found.name, &found.version, &found.source].into_iter().all(is_sound);
    audit.packages.iter().all(is_plain).then_some(audit.packages)
}
