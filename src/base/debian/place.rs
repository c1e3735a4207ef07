//! Where a package's paths stand in the image: below `/usr` once the directories at the top are merged into it, and
//! beside themselves where another package has diverted them.

use super::control::Control;
use crate::rootfs::TargetPath;

/// The directories at the top of the root that are links into `/usr`, <https://wiki.debian.org/UsrMerge>.
const MERGED: [&str; 6] = ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"];

/// The directory at the top that a path is, or is in, and that is a link.
pub(super) fn merged(path: &TargetPath) -> Option<&'static str> {
    let bytes = path.as_relative();
    let end = bytes.iter().position(|byte| *byte == b'/').unwrap_or(bytes.len());
    MERGED.into_iter().find(|link| link.as_bytes()[1..] == bytes[..end])
}

/// Where a path stands once `/usr` is merged.
pub(crate) fn below_usr(path: TargetPath) -> TargetPath {
    if merged(&path).is_none() {
        return path;
    }
    // Four bytes more may be too much for the longest of paths, which then stays where nothing finds it.
    TargetPath::known("/usr").join(path.as_relative()).unwrap_or(path)
}

/// A file that belongs to others and has to make room for a package's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Diversion {
    /// The package that diverts.
    pub(super) package: &'static str,
    /// The path that it keeps for itself.
    pub(super) from: &'static str,
    /// Where other packages' files go instead.
    pub(super) to: &'static str,
}

/// What packages of Debian divert with `dpkg-divert` when they are installed.
const DIVERSIONS: [Diversion; 2] = [
    Diversion { package: "dash", from: "/usr/share/man/man1/sh.1.gz", to: "/usr/share/man/man1/sh.distrib.1.gz" },
    Diversion { package: "dash", from: "/bin/sh", to: "/bin/sh.distrib" },
];

/// The diversions that a set of packages makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diversions(Vec<Diversion>);

impl Diversions {
    /// Those of the packages given by name. A later version may divert no more: what counts is that a script that runs
    /// at installation still does.
    pub(super) fn of<'a>(packages: impl Iterator<Item = (&'a str, &'a Control)> + Clone) -> Self {
        let made = |diversion: &Diversion| {
            packages.clone().filter(|(name, _)| *name == diversion.package).any(|(_, control)| {
                ["preinst", "postinst"].map(|script| control.text(script)).iter().any(|script| {
                    script.contains("dpkg-divert") && script.contains("--divert") && script.contains(diversion.from)
                })
            })
        };
        Self(DIVERSIONS.into_iter().filter(made).collect())
    }

    /// Each of them, in the order in which dpkg's database holds them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Diversion> {
        self.0.iter()
    }

    /// Where a path of `package` goes.
    pub(super) fn apply(&self, package: &str, path: TargetPath) -> TargetPath {
        let place = below_usr(path.clone());
        let diverts = |diversion: &&Diversion| {
            diversion.package != package && below_usr(TargetPath::known(diversion.from)) == place
        };
        self.0.iter().find(diverts).map_or(path, |diversion| TargetPath::known(diversion.to))
    }
}
