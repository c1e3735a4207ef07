//! Whether a program can start on a base.

use std::fmt;

use super::dynamic::{Dynamic, RequiredVersion};
use super::elf::{Elf, Flaw};
use super::search::absolute;
use super::{Architecture, Binary};
use crate::diagnostic::Severity;
use crate::rootfs::TargetPath;

/// What the check sees of the image's root file system.
pub trait BaseView {
    /// The regular file that a path leads to once symbolic links are followed inside the base; none when there is
    /// nothing, or something else.
    fn resolve(&self, path: &TargetPath) -> Option<TargetPath>;

    /// The content of a regular file that [`Binary::wants`]; none when it was not kept.
    fn content(&self, path: &TargetPath) -> Option<&[u8]>;
}

/// One reason why a program does not start on the base, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// An error when it does not start; a warning when that could not be told.
    pub severity: Severity,
    /// What is wrong: lower case, one sentence, names in backticks, no final period.
    pub message: String,
    /// The way out.
    pub hint: String,
}

impl Fault {
    fn error(message: String, hint: String) -> Self {
        Self { severity: Severity::Error, message, hint }
    }

    fn warning(message: String, hint: String) -> Self {
        Self { severity: Severity::Warning, message, hint }
    }
}

/// The message, and the hint on a line of its own.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.message, self.hint)
    }
}

/// What the search for a library came to.
enum Found {
    /// The versions that it defines.
    Library(Vec<String>),
    /// Its path; the content was not kept.
    Unread(TargetPath),
    /// Its path; the content is not a library.
    Broken(TargetPath, &'static str),
    /// In none of the directories.
    Missing,
}

impl Binary {
    /// Every reason why the program, installed in the directory `origin`, would not start on a base of this
    /// architecture; empty when it would.
    ///
    /// The libraries that it needs itself are looked at; what those need in turn is the base's affair. With another
    /// architecture, or with musl's interpreter on a base that has none, nothing else is looked for: it could not be
    /// there.
    pub fn check(&self, image: Architecture, origin: &TargetPath, base: &dyn BaseView) -> Vec<Fault> {
        if self.architecture != image {
            return vec![self.other_architecture(image)];
        }
        let Some(interpreter) = &self.interpreter else { return Vec::new() };
        let mut faults = Vec::new();
        if absolute(interpreter).and_then(|path| base.resolve(&path)).is_none() {
            faults.push(self.missing_interpreter(interpreter));
            if self.is_musl() {
                return faults;
            }
        }
        let directories = self.search_directories(origin);
        for library in &self.needed {
            if !(self.is_musl() && is_built_into_musl(library)) {
                let found = self.find(library, &directories, base);
                self.check_library(library, &found, &mut faults);
            }
        }
        faults
    }

    /// The first file under a library's name that is for this machine: `ld.so` passes over those for others.
    fn find(&self, library: &str, directories: &[TargetPath], base: &dyn BaseView) -> Found {
        let candidates: Vec<TargetPath> = if library.contains('/') {
            absolute(library).into_iter().collect()
        } else {
            directories.iter().filter_map(|directory| directory.join(library.as_bytes()).ok()).collect()
        };
        for path in candidates.iter().filter_map(|candidate| base.resolve(candidate)) {
            let Some(content) = base.content(&path) else { return Found::Unread(path) };
            match versions_of(content, self.architecture) {
                Ok(defined) => return Found::Library(defined),
                Err(Flaw::Bits32(_) | Flaw::BigEndian(_) | Flaw::Machine(_)) => {}
                Err(Flaw::Truncated(..)) => return Found::Broken(path, "is truncated"),
                Err(Flaw::Corrupt(what)) => return Found::Broken(path, what),
                Err(Flaw::NotElf | Flaw::Object | Flaw::Core | Flaw::Library) => {
                    return Found::Broken(path, "is not a shared library");
                }
            }
        }
        Found::Missing
    }

    fn check_library(&self, library: &str, found: &Found, faults: &mut Vec<Fault>) {
        let required = || self.versions.iter().filter(|required| required.library == library);
        match found {
            Found::Missing => faults.push(self.missing_library(library)),
            Found::Broken(path, what) => faults.push(Fault::error(
                format!("`{}` needs `{library}`, and the base's `{path}` {what}", self.path.display()),
                "make the base again, or take another".to_owned(),
            )),
            Found::Unread(path) => {
                if required().next().is_some() {
                    faults.push(self.unread_library(library, path));
                }
            }
            // musl looks symbols up by name alone, and so does `ld.so` in a library that defines no versions.
            Found::Library(defined) if self.is_musl() || defined.is_empty() => {}
            Found::Library(defined) => {
                let missing = required().filter(|required| !defined.contains(&required.version));
                faults.extend(missing.map(|required| self.missing_version(required, defined)));
            }
        }
    }

    fn other_architecture(&self, image: Architecture) -> Fault {
        let build = match &self.go {
            Some(_) => format!("build it with `GOARCH={}`", image.goarch()),
            None => format!("build it for `{image}`"),
        };
        let own = self.architecture;
        Fault::error(
            format!("`{}` is built for `{own}`, and the image is for `{image}`", self.path.display()),
            format!("{build}, or set `architecture = \"{own}\"` under `[image]` in the layout"),
        )
    }

    fn missing_interpreter(&self, interpreter: &str) -> Fault {
        let linked = self.link_statically();
        let hint = if self.is_musl() {
            format!("it is linked against musl, which a glibc base such as Debian does not have: {linked}")
        } else {
            format!("install the C library that it was linked against in the base, or {linked}")
        };
        let name = self.path.display();
        Fault::error(format!("`{name}` needs the interpreter `{interpreter}`, which is not in the base"), hint)
    }

    fn missing_library(&self, library: &str) -> Fault {
        let name = self.path.display();
        Fault::error(
            format!("`{name}` needs `{library}`, which is in none of the base's library directories"),
            format!("install the package that holds it in the base, or {}", self.link_statically()),
        )
    }

    fn unread_library(&self, library: &str, path: &TargetPath) -> Fault {
        let name = self.path.display();
        Fault::warning(
            format!("the symbol versions that `{name}` asks of `{library}` are unchecked: `{path}` was not read"),
            "start one instance of the image before a rollout".to_owned(),
        )
    }

    fn missing_version(&self, required: &RequiredVersion, defined: &[String]) -> Fault {
        let RequiredVersion { library, version, symbol } = required;
        let symbol = symbol.as_ref().map_or_else(String::new, |symbol| format!(" (for the symbol `{symbol}`)"));
        let base = match newest_below(version, defined) {
            Some(newest) => format!("and the newest that the base has is `{newest}`"),
            None => "which the base's does not define".to_owned(),
        };
        Fault::error(
            format!("`{}` needs `{version}` of `{library}`{symbol}, {base}", self.path.display()),
            format!("build it on the base's own release, or {}", self.link_statically()),
        )
    }

    /// The end of a hint: how to do without the base's libraries.
    fn link_statically(&self) -> &'static str {
        let cgo = self.go.as_ref().map(|go| go.settings.get("CGO_ENABLED").map(String::as_str));
        match cgo {
            // What is left to link to is the interpreter, which `-buildmode=pie` asks for.
            Some(Some("0")) => "build it static with `-buildmode=exe`",
            Some(_) => "build it static with `CGO_ENABLED=0`",
            None => {
                "build it static (Go: `CGO_ENABLED=0`; Rust: `RUSTFLAGS=\"-C target-feature=+crt-static\"`; C: `-static`)"
            }
        }
    }
}

/// The versions that a library of this architecture defines.
pub(super) fn versions_of(content: &[u8], architecture: Architecture) -> Result<Vec<String>, Flaw> {
    let elf = Elf::parse(content)?;
    if elf.architecture != architecture {
        return Err(Flaw::Machine(elf.machine));
    }
    match Dynamic::read(&elf)? {
        Some(dynamic) => dynamic.defined_versions(),
        None => Err(Flaw::Corrupt("is not a shared library")),
    }
}

/// Whether musl's interpreter is this library itself (`load_library` in musl's `ldso/dynlink.c`).
fn is_built_into_musl(library: &str) -> bool {
    let parts = ["c", "pthread", "rt", "m", "dl", "util", "xnet"];
    library.strip_prefix("lib").and_then(|rest| rest.split_once('.')).is_some_and(|(name, _)| parts.contains(&name))
}

/// The newest of the defined versions that differ from `version` in the number only, if that is an older one.
fn newest_below<'d>(version: &str, defined: &'d [String]) -> Option<&'d str> {
    let (series, wanted) = numbered(version)?;
    let same_series = |name: &'d String| {
        let (of, number) = numbered(name)?;
        (of == series).then_some((number, name.as_str()))
    };
    let (newest, name) = defined.iter().filter_map(same_series).max()?;
    (newest < wanted).then_some(name)
}

/// `GLIBC_2.34` as `GLIBC` and 2, 34; `OPENSSL_1_1_0` as `OPENSSL` and 1, 1, 0.
fn numbered(version: &str) -> Option<(&str, Vec<u32>)> {
    let is_number = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    let mut splits = version.match_indices('_').map(|(at, _)| (&version[..at], &version[at + 1..]));
    let (series, number) = splits.find(|(_, rest)| is_number(rest))?;
    let number: Result<Vec<u32>, _> = number.split(['.', '_']).map(str::parse).collect();
    Some((series, number.ok()?))
}
