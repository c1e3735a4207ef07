//! The bill of materials: what an image is made of, written down as `.spdx.json`.
//!
//! ```text
//! Survey ──▶ packages, by dpkg's list ──┐
//!            licences, by copyright     ├──▶ Components ──▶ SPDX 2.3
//! Lock ────▶ digests of the .debs     ──┤
//! Binary ──▶ modules, by Go's linker  ──┘
//! ```

mod licence;
mod purl;
mod spdx;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::licence::Licence;
use self::purl::Purl;
pub use self::spdx::Subject;
use crate::binary::{Binary, GoModule};
use crate::image::OsRelease;
use crate::inspect::Package;
use crate::lock::Lock;
use crate::rootfs::{Digest, Survey, TargetPath};

/// The longest file of copyrights that is read, in bytes; the longest of the default image's has 90 kB.
const LONGEST_COPYRIGHT: u64 = 512 << 10;

const STATUS: &str = "/var/lib/dpkg/status";
const STATUS_PARTS: &str = "/var/lib/dpkg/status.d";

/// Whether the content of this file of the base, of so many bytes, tells what the base is made of.
pub fn wants(path: &TargetPath, size: u64) -> bool {
    is_list(path)
        || (size <= LONGEST_COPYRIGHT
            && path.name() == b"copyright"
            && path.as_relative().starts_with(b"usr/share/doc/"))
}

fn is_list(path: &TargetPath) -> bool {
    let (list, parts) = (TargetPath::known(STATUS), TargetPath::known(STATUS_PARTS));
    *path == list || path.parent().is_some_and(|parent| parent == parts)
}

/// The package URL of a Debian package, whatever system it is on.
pub fn package_url(name: &str, version: &str, architecture: &str) -> String {
    Purl::new("deb", "debian", name, version).qualified("arch", architecture).to_string()
}

/// What an image is made of.
#[derive(Clone, Debug, Default)]
pub struct Components {
    system: System,
    packages: Vec<Installed>,
    program: Option<Program>,
}

/// The distribution, by os-release(5).
#[derive(Clone, Debug, Default)]
struct System {
    /// `ID`, such as `debian`.
    id: Option<String>,
    /// `VERSION_ID`, such as `12`.
    version: Option<String>,
}

/// A Debian package.
#[derive(Clone, Debug)]
struct Installed {
    package: Package,
    /// Of its copyright file, where that states them in a way that programs can read.
    licence: Option<Licence>,
    /// File name and sha256 of the .deb that it was unpacked from, where a lock pins it.
    archive: Option<(String, Digest)>,
}

/// The program that the layout puts on top.
#[derive(Clone, Debug)]
struct Program {
    /// Where it is in the image.
    path: TargetPath,
    sha256: Digest,
    go: Option<Go>,
}

#[derive(Clone, Debug)]
struct Go {
    /// The compiler's version without `go`, which is that of the standard library.
    version: String,
    main: Option<GoModule>,
    /// What was linked in; what replaced it, where something did.
    modules: Vec<GoModule>,
}

impl Components {
    /// What the base and the program tell of themselves. `lock` is what the base was made from, if it was made from one.
    pub fn of(survey: &Survey, lock: Option<&Lock>, program: Option<(&TargetPath, &Binary)>) -> Self {
        let os_release = OsRelease::of(|path| survey.content(path));
        let archives: BTreeMap<_, _> = lock.iter().flat_map(|lock| &lock.packages).map(|it| (&*it.name, it)).collect();
        let lists = survey.contents().filter(|(path, _)| is_list(path));
        let texts: Vec<_> = lists.map(|(_, content)| String::from_utf8_lossy(content)).collect();
        let packages = crate::inspect::packages_of(texts.iter().map(AsRef::as_ref)).into_iter().map(|package| {
            let archive = archives.get(package.name.as_str()).filter(|it| it.version.to_string() == package.version);
            Installed {
                licence: licence_of(&package, survey),
                archive: archive.map(|it| (file_name(&it.file), it.sha256)),
                package,
            }
        });
        Self {
            packages: packages.collect(),
            system: System { id: os_release.get("ID"), version: os_release.get("VERSION_ID") },
            program: program.map(|(path, binary)| Program::of(path, binary)),
        }
    }
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// What `/usr/share/doc/PACKAGE/copyright` states; the directory may be a link to that of another package.
fn licence_of(package: &Package, survey: &Survey) -> Option<Licence> {
    let path = TargetPath::parse(&format!("/usr/share/doc/{}/copyright", package.name)).ok()?;
    let (path, _) = survey.resolve(&path)?;
    licence::stated(str::from_utf8(survey.content(&path)?).ok()?)
}

impl Program {
    fn of(path: &TargetPath, binary: &Binary) -> Self {
        let go = binary.go.as_ref().map(|go| Go {
            version: go.go_version.trim_start_matches("go").to_owned(),
            main: go.main.clone(),
            modules: go.deps.iter().map(|module| module.replacement.as_deref().unwrap_or(module).clone()).collect(),
        });
        Self { path: path.clone(), sha256: binary.sha256, go }
    }
}

impl System {
    /// The package URL of a Debian package on this system.
    fn purl(&self, package: &Package) -> Purl {
        let distro = self.id.as_ref().zip(self.version.as_ref()).map(|(id, version)| format!("{id}-{version}"));
        Purl::new("deb", self.id.as_deref().unwrap_or("debian"), &package.name, &package.version)
            .qualified("arch", &package.architecture)
            .qualified("distro", distro.as_deref().unwrap_or_default())
    }
}
