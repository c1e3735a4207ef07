//! A base made of Debian packages: unpacked straight from the `.deb`s, without running one of their scripts.
//!
//! ```text
//! .deb ─▶ control ─▶ order ─▶ data ─▶ paths ─────────────▶ sink
//!  …       fields     who      tar     merged /usr,    ╲
//!          scripts    yields           excluded paths   ▶ steps ─▶ database ─▶ sink
//!                                                          what     what dpkg
//!                                                          scripts  knows
//!                                                          would have done
//! ```

mod ar;
mod conflict;
mod control;
mod database;
mod deb;
mod excluded;
mod order;
mod paragraph;
mod place;
mod replaces;
mod status;
mod steps;
mod tap;
#[cfg(test)]
mod tests;
mod unpack;
mod unpacked;

use std::collections::BTreeSet;
use std::fs::File;

use self::control::{Control, SCRIPTS};
use self::deb::Deb;
use self::excluded::Excluded;
use self::place::Diversions;
pub(crate) use self::place::below_usr;
use self::unpack::Unpacker;
use super::meter::Meter;
use super::tarball::{MemberKind, Tarball};
use super::{Dropped, Sink};
use crate::debian::Package;
use crate::error::{Error, Result};
use crate::image::Epoch;
use crate::rootfs::TargetPath;
use crate::ui::{Listener, Silent};

/// The most control data of all packages, in bytes and unpacked: it is all in memory at once.
const MOST_CONTROL: u64 = 32 << 20;

/// A `.deb` whose size and sha256 have been checked.
#[derive(Debug)]
pub struct Archive {
    /// What the lock says about it.
    pub package: Package,
    /// The file.
    pub file: File,
}

impl Archive {
    /// The same file, opened once.
    fn copy(&self) -> Result<Self> {
        let unread = |cause| Error::failed(format!("cannot read `{}`", self.package.file)).cause(cause);
        Ok(Self { package: self.package.clone(), file: self.file.try_clone().map_err(unread)? })
    }

    /// Where what it holds would stand in a base, directories aside.
    ///
    /// # Errors
    /// It is damaged or hostile.
    pub fn paths(self) -> Result<Vec<TargetPath>> {
        let meter = Meter::new(&Silent, None);
        let deb = Deb::open(self, &meter)?;
        let mut tar = Tarball::new(&deb.name, deb.data(&meter)?);
        let mut paths = Vec::new();
        while let Some(member) = tar.next().map_err(deb::published)? {
            if member.kind != MemberKind::Directory {
                let path = TargetPath::from_relative(&member.name);
                paths.extend(path.ok().map(place::below_usr));
            }
        }
        Ok(paths)
    }
}

/// The packages that make a base.
#[derive(Debug)]
pub struct Packages {
    /// What messages call them: the lock's path.
    pub name: String,
    /// Their archives, in any order.
    pub archives: Vec<Archive>,
    /// The layout's `exclude-paths`.
    pub exclude: Vec<String>,
    /// The time of what no package holds.
    pub epoch: Epoch,
}

impl Packages {
    /// What maintainer scripts would do that nothing here does in their place, a sentence each.
    ///
    /// # Errors
    /// A package is damaged, hostile, or another than the lock's.
    pub fn undone(&self) -> Result<Vec<String>> {
        let meter = Meter::new(&Silent, None);
        let mut sentences = Vec::new();
        for archive in &self.archives {
            let control = Deb::open(archive.copy()?, &meter)?.control(&meter)?;
            let scripts = SCRIPTS.map(|name| control.text(name));
            sentences.extend(steps::undone(&archive.package.name, &scripts.each_ref().map(String::as_str)));
        }
        Ok(sentences)
    }

    /// Gives every entry to the sink: the packages', in the order of their unpacking; then what their scripts would have
    /// made; then dpkg's database. Nothing touches the disk.
    ///
    /// # Errors
    /// A package is damaged, hostile, or another than the lock's; two packages have one path; or the sink says so.
    pub(super) fn read(&self, listener: &dyn Listener, sink: Sink<'_>) -> Result<Dropped> {
        let Self { name, archives, exclude, epoch } = self;
        let archives = archives.iter().map(Archive::copy).collect::<Result<Vec<_>>>()?;
        let total = archives.iter().map(|archive| archive.package.size).sum();
        let meter = Meter::new(listener, Some(total));
        let packages = open(name, archives, &meter)?;
        let diversions = {
            let named = packages.iter().map(|(deb, control)| (deb.package.name.as_str(), control));
            Diversions::of(named)
        };
        let epoch = epoch.seconds();
        let mut unpacker = Unpacker::new(Excluded::new(exclude), &diversions, epoch, sink);
        for (deb, control) in packages {
            let data = deb.data(&meter)?;
            unpacker.package(&deb, control, &mut Tarball::new(&deb.name, data))?;
        }
        let made = steps::run(unpacker.finish(name)?, epoch)?;
        for (path, entry) in made {
            unpacker.add(path, entry)?;
        }
        for (path, entry) in database::entries(&unpacker.system, &diversions, epoch) {
            unpacker.add(path, entry)?;
        }
        meter.finish();
        unpacker.end()
    }
}

/// Opens the archives and reads their control data, in the order of unpacking.
fn open(name: &str, archives: Vec<Archive>, meter: &Meter<'_>) -> Result<Vec<(Deb, Control)>> {
    let mut packages = Vec::with_capacity(archives.len());
    let mut held = 0;
    let mut names = BTreeSet::new();
    for archive in archives {
        let deb = Deb::open(archive, meter)?;
        if !names.insert(deb.package.name.clone()) {
            return Err(Error::invalid(format!("`{name}` has the package `{}` twice", deb.package.name))
                .hint("run `vezaimg lock` to make the lock again"));
        }
        let control = deb.control(meter)?;
        held += control.files.values().map(|file| file.content.len() as u64).sum::<u64>();
        if held > MOST_CONTROL {
            let most = MOST_CONTROL >> 20;
            return Err(Error::invalid(format!("the packages of `{name}` have more than {most} MiB of control data"))
                .hint("Debian's own have some 60 kB each; look at what the lock names"));
        }
        packages.push((deb, control));
    }
    let order = order::order(&packages);
    let mut packages: Vec<_> = packages.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| packages.get_mut(index)?.take()).collect())
}
