//! A directory as a base: walked in byte order of names, so that neither the order of creation nor the file system shows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode as OpenMode, OFlags};
use walkdir::{DirEntry, WalkDir};

use super::budget::Budget;
use super::fault;
use super::meter::Meter;
use super::xattrs::{Chosen, is_portable};
use super::{Dropped, Sink, is_under_dev};
use crate::error::{Error, Result};
use crate::rootfs::{Body, Entry, Kind, Metadata, Mode, TargetPath};
use crate::ui::Event;

/// Refuses an image that somebody unpacked by hand: its root file system is one directory further down.
pub(super) fn refuse_unpacked_image(root: &Path, name: &str) -> Result<()> {
    let holds = |entry| root.join(entry).symlink_metadata().is_ok();
    if holds("metadata.yaml") && holds("rootfs") && !holds("etc") {
        let error = Error::invalid(format!("`{name}` is an unpacked image, not a root file system"));
        return Err(error.hint(format!("pass `{}`", root.join("rootfs").display())));
    }
    Ok(())
}

/// A directory that is being read.
pub(super) struct Walk<'a> {
    root: &'a Path,
    /// What messages call it.
    name: &'a str,
    euid: u32,
    meter: &'a Meter<'a>,
    budget: Budget,
    /// Files of more than one name, by device and inode, under the first.
    names: BTreeMap<(u64, u64), TargetPath>,
    dropped: Dropped,
}

impl<'a> Walk<'a> {
    /// A walk by the user with this effective id.
    pub(super) fn new(root: &'a Path, name: &'a str, euid: u32, meter: &'a Meter<'a>) -> Self {
        Self { root, name, euid, meter, budget: Budget::default(), names: BTreeMap::new(), dropped: Dropped::default() }
    }

    /// Gives every entry to the sink, directories before what they hold.
    ///
    /// # Errors
    /// An entry cannot be read, changes meanwhile, or has an owner that only an unpacking user explains.
    pub(super) fn read(mut self, sink: Sink<'_>) -> Result<Dropped> {
        // Another file system is a mount of the machine's, such as `/proc` of a chroot in use.
        // The dot leads through a symbolic link that names the root, for every call alike.
        let entries = WalkDir::new(self.root.join(".")).same_file_system(true).sort_by_file_name();
        let mut device = None;
        for entry in entries {
            let entry = entry.map_err(|error| self.walk_error(&error))?;
            let path = self.path_of(entry.path())?;
            self.budget.entry().map_err(|what| Error::invalid(format!("`{}` {what}", self.name)))?;
            if is_under_dev(&path) {
                self.dropped.under_dev += 1;
                continue;
            }
            let stat = fs::symlink_metadata(entry.path()).map_err(|error| self.io_error(&path, &error))?;
            check_owner(self.name, &path, (stat.uid(), stat.gid()), self.euid)?;
            if stat.is_dir() && *device.get_or_insert(stat.dev()) != stat.dev() {
                let note = format!("left out of the base `{}` what is mounted at `{path}`", self.name);
                self.meter.listener().event(Event::Note(note));
            }
            self.give(&entry, path, &stat, sink)?;
        }
        Ok(self.dropped)
    }

    fn give(&mut self, entry: &DirEntry, path: TargetPath, stat: &fs::Metadata, sink: Sink<'_>) -> Result<()> {
        let file_type = stat.file_type();
        if file_type.is_socket() {
            self.dropped.sockets += 1;
            return Ok(());
        }
        if file_type.is_block_device() || file_type.is_char_device() {
            self.dropped.devices += 1;
            return Ok(());
        }
        if stat.is_file() {
            return self.give_file(entry, path, stat, sink);
        }
        let kind = if stat.is_dir() {
            Kind::Directory
        } else if file_type.is_symlink() {
            let target = fs::read_link(entry.path()).map_err(|error| self.io_error(&path, &error))?;
            Kind::Symlink(target.into_os_string().into_vec())
        } else {
            Kind::Fifo
        };
        let xattrs = self.xattrs(&path, xattr::list(entry.path()), |name| xattr::get(entry.path(), name))?;
        sink(path, Entry { metadata: metadata(stat, xattrs), kind })
    }

    fn give_file(&mut self, entry: &DirEntry, path: TargetPath, stat: &fs::Metadata, sink: Sink<'_>) -> Result<()> {
        use xattr::FileExt;

        if stat.nlink() > 1 {
            match self.names.entry((stat.dev(), stat.ino())) {
                Slot::Occupied(first) => {
                    // Attributes are the file's, and stand under its first name.
                    let kind = Kind::HardLink(first.get().clone());
                    return sink(path, Entry { metadata: metadata(stat, Chosen::default()), kind });
                }
                Slot::Vacant(slot) => {
                    slot.insert(path.clone());
                }
            }
        }
        let file = self.open(entry, &path, stat)?;
        let xattrs = self.xattrs(&path, file.list_xattr(), |name| file.get_xattr(name))?;
        let metadata = metadata(stat, xattrs);
        self.budget.content(stat.size()).map_err(|what| Error::invalid(format!("`{}` {what}", self.name)))?;
        let mut content = Content { file, remaining: stat.size(), meter: self.meter, failure: None };
        let body = Body { size: stat.size(), reader: &mut content };
        let outcome = sink(path.clone(), Entry { metadata, kind: Kind::File(body) });
        match content.failure {
            Some(Failure::Changed) => return Err(self.changed(&path)),
            Some(Failure::Io(error)) => return Err(self.io_error(&path, &error)),
            None => outcome?,
        }
        let now = content.file.metadata().map_err(|error| self.io_error(&path, &error))?;
        let same = now.size() == stat.size() && (now.mtime(), now.mtime_nsec()) == (stat.mtime(), stat.mtime_nsec());
        if same { Ok(()) } else { Err(self.changed(&path)) }
    }

    /// Opens the file that the walk saw, and no other that took its name.
    fn open(&self, entry: &DirEntry, path: &TargetPath, seen: &fs::Metadata) -> Result<File> {
        // Should a pipe have taken the name, opening it would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::open(entry.path(), flags, OpenMode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::LOOP) => return Err(self.changed(path)),
            Err(error) => return Err(self.io_error(path, &error.into())),
        };
        let opened = file.metadata().map_err(|error| self.io_error(path, &error))?;
        if (opened.dev(), opened.ino(), opened.size()) != (seen.dev(), seen.ino(), seen.size()) {
            return Err(self.changed(path));
        }
        Ok(file)
    }

    fn xattrs(
        &mut self,
        path: &TargetPath,
        names: io::Result<xattr::XAttrs>,
        get: impl Fn(&OsStr) -> io::Result<Option<Vec<u8>>>,
    ) -> Result<Chosen> {
        let mut chosen = Chosen::default();
        let names = match names {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(chosen),
            Err(error) => return Err(self.io_error(path, &error)),
        };
        for name in names {
            // What is left out need not be readable.
            let value = if is_portable(name.as_bytes()) {
                get(&name).map_err(|error| self.io_error(path, &error))?.ok_or_else(|| self.changed(path))?
            } else {
                Vec::new()
            };
            let taken = chosen.take(name.into_vec(), value);
            taken.map_err(|what| fault::entry(self.name, path.as_relative(), what))?;
        }
        self.dropped.xattrs += chosen.dropped;
        Ok(chosen)
    }

    fn path_of(&self, path: &Path) -> Result<TargetPath> {
        let relative = path.strip_prefix(self.root).unwrap_or(path).as_os_str().as_bytes();
        TargetPath::from_relative(relative).map_err(|error| fault::entry(self.name, relative, error.reason()))
    }

    fn walk_error(&self, error: &walkdir::Error) -> Error {
        let path = error.path().map_or(Ok(TargetPath::root()), |path| self.path_of(path));
        match (path, error.io_error()) {
            (Ok(path), Some(error)) => self.io_error(&path, error),
            (Err(error), _) => error,
            (Ok(_), None) => Error::failed(format!("cannot read `{}`", self.name)).cause(error),
        }
    }

    fn io_error(&self, path: &TargetPath, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                let error = fault::entry(self.name, path.as_relative(), "cannot be read by this user").cause(error);
                error.hint(PASS_THE_TAR)
            }
            io::ErrorKind::NotFound => self.changed(path),
            _ => Error::failed(format!("cannot read `{}` in `{}`", fault::shown(path.as_relative()), self.name))
                .cause(error),
        }
    }

    fn changed(&self, path: &TargetPath) -> Error {
        let error = fault::entry(self.name, path.as_relative(), "changed while it was being read");
        error.hint("a base must not be in use: copy it first, or stop what writes to it")
    }
}

/// The way out where a directory cannot tell its owners.
const PASS_THE_TAR: &str =
    "pass the tar that it was unpacked from, or run this command as root on a tree that root unpacked";

/// Refuses owners that are the unpacking user's and not the content's.
///
/// An ordinary user who unpacks a tar owns all of it. A root file system belongs to root at its top; below, whatever
/// belongs to the user who reads it is taken for such a loss, unless that user is root.
///
/// # Errors
/// As above, naming the entry.
fn check_owner(name: &str, path: &TargetPath, owner: (u32, u32), euid: u32) -> Result<()> {
    let whose = match owner {
        (0, 0) => return Ok(()),
        (uid, gid) if path.is_root() && uid == 0 => format!("`{name}` belongs to gid {gid}, not to root"),
        (uid, _) if path.is_root() => format!("`{name}` belongs to uid {uid}, not to root"),
        (uid, _) if uid == euid && uid != 0 => {
            format!("`{}` in `{name}` belongs to uid {uid}, who runs this command", fault::shown(path.as_relative()))
        }
        _ => return Ok(()),
    };
    Err(Error::invalid(format!("{whose}: its owners were lost when it was unpacked")).hint(PASS_THE_TAR))
}

fn metadata(stat: &fs::Metadata, xattrs: Chosen) -> Metadata {
    Metadata {
        mode: Mode::from_bits(stat.mode()),
        uid: stat.uid(),
        gid: stat.gid(),
        mtime: u64::try_from(stat.mtime()).unwrap_or(0),
        xattrs: xattrs.kept,
    }
}

/// A file's content: as many bytes as it had when it was seen first, or an error.
struct Content<'a> {
    file: File,
    remaining: u64,
    meter: &'a Meter<'a>,
    failure: Option<Failure>,
}

/// Why reading a file stopped.
enum Failure {
    /// It got shorter.
    Changed,
    Io(io::Error),
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.remaining).map_or(buffer.len(), |remaining| remaining.min(buffer.len()));
        if most == 0 {
            return Ok(0);
        }
        let (failure, kind) = match self.file.read(&mut buffer[..most]) {
            Ok(0) => (Failure::Changed, io::ErrorKind::UnexpectedEof),
            Ok(read) => {
                self.remaining -= read as u64;
                self.meter.advance(read);
                return Ok(read);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let kind = error.kind();
                (Failure::Io(error), kind)
            }
        };
        self.failure = Some(failure);
        Err(kind.into())
    }
}
