//! What the Go linker writes into a program: compiler, module, dependencies, revision.
//!
//! The format is that of Go's `debug/buildinfo` and `runtime/debug.ParseBuildInfo`. The blob begins with a magic at a
//! multiple of 16 bytes; byte 14 is the size of a pointer, byte 15 holds flags. With flag 2 (since Go 1.18) two strings
//! follow at byte 32, each after its length as a varint; without it, at byte 16 stand the addresses of two Go strings,
//! each an address and a length. The first is the compiler's version; the second is a text of lines with columns split
//! by tabs, between two marks of 16 bytes.

mod quoted;

use std::collections::BTreeMap;

use object::ReadRef;

use super::elf::{Elf, text};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: usize = 32;
const INLINE_STRINGS: u8 = 2;

/// What is looked through for the blob, strings included. Five hundred modules take some 60 kB.
const MOST_BYTES: u64 = 4 << 20;

/// A Go module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoModule {
    /// Its path, such as `github.com/lib/pq`.
    pub path: String,
    /// Its version, such as `v1.10.9`; `(devel)` or empty when it was built from a working tree.
    pub version: String,
    /// The checksum of `go.sum`, such as `h1:…`; none for the main module.
    pub sum: Option<String>,
    /// What a `replace` directive put in its place.
    pub replacement: Option<Box<Self>>,
}

/// What the Go linker wrote into a program.
///
/// The strings are the program's own word, and have no control characters but in values of `settings`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoBuildInfo {
    /// The compiler's version, such as `go1.23.5`.
    pub go_version: String,
    /// The path of the `main` package; empty when built without modules.
    pub path: String,
    /// The module that holds it.
    pub main: Option<GoModule>,
    /// The modules that were linked in, in the linker's order.
    pub deps: Vec<GoModule>,
    /// Build settings, such as `vcs.revision`, `vcs.time`, `vcs.modified`, `GOARCH`, `CGO_ENABLED`. Linker flags are
    /// among them, and may hold paths of the machine that built the program.
    pub settings: BTreeMap<String, String>,
}

impl GoBuildInfo {
    /// The commit that the program was built from, if `go build` knew it.
    pub fn revision(&self) -> Option<&str> {
        self.settings.get("vcs.revision").map(String::as_str)
    }

    /// Whether the working tree had changes that the commit does not hold.
    pub fn is_modified(&self) -> bool {
        self.settings.get("vcs.modified").is_some_and(|value| value == "true")
    }

    /// Reads the text of lines, without its marks.
    fn parse(go_version: String, lines: &str) -> Option<Self> {
        if lines.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
            return None;
        }
        let mut info = Self { go_version, ..Self::default() };
        let mut last: Option<Last> = None;
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let (keyword, rest) = line.split_once('\t')?;
            match keyword {
                "path" => rest.clone_into(&mut info.path),
                "mod" => {
                    info.main = Some(module(rest)?);
                    last = Some(Last::Main);
                }
                "dep" => {
                    info.deps.push(module(rest)?);
                    last = Some(Last::Dependency);
                }
                "=>" => {
                    let replaced = match last.take()? {
                        Last::Main => info.main.as_mut(),
                        Last::Dependency => info.deps.last_mut(),
                    };
                    replaced?.replacement = Some(Box::new(module(rest)?));
                }
                "build" => {
                    let (key, value) = quoted::setting(rest)?;
                    info.settings.insert(key, value);
                }
                // `debug.ParseBuildInfo` passes over lines that a later Go may add.
                _ => {}
            }
        }
        Some(info)
    }
}

/// The module that the next `=>` line replaces.
enum Last {
    Main,
    Dependency,
}

/// `PATH`, `VERSION` and perhaps `SUM`.
fn module(columns: &str) -> Option<GoModule> {
    let mut columns = columns.split('\t');
    let (path, version, sum) = (columns.next()?, columns.next()?, columns.next());
    let sum = sum.filter(|sum| !sum.is_empty()).map(str::to_owned);
    let whole = columns.next().is_none();
    whole.then(|| GoModule { path: path.to_owned(), version: version.to_owned(), sum, replacement: None })
}

/// The build info of a program; none when it has none, or none that holds together: it is not needed to run.
pub(super) fn read<'a>(elf: &Elf<'a, impl ReadRef<'a>>) -> Option<GoBuildInfo> {
    let (offset, size) = elf.section_named(b".go.buildinfo").or_else(|| elf.data_segment())?;
    let bytes = elf.bytes(offset, size.min(MOST_BYTES), MOST_BYTES)?;
    let blob = blob(bytes)?;
    let (&flags, strings) = (blob.get(15)?, blob.get(HEADER..)?);
    let (version, lines) = if flags & INLINE_STRINGS != 0 {
        let (version, rest) = inline_string(strings)?;
        (version, inline_string(rest)?.0)
    } else if flags == 0 && blob.get(14) == Some(&8) {
        (string_at(elf, word(blob, 16)?)?, string_at(elf, word(blob, 24)?)?)
    } else {
        return None;
    };
    GoBuildInfo::parse(text(version)?, unframed(lines)?)
}

/// From the magic on.
fn blob(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.chunks(16).position(|chunk| chunk.starts_with(MAGIC))?;
    bytes.get(at * 16..)
}

/// A string after its length, and what follows it.
fn inline_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    // Four groups of seven bits count to 256 MiB, more than is ever read.
    for (index, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// The Go string whose address and length stand at an address.
fn string_at<'a>(elf: &Elf<'a, impl ReadRef<'a>>, address: u64) -> Option<&'a [u8]> {
    let (offset, _) = elf.locate(address)?;
    let header = elf.bytes(offset, 16, 16)?;
    let (offset, left) = elf.locate(word(header, 0)?)?;
    elf.bytes(offset, word(header, 8)?, left.min(MOST_BYTES))
}

/// Eight bytes, little-endian.
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// The lines between the marks; nothing when the program was built without modules.
fn unframed(lines: &[u8]) -> Option<&str> {
    let inner = lines.get(16..lines.len().saturating_sub(16)).filter(|inner| inner.ends_with(b"\n"));
    std::str::from_utf8(inner.unwrap_or_default()).ok()
}
