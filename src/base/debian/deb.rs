//! One `.deb`: found sound from the outside, with the control data read and the data still to be streamed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use super::Archive;
use super::ar::{Member, Members, Unsound, members};
use super::control::{Control, ControlFile};
use crate::base::fault::{self, Spot};
use crate::base::meter::{Meter, Metered};
use crate::base::tarball::{BUFFER, MemberKind, Tarball};
use crate::debian::{Package, Version, is_debian_name};
use crate::decompress::decoder;
use crate::error::{Class, Error, Result};
use crate::rootfs::{TargetPath, escaped};

/// The most control data of one package, in bytes and unpacked; the largest of Debian is some 2 MB.
const MOST_CONTROL: u64 = 8 << 20;
/// The most files in one `control.tar`.
const MOST_CONTROL_FILES: usize = 64;
/// The way out of an archive that is not what its hash promised.
const WAY_OUT: &str = "its sha256 was right, so it was published like this: `vezaimg lock` takes the version that the \
                       mirrors have now";

/// A package's archive.
#[derive(Debug)]
pub(super) struct Deb {
    pub(super) package: Package,
    /// What messages call it: the file's name, such as `libc6_2.36-9_amd64.deb`.
    pub(super) name: String,
    file: File,
    members: Members,
}

impl Deb {
    /// Looks at the outside of an archive, and counts what is neither control data nor data.
    ///
    /// # Errors
    /// It cannot be read, or is no Debian package.
    pub(super) fn open(archive: Archive, meter: &Meter<'_>) -> Result<Self> {
        let Archive { package, file } = archive;
        let name = escaped(package.file.rsplit('/').next().unwrap_or_default().as_bytes());
        match members(&file) {
            Ok(members) => {
                let unread = package.size.saturating_sub(members.control.size + members.data.size);
                meter.advance(usize::try_from(unread).unwrap_or(usize::MAX));
                Ok(Self { package, name, file, members })
            }
            Err(Unsound::Unread(error)) => Err(Error::failed(format!("cannot read `{name}`")).cause(error)),
            Err(Unsound::Said(what)) => Err(damaged(&name, what)),
        }
    }

    /// The control data.
    ///
    /// # Errors
    /// It is truncated, corrupt, too large, or of another package than the lock's.
    pub(super) fn control(&self, meter: &Meter<'_>) -> Result<Control> {
        let bounded = Bounded { inner: self.content(self.members.control, meter)?, left: MOST_CONTROL };
        let mut tar = Tarball::new(&self.name, Box::new(bounded));
        let mut files = BTreeMap::new();
        while let Some(member) = tar.next().map_err(published)? {
            let told = |what: &str| published(fault::entry(&self.name, &member.name, what));
            let path = TargetPath::from_relative(&member.name).map_err(|error| told(error.reason()))?;
            match member.kind {
                MemberKind::Directory if path.is_root() => continue,
                MemberKind::File(_) => {}
                _ => return Err(told("is not a regular file, as all control data is")),
            }
            let name = std::str::from_utf8(path.as_relative()).ok().filter(|name| is_control_name(name));
            let name = name.ok_or_else(|| told("is no name of control data"))?.to_owned();
            let mut content = Vec::new();
            let read = tar.content().read_to_end(&mut content);
            if let Some(failure) = tar.take_failure() {
                return Err(published(failure));
            }
            read.map_err(|error| damaged(&self.name, format!("cannot be unpacked: {error}")))?;
            let file = ControlFile { content, mtime: member.metadata.mtime };
            if files.insert(name, file).is_some() {
                return Err(told("comes twice"));
            }
            if files.len() > MOST_CONTROL_FILES {
                return Err(self.damaged(format!("has more than {MOST_CONTROL_FILES} files of control data")));
            }
        }
        let control = Control::new(files).map_err(|what| self.damaged(what))?;
        self.check_identity(&control)?;
        Ok(control)
    }

    /// The uncompressed `data.tar`. What is read of the archive is counted, as it is for the control data.
    ///
    /// # Errors
    /// The decompressor cannot be set up.
    pub(super) fn data<'a>(&'a self, meter: &'a Meter<'a>) -> Result<Box<dyn Read + 'a>> {
        self.content(self.members.data, meter)
    }

    fn content<'a>(&'a self, member: Member, meter: &'a Meter<'a>) -> Result<Box<dyn Read + 'a>> {
        let window = Window { file: &self.file, at: member.offset, end: member.offset + member.size };
        let input = BufReader::with_capacity(BUFFER, Metered::new(window, meter));
        decoder(member.compression, input).map_err(|error| fault::stopped(&self.name, &Spot::Start, &error))
    }

    /// Checks that the inside is what the lock promises.
    fn check_identity(&self, control: &Control) -> Result<()> {
        let Package { name, version, architecture, .. } = &self.package;
        // It becomes a part of file names.
        if !is_debian_name(name) {
            return Err(self.damaged(format!("has the name `{}`, which no package can have", name.escape_debug())));
        }
        let said = |field| control.fields.get(field).unwrap_or_default();
        let is_version = Version::parse(said("Version")).is_some_and(|said| said == *version);
        let checks = [
            ("Package", name.as_str(), said("Package") == name),
            ("Version", version.as_str(), is_version),
            ("Architecture", architecture.as_str(), said("Architecture") == architecture),
        ];
        match checks.into_iter().find(|(_, _, fits)| !fits) {
            None => Ok(()),
            Some((field, locked, _)) => {
                let shown = said(field).chars().take(100).collect::<String>();
                let shown = shown.escape_debug();
                Err(self.damaged(format!("says `{field}: {shown}`, and the lock `{locked}`")))
            }
        }
    }

    /// What to say of an archive that contradicts itself or the lock; `what` ends the sentence.
    pub(super) fn damaged(&self, what: impl std::fmt::Display) -> Error {
        damaged(&self.name, what)
    }
}

fn damaged(name: &str, what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("`{name}` {what}")).hint(WAY_OUT)
}

/// What the reader of tars says, with the way out that a package has.
pub(super) fn published(error: Error) -> Error {
    if error.class() != Class::Invalid {
        return error;
    }
    error.causes().iter().fold(Error::invalid(error.message()), Error::cause).hint(WAY_OUT)
}

/// Whether control data may have this name, which becomes a part of a file's below `/var/lib/dpkg/info`.
fn is_control_name(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Some bytes of a file.
struct Window<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// A content that is an error once it is longer than control data can be.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other(format!("its control data is larger than {} MiB", MOST_CONTROL >> 20)))?;
        Ok(read)
    }
}
