//! Where the dynamic linker looks for a library.
//!
//! The order is that of `ld.so(8)` without its cache and environment: `DT_RPATH` or `DT_RUNPATH`, then the directories
//! that are built in. What `/etc/ld.so.conf.d` adds is not read: its directories count only once `ldconfig` has run,
//! and a library in one of them has to be found through a `DT_RUNPATH` of the program. Passed over, too, are entries
//! with `$LIB` or `$PLATFORM` and relative ones, which mean something else in every working directory.
//!
//! musl has other built-in directories, and no table of symbol versions (musl's `ldso/dynlink.c`).

use super::Binary;
use crate::rootfs::TargetPath;

/// Directories that the libraries of a base lie in, or below; `/lib` may be a link to `/usr/lib`, or not.
const LIBRARY_ROOTS: [&[u8]; 4] = [b"lib", b"lib64", b"usr/lib", b"usr/lib64"];

impl Binary {
    /// Whether musl's dynamic linker starts it.
    pub(super) fn is_musl(&self) -> bool {
        let interpreter = self.interpreter.as_deref().and_then(|path| path.rsplit('/').next());
        interpreter.is_some_and(|name| name.starts_with("ld-musl-"))
    }

    /// Whether the content of this regular file of the base is wanted for [`check`](Self::check).
    ///
    /// It is when it may be what the name of a needed library leads to: `libz.so.1.2.13` and `libc-2.31.so` for
    /// `libz.so.1` and `libc.so.6`, in or below a library directory, or anywhere when the program brings search paths
    /// of its own. Names come from the base, so the caller still bounds the size of what it keeps.
    pub fn wants(&self, path: &TargetPath) -> bool {
        if self.is_static() {
            return false;
        }
        let anywhere =
            !self.rpath.is_empty() || !self.runpath.is_empty() || self.needed.iter().any(|n| n.contains('/'));
        let below = |root: &[u8]| path.as_relative().strip_prefix(root).is_some_and(|rest| rest.starts_with(b"/"));
        let libraries = self.needed.iter().chain(self.versions.iter().map(|required| &required.library));
        (anywhere || LIBRARY_ROOTS.iter().any(|root| below(root)))
            && libraries.into_iter().any(|library| may_be(path.name(), library))
    }

    /// What [`wants`](Self::wants) depends on, as text: equal for programs that want the same of every base.
    pub fn interest(&self) -> String {
        if self.is_static() {
            return String::new();
        }
        let versions = self.versions.iter().map(|required| &required.library);
        let mut libraries: Vec<_> = self.needed.iter().chain(versions).collect();
        libraries.sort();
        libraries.dedup();
        let anywhere = !self.rpath.is_empty() || !self.runpath.is_empty();
        format!("{anywhere} {libraries:?}")
    }

    /// The directories that its libraries are looked for in, in order, when it is installed in `origin`.
    pub(super) fn search_directories(&self, origin: &TargetPath) -> Vec<TargetPath> {
        let own = if self.runpath.is_empty() { &self.rpath } else { &self.runpath };
        let multiarch = self.architecture.multiarch();
        let built_in = if self.is_musl() {
            vec!["/lib".to_owned(), "/usr/local/lib".to_owned(), "/usr/lib".to_owned()]
        } else {
            let below = ["/lib", "/usr/lib"].map(|root| format!("{root}/{multiarch}"));
            below.into_iter().chain(["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned)).collect()
        };
        let own = own.iter().filter_map(|entry| expand(entry, origin));
        own.chain(built_in.iter().filter_map(|directory| absolute(directory))).collect()
    }
}

/// The last component of a library's name or path.
fn base_name(library: &str) -> &str {
    library.rsplit('/').next().unwrap_or(library)
}

/// Whether a file's name is one that a library of this name is kept under.
fn may_be(file: &[u8], library: &str) -> bool {
    let name = base_name(library);
    // glibc before 2.34 kept `ld-linux-x86-64.so.2` in `ld-2.31.so`.
    let stem = if name.starts_with("ld-linux") { "ld" } else { name.split(".so").next().unwrap_or(name) };
    let is_release = |rest: &[u8]| matches!(rest.first(), Some(b'.' | b'-')) && rest.windows(3).any(|at| at == b".so");
    file == name.as_bytes() || file.strip_prefix(stem.as_bytes()).is_some_and(is_release)
}

/// An entry of `DT_RPATH` or `DT_RUNPATH` as a directory; none for one that is passed over.
fn expand(entry: &str, origin: &TargetPath) -> Option<TargetPath> {
    let after = entry.strip_prefix("$ORIGIN").or_else(|| entry.strip_prefix("${ORIGIN}"));
    match after {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => walk(origin.clone(), rest),
        Some(_) => None,
        None => absolute(entry),
    }
}

/// An absolute path, with its `..` components taken out by name.
pub(super) fn absolute(path: &str) -> Option<TargetPath> {
    walk(TargetPath::root(), path.strip_prefix('/')?)
}

fn walk(from: TargetPath, path: &str) -> Option<TargetPath> {
    path.split('/').filter(|component| !component.is_empty()).try_fold(from, |here, component| match component {
        ".." => Some(here.parent().unwrap_or(here)),
        _ if component.contains('$') => None,
        _ => here.join(component.as_bytes()).ok(),
    })
}
