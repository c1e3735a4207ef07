//! Where a package's entries are to stand, and what stands there already.

use super::{Package, Unpacker};
use crate::base::debian::place::below_usr;
use crate::base::debian::unpacked::Unpacked;
use crate::base::fault;
use crate::error::Result;
use crate::rootfs::{Entry, Kind, Resolved, TargetPath};

/// The most symbolic links on the way to a path, `MAXSYMLINKS` in Linux's `fs/namei.c`.
const MOST_LINKS: usize = 40;

impl Unpacker<'_> {
    /// Where a path of the package stands: diverted, below `/usr`, and behind the symbolic links to directories that
    /// stand above it.
    pub(super) fn place(&self, package: &Package<'_>, name: &[u8], path: &TargetPath) -> Result<TargetPath> {
        let diverted = self.diversions.apply(&package.deb.package.name, path.clone());
        let mut place = below_usr(diverted);
        for _ in 0..MOST_LINKS {
            let mut above = place.ancestors().filter_map(|above| Some((self.standing(&above)?, above)));
            let Some((nearest, above)) = above.next() else { return Ok(place) };
            if !matches!(nearest.kind, Kind::Symlink(_)) {
                return Ok(place);
            }
            let Resolved::Entry(directory, _) = self.system.tree.resolve(&above) else { return Ok(place) };
            let rest = place.as_relative().get(above.as_relative().len()..).unwrap_or_default();
            let rest = rest.strip_prefix(b"/").unwrap_or(rest);
            place = directory.join(rest).map_err(|error| package.refuse(name, error.reason()))?;
        }
        Err(package.refuse(name, "lies behind symbolic links that lead round in circles"))
    }

    /// What stands at a path, in the image or withheld from it.
    pub(super) fn standing(&self, place: &TargetPath) -> Option<&Entry<u64>> {
        self.system.tree.get(place).or_else(|| self.system.withheld.get(place))
    }

    /// Whether a symbolic link of this target would lead to a directory that is excluded and stands nevertheless.
    pub(super) fn leads_to_what_was_taken_back(&self, path: &TargetPath, target: &[u8]) -> bool {
        match self.system.tree.resolve_link(path, target) {
            Resolved::Entry(directory, Entry { kind: Kind::Directory, .. }) => self.excluded.matches(&directory),
            _ => false,
        }
    }

    pub(super) fn leads_to_directory(&self, place: &TargetPath) -> bool {
        matches!(self.system.tree.resolve(place), Resolved::Entry(_, Entry { kind: Kind::Directory, .. }))
    }

    /// Leaves a path to the package that has brought it. That is a conflict unless one of the two replaces the other,
    /// which `may_be_replaced` allows.
    pub(super) fn yields(&mut self, place: &TargetPath, package: &Package<'_>, may_be_replaced: bool) {
        let owner = self.owners.get(place).and_then(|index| self.packages.get(*index));
        let (Some(first), Some(second)) = (owner, self.packages.get(package.index)) else { return };
        let replaces = |one: &Unpacked, other: &Unpacked| {
            one.control.replaces.iter().any(|entry| entry.names(&other.name, &other.version))
        };
        if !(may_be_replaced && (replaces(first, second) || replaces(second, first))) {
            self.conflicts.add(place, &first.name, &second.name);
        }
    }

    /// Whether the file that a hard link names stands. If another package's stands there, that is a conflict already.
    pub(super) fn check_hard_link(&self, package: &Package<'_>, name: &[u8], target: &TargetPath) -> Result<bool> {
        let owner = self.owners.get(target);
        match self.system.tree.get(target) {
            Some(Entry { kind: Kind::File(_), .. }) if owner == Some(&package.index) => Ok(true),
            Some(_) if self.conflicts.any() && package.seen.contains_key(target) => Ok(false),
            _ if self.excluded.matches(target) => {
                let what = format!("is a hard link to `{target}`, which `exclude-paths` leaves out");
                Err(fault::entry(&package.deb.name, name, what).hint("leave out both, or neither"))
            }
            _ => {
                let what = format!("is a hard link to `{target}`, which is no file that the package has before it");
                Err(package.refuse(name, what))
            }
        }
    }
}

/// The path that an archive's name stands for.
pub(super) fn path_of(package: &Package<'_>, name: &[u8]) -> Result<TargetPath> {
    if name.iter().any(|byte| byte.is_ascii_control() && *byte != 0) {
        return Err(package.refuse(name, "has a control character in its name"));
    }
    TargetPath::from_relative(name).map_err(|error| package.refuse(name, error.reason()))
}
