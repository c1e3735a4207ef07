//! The program that the image's unit starts.

use serde::Serialize;

use super::{Contents, Source};
use crate::Result;
use crate::binary::{self, GoBuildInfo, GoModule, RustBuildInfo};
use crate::rootfs::TargetPath;
use crate::ui::{Event, Listener};

/// The largest program that is looked into, in bytes: it is held in memory meanwhile.
const LARGEST: u64 = 256 << 20;

/// A program, and what its compiler wrote into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Where it is, links followed.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its sha256.
    pub sha256: String,
    /// The machine that it is for; none for a script, or what is too large to be looked into.
    pub architecture: Option<&'static str>,
    /// The dynamic linker that starts it; none for a static one.
    pub interpreter: Option<String>,
    /// Of a program in Go.
    pub go: Option<Go>,
    /// Of a program in Rust.
    pub rust: Option<Rust>,
}

/// What Go's linker wrote down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Go {
    /// The compiler's version.
    pub version: String,
    /// The module of the program.
    pub module: Option<Module>,
    /// The commit that it was built from.
    pub revision: Option<String>,
    /// Whether the working tree had changes that the commit does not hold.
    pub modified: bool,
    /// The modules that were linked in.
    pub modules: Vec<Module>,
}

/// A module of Go; what replaced it, where something did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Such as `github.com/lib/pq`.
    pub path: String,
    /// Such as `v1.10.9`.
    pub version: String,
    /// Its checksum in `go.sum`.
    pub sum: Option<String>,
}

/// What rustc wrote down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rust {
    /// The compiler's version.
    pub version: String,
    /// The crates that were linked in; empty unless it was built by `cargo auditable`.
    pub crates: Vec<Crate>,
}

/// A crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Program {
    /// The program at a path of the image; none where no file is there.
    ///
    /// # Errors
    /// The image cannot be read again, or is another by now.
    pub(super) fn read(
        path: &str,
        source: &Source,
        contents: &Contents,
        listener: &dyn Listener,
    ) -> Result<Option<Self>> {
        let Some((path, summary)) = TargetPath::parse(path).ok().and_then(|path| contents.file(&path)) else {
            return Ok(None);
        };
        let found = match summary.size {
            0..=LARGEST => binary::program(&content(source, &path, contents, listener)?),
            _ => None,
        };
        Ok(Some(Self {
            path: path.to_string(),
            size: summary.size,
            sha256: summary.sha256.to_string(),
            architecture: found.as_ref().map(|found| found.architecture.as_str()),
            interpreter: found.as_ref().and_then(|found| found.interpreter.clone()),
            go: found.as_ref().and_then(|found| found.go.as_ref()).map(Go::of),
            rust: found.as_ref().and_then(|found| found.rust.as_ref()).map(Rust::of),
        }))
    }
}

/// The content of a file that the first pass has seen.
fn content(source: &Source, wanted: &TargetPath, contents: &Contents, listener: &dyn Listener) -> Result<Vec<u8>> {
    listener.event(Event::Stage(format!("looking into `{wanted}`")));
    let mut bodies = contents.bodies(source, &[wanted.clone()].into(), listener)?;
    Ok(bodies.remove(wanted).unwrap_or_default())
}

impl Go {
    fn of(info: &GoBuildInfo) -> Self {
        Self {
            version: info.go_version.clone(),
            module: info.main.as_ref().map(Module::of),
            revision: info.revision().map(str::to_owned),
            modified: info.is_modified(),
            modules: info.deps.iter().map(Module::of).collect(),
        }
    }
}

impl Module {
    fn of(module: &GoModule) -> Self {
        let GoModule { path, version, sum, .. } = module.replacement.as_deref().unwrap_or(module);
        Self { path: path.clone(), version: version.clone(), sum: sum.clone() }
    }
}

impl Rust {
    fn of(info: &RustBuildInfo) -> Self {
        let crates = info.crates.iter().map(|it| Crate { name: it.name.clone(), version: it.version.clone() });
        Self { version: info.rustc.clone(), crates: crates.collect() }
    }
}
