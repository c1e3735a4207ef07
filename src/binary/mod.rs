//! The program that goes into the image: what it is, and whether it can run on the base.
//!
//! [`read`] takes the file once, front to back, for its digest and the secrets in it, and then only the parts of the ELF structure that
//! matter, each bounded, so that memory does not grow with the program. [`Binary::check`] does beforehand what the
//! kernel and `ld.so` would do at the start: find the interpreter, the libraries, and the symbol versions in them.

mod architecture;
mod check;
mod dynamic;
mod elf;
mod go;
mod refusal;
mod rust;
mod search;
#[cfg(test)]
mod tests;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use object::{ReadCache, ReadRef};

pub use architecture::Architecture;
pub use check::{BaseView, Fault};
pub use dynamic::RequiredVersion;
pub use go::{GoBuildInfo, GoModule};
pub use rust::{RustBuildInfo, RustCrate};

use crate::rootfs::Digest;
use crate::secrets::{Finding, Scanning};
use crate::{Error, Result};
use dynamic::Dynamic;
use elf::{Elf, Flaw};

/// A program, as it was when it was read.
///
/// Whoever packs the file reads it again: `size` and `sha256` tell whether it is still the one that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// Where it was read from, as it was given.
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// The whole file's sha256.
    pub sha256: Digest,
    /// The machine that it is built for.
    pub architecture: Architecture,
    /// The absolute path of the dynamic linker that starts it; none when it is static.
    pub interpreter: Option<String>,
    /// The libraries that it needs itself, in the order in which they are loaded: names, or paths with a slash.
    pub needed: Vec<String>,
    /// The entries of `DT_RPATH`, as they stand.
    pub rpath: Vec<String>,
    /// The entries of `DT_RUNPATH`, as they stand; where it has one, `ld.so` passes over `DT_RPATH`.
    pub runpath: Vec<String>,
    /// The symbol versions that it cannot start without, sorted.
    pub versions: Vec<RequiredVersion>,
    /// What the Go linker wrote down, for a program in Go.
    pub go: Option<GoBuildInfo>,
    /// The keys and tokens that it holds.
    pub secrets: Vec<Finding>,
}

impl Binary {
    /// Whether it needs nothing of the base: no interpreter, and so no libraries.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none()
    }
}

/// Reads a program: a 64-bit little-endian ELF executable of a known architecture.
///
/// # Errors
/// [`Class::Invalid`](crate::error::Class::Invalid) when it is missing, is no regular file, cannot be read, is empty,
/// changes while it is read, or is anything but a whole program: a script, a program for another system, a library, an
/// object file, a core dump, 32-bit, big-endian, truncated or corrupt.
pub fn read(path: &Path) -> Result<Binary> {
    let unreadable = |error: &io::Error| refusal::unreadable(path, error);
    // Without O_NONBLOCK, opening a named pipe waits for a writer.
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = OpenOptions::new().read(true).custom_flags(nonblock).open(path);
    let file = opened.map_err(|error| unreadable(&error))?;
    let before = file.metadata().map_err(|error| unreadable(&error))?;
    if !before.is_file() {
        return Err(refusal::not_a_file(path, &before));
    }
    if before.len() == 0 {
        return Err(refusal::empty(path));
    }
    // Of so many bytes: a file that somebody else appends to for ever has an end, too.
    let mut content = Scanning::new((&file).take(before.len())).map_err(|error| unreadable(&error))?;
    let sha256 = Digest::of(&mut content).map_err(|error| unreadable(&error))?;
    let secrets = content.findings().map_err(|error| unreadable(&error))?;
    let head = head(&file).map_err(|error| unreadable(&error))?;
    let facts = Facts::read(&file).map_err(|flaw| refusal::flawed(path, flaw, &head));
    let after = file.metadata().map_err(|error| unreadable(&error))?;
    if identity(&before) != identity(&after) {
        return Err(refusal::changed(path));
    }
    let Facts { architecture, interpreter, needed, rpath, runpath, versions, go } = facts?;
    let (path, size) = (path.to_owned(), before.len());
    Ok(Binary { path, size, sha256, architecture, interpreter, needed, rpath, runpath, versions, go, secrets })
}

/// What an ELF file, be it a program or a library, asks others for when it is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linkage {
    /// The dynamic linker that starts it.
    pub interpreter: Option<String>,
    /// The libraries that it needs, in order.
    pub needed: Vec<String>,
}

/// What a file is linked to; none for what is no sound 64-bit little-endian ELF file.
pub fn linkage(content: &[u8]) -> Option<Linkage> {
    let elf = Elf::parse(content).ok()?;
    let needed = Dynamic::read(&elf).ok()?.map(|dynamic| dynamic.needed()).transpose().ok()?;
    Some(Linkage { interpreter: elf.interpreter().ok()?, needed: needed.unwrap_or_default() })
}

/// What the content of a program tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The machine that it is built for.
    pub architecture: Architecture,
    /// The absolute path of the dynamic linker that starts it; none when it is static.
    pub interpreter: Option<String>,
    /// What the Go linker wrote down, for a program in Go.
    pub go: Option<GoBuildInfo>,
    /// What rustc wrote down, for a program in Rust.
    pub rust: Option<RustBuildInfo>,
}

/// What the content of a program tells; none for what is no sound 64-bit little-endian ELF program.
pub fn program(content: &[u8]) -> Option<Program> {
    let elf = Elf::parse(content).ok()?;
    let Facts { architecture, interpreter, go, .. } = Facts::of(&elf).ok()?;
    Some(Program { architecture, interpreter, go, rust: rust::read(&elf) })
}

/// What a write to a file changes.
fn identity(metadata: &Metadata) -> (u64, i64, i64) {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// The first bytes, by which a file that is not ELF is named.
fn head(mut file: &File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(512).read_to_end(&mut head)?;
    Ok(head)
}

/// What the ELF structure says.
struct Facts {
    architecture: Architecture,
    interpreter: Option<String>,
    needed: Vec<String>,
    rpath: Vec<String>,
    runpath: Vec<String>,
    versions: Vec<RequiredVersion>,
    go: Option<GoBuildInfo>,
}

impl Facts {
    fn read(source: impl Read + Seek) -> Result<Self, Flaw> {
        let cache = ReadCache::new(source);
        Self::of(&Elf::parse(&cache)?)
    }

    fn of<'a>(elf: &Elf<'a, impl ReadRef<'a>>) -> Result<Self, Flaw> {
        let interpreter = elf.interpreter()?;
        let dynamic = Dynamic::read(elf)?;
        // A static PIE is built like a shared library, but for its entry point, and that nobody links to it and that
        // it links to nobody.
        let linked = dynamic.as_ref().is_some_and(|dynamic| dynamic.has_soname() || dynamic.has_needed());
        if elf.is_relocatable() && interpreter.is_none() && (linked || !elf.has_entry()) {
            return Err(Flaw::Library);
        }
        if !elf.has_entry() {
            return Err(Flaw::Corrupt("has no entry point in what it loads"));
        }
        let mut facts = Self {
            architecture: elf.architecture,
            interpreter,
            needed: Vec::new(),
            rpath: Vec::new(),
            runpath: Vec::new(),
            versions: Vec::new(),
            go: go::read(elf),
        };
        if let Some(dynamic) = dynamic {
            facts.needed = dynamic.needed()?;
            facts.rpath = dynamic.rpath()?;
            facts.runpath = dynamic.runpath()?;
            facts.versions = dynamic.required_versions()?;
        }
        Ok(facts)
    }
}
