//! Packages' data on its way into the image, as dpkg would have unpacked it onto an empty root.
//!
//! Where two packages have one path, these rules hold; the order of the packages is [`super::order`]'s:
//!
//! - directories are shared, and the first one's owner and mode stand;
//! - a symbolic link where a directory stands already is left out, and a directory where a symbolic link to a directory
//!   stands is that directory: what is in it goes where the link leads;
//! - of files, links and pipes the first stands if one of the two packages replaces the other, else it is an error.
//!
//! A directory that is excluded appears, with its own owner and mode, as soon as something below it does, and a symbolic link that is excluded if it leads to one of those: `doc/libgcc-s1` to the copyright in `doc/gcc-12-base`.

mod generated;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use self::standing::path_of;
use super::conflict::Conflicts;
use super::control::Control;
use super::deb::{Deb, published};
use super::excluded::Excluded;
use super::place::{Diversions, merged};
use super::steps;
use super::tap::Tap;
use super::unpacked::{System, Unpacked};
use crate::base::fault;
use crate::base::tarball::{Member, MemberKind, Tarball};
use crate::base::{Dropped, Sink, is_under_dev};
use crate::error::{Error, Result};
use crate::rootfs::{Body, Entry, Kind, Metadata, TargetPath};

/// The most entries of all packages; a desktop has some 300,000, and an image some thousands.
const MOST_ENTRIES: u64 = 500_000;
/// What the base is known by, which no package brings: vezaimg makes it.
const MADE: [&str; 6] =
    ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/var/lib/dpkg/status", "/var/lib/dpkg/info"];
/// The most content that is kept for steps, in bytes.
const MOST_KEPT: u64 = 24 << 20;

/// Takes packages one after the other and gives their entries to the sink.
pub(super) struct Unpacker<'a> {
    pub(super) system: System,
    pub(super) dropped: Dropped,
    excluded: Excluded,
    diversions: &'a Diversions,
    epoch: u64,
    sink: Sink<'a>,
    /// The packages so far, and who brought each path of the tree as an index into them.
    packages: Vec<Unpacked>,
    owners: BTreeMap<TargetPath, usize>,
    /// Directories that were left out for as long as nothing is below them.
    pending: BTreeMap<TargetPath, Metadata>,
    /// Symbolic links that were left out for as long as they lead to none of those directories.
    left_out: BTreeMap<TargetPath, (Metadata, Vec<u8>)>,
    /// The links into `/usr` that the image gets.
    merged: BTreeSet<&'static str>,
    conflicts: Conflicts,
    kept: u64,
    entries: u64,
}

/// What becomes of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes into the image.
    Emitted,
    /// A step puts it there.
    Withheld,
    /// It is excluded.
    LeftOut,
}

/// The package that is being unpacked.
struct Package<'p> {
    deb: &'p Deb,
    index: usize,
    conffiles: BTreeSet<TargetPath>,
    /// What it has brought so far, by place.
    seen: BTreeMap<TargetPath, Kind<u64>>,
}

impl Package<'_> {
    /// What to say of an entry; `what` ends the sentence.
    fn refuse(&self, name: &[u8], what: impl std::fmt::Display) -> Error {
        published(fault::entry(&self.deb.name, name, what))
    }
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(excluded: Excluded, diversions: &'a Diversions, epoch: u64, sink: Sink<'a>) -> Self {
        Self {
            system: System::default(),
            dropped: Dropped::default(),
            excluded,
            diversions,
            epoch,
            sink,
            packages: Vec::new(),
            owners: BTreeMap::new(),
            pending: BTreeMap::new(),
            left_out: BTreeMap::new(),
            // What Debian's base files have even where no package needs it.
            merged: BTreeSet::from(["/bin", "/lib", "/sbin"]),
            conflicts: Conflicts::default(),
            kept: 0,
            entries: 0,
        }
    }

    /// Unpacks a package's data.
    ///
    /// # Errors
    /// The data is damaged or hostile, or the sink says so. Conflicts with other packages are told by
    /// [`finish`](Self::finish).
    pub(super) fn package(&mut self, deb: &Deb, control: Control, tar: &mut Tarball<'_>) -> Result<()> {
        let crate::debian::Package { name, version, architecture, .. } = deb.package.clone();
        if architecture == "amd64" {
            self.merged.insert("/lib64");
        }
        let conffiles = control.conffiles.iter().cloned().collect();
        let mut package = Package { deb, index: self.packages.len(), conffiles, seen: BTreeMap::new() };
        self.packages.push(Unpacked::new(name, version, architecture, control));
        while let Some(member) = tar.next().map_err(published)? {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(deb.damaged(format!("is one too many: the packages hold more than {MOST_ENTRIES} entries")));
            }
            self.member(&mut package, tar, member)?;
        }
        self.dropped.xattrs += tar.dropped_xattrs;
        Ok(())
    }

    fn member(&mut self, package: &mut Package<'_>, tar: &mut Tarball<'_>, member: Member) -> Result<()> {
        let Member { name, mut metadata, kind } = member;
        let path = path_of(package, &name)?;
        if let Some(top) = merged(&path) {
            self.merged.insert(top);
        }
        let place = self.place(package, &name, &path)?;
        if is_under_dev(&place) {
            self.dropped.under_dev += 1;
            return Ok(());
        }
        let kind = match kind {
            MemberKind::Device => {
                self.dropped.devices += 1;
                return Ok(());
            }
            MemberKind::Directory => Kind::Directory,
            MemberKind::File(size) => Kind::File(size),
            MemberKind::Symlink(target) => Kind::Symlink(target),
            MemberKind::HardLink(target) => {
                // They are the file's, and GNU tar sets none through a link.
                metadata.xattrs.clear();
                let target = path_of(package, &target)?;
                Kind::HardLink(self.place(package, &name, &target)?)
            }
            MemberKind::Fifo => Kind::Fifo,
        };
        let is_merged_link = path.parent().is_some_and(|parent| parent.is_root()) && merged(&path).is_some();
        if let (true, Kind::Symlink(target)) = (is_merged_link, &kind) {
            let leads = target.strip_prefix(b"/").unwrap_or(target);
            if TargetPath::from_relative(leads).ok().as_ref() != Some(&place) {
                let what = format!("is a link to `{}`, and the image has it lead to `{place}`", fault::shown(target));
                return Err(package.refuse(&name, what));
            }
            self.record(package, path, place);
            return Ok(());
        }
        let made = MADE.iter().map(|path| TargetPath::known(path));
        if kind != Kind::Directory && made.into_iter().any(|made| place.is_within(&made)) {
            return Err(package.refuse(&name, "stands where vezaimg writes accounts or dpkg's database"));
        }
        if place.is_root() && kind != Kind::Directory {
            return Err(package.refuse(&name, format!("is a {}, not a directory", kind.noun())));
        }
        if let Some(earlier) = package.seen.get(&place) {
            let is_same = match (earlier, &kind) {
                (Kind::Directory, Kind::Directory) => true,
                (Kind::Symlink(one), Kind::Symlink(other)) => one == other,
                _ => false,
            };
            if !is_same {
                let what = format!("lands on `{place}`, where another of its entries stands");
                return Err(package.refuse(&name, what));
            }
            self.record(package, path, place);
            return Ok(());
        }
        package.seen.insert(place.clone(), kind.clone());
        self.entry(package, tar, &name, (path, place), Entry { metadata, kind })
    }

    /// Takes an entry that the package has once.
    fn entry(
        &mut self,
        package: &Package<'_>,
        tar: &mut Tarball<'_>,
        name: &[u8],
        (path, place): (TargetPath, TargetPath),
        entry: Entry<u64>,
    ) -> Result<()> {
        let standing = self.standing(&place).map(|entry| entry.kind.clone());
        if self.excluded.matches(&place) {
            match entry.kind {
                Kind::Directory if standing.is_some() => {}
                Kind::Directory => {
                    self.pending.entry(place.clone()).or_insert(entry.metadata);
                }
                Kind::Symlink(target) => {
                    self.left_out.entry(place.clone()).or_insert((entry.metadata, target));
                }
                _ => return self.content(package, tar, name, (&path, &place), entry, Fate::LeftOut),
            }
            self.record(package, path, place);
            return Ok(());
        }
        let is_shared = match (&standing, &entry.kind) {
            (Some(Kind::Directory), Kind::Directory | Kind::Symlink(_)) => true,
            (Some(Kind::Symlink(_)), Kind::Directory) => self.leads_to_directory(&place),
            _ => false,
        };
        if is_shared {
            self.record(package, path, place);
            return Ok(());
        }
        if let Some(standing) = standing {
            let neither_is_directory = standing != Kind::Directory && entry.kind != Kind::Directory;
            self.yields(&place, package, neither_is_directory);
            return Ok(());
        }
        self.parents(&place, &package.deb.name)?;
        if let Kind::HardLink(target) = &entry.kind
            && !self.check_hard_link(package, name, target)?
        {
            return Ok(());
        }
        self.owners.insert(place.clone(), package.index);
        let fate = if steps::withholds(&place) { Fate::Withheld } else { Fate::Emitted };
        self.content(package, tar, name, (&path, &place), entry.clone(), fate)?;
        let tree = if fate == Fate::Withheld { &mut self.system.withheld } else { &mut self.system.tree };
        tree.insert(place.clone(), entry);
        self.record(package, path, place);
        Ok(())
    }

    /// Gives an entry to the sink where that is its lot, and keeps of its content what is asked for.
    fn content(
        &mut self,
        package: &Package<'_>,
        tar: &mut Tarball<'_>,
        name: &[u8],
        (path, place): (&TargetPath, &TargetPath),
        entry: Entry<u64>,
        fate: Fate,
    ) -> Result<()> {
        let Entry { metadata, kind } = entry;
        let size = if let Kind::File(size) = &kind { Some(*size) } else { None };
        let keeps = size.is_some_and(|size| fate == Fate::Withheld || steps::wants(place, size));
        if keeps {
            self.kept = self.kept.saturating_add(size.unwrap_or_default());
            if self.kept > MOST_KEPT {
                let what = format!("is too large to be looked into: {} MiB are kept in all", MOST_KEPT >> 20);
                return Err(package.refuse(name, what));
            }
        }
        let hashed = size.is_some() && fate != Fate::LeftOut && package.conffiles.contains(path);
        let mut content = Tap::new(tar.content(), keeps, hashed);
        let outcome = if fate == Fate::Emitted {
            let kind = kind.map(|size| Body { size, reader: &mut content });
            (self.sink)(place.clone(), Entry { metadata, kind })
        } else {
            Ok(())
        };
        let drained = if outcome.is_ok() && (keeps || hashed) { content.drain() } else { Ok(()) };
        let (kept, md5) = content.finish();
        // The sink knows that reading failed; the tar knows where and why.
        if let Some(failure) = tar.take_failure() {
            return Err(published(failure));
        }
        outcome?;
        drained.map_err(|error| package.refuse(name, format!("cannot be read: {error}")))?;
        if let Some(kept) = kept {
            self.system.contents.insert(place.clone(), kept);
        }
        if let (Some(md5), Some(unpacked)) = (md5, self.packages.get_mut(package.index)) {
            unpacked.conffiles.insert(path.clone(), md5);
        }
        Ok(())
    }

    /// Notes that the package has this path, and where it stands.
    fn record(&mut self, package: &Package<'_>, path: TargetPath, place: TargetPath) {
        if let Some(unpacked) = self.packages.get_mut(package.index) {
            unpacked.paths.push((path, place));
        }
    }
}
