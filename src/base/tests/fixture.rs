//! What the tests of bases share: a place to work in, a tar written byte by byte, and the listing of a base.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::base::{Description, Form, open};
use crate::error::{Error, Result};
use crate::rootfs::{Body, Digest, Entry, Kind, TargetPath};
use crate::ui::{Event, Listener, Silent};

/// A directory that goes away with the test.
pub(in crate::base) struct Place(TempDir);

impl Place {
    pub(in crate::base) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(in crate::base) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(in crate::base) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs a shell script in the place; it must succeed.
    pub(in crate::base) fn sh(&self, script: &str) {
        let output = Command::new("bash").args(["-euc", script]).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Takes the place's own path out of a message, which must be the same everywhere.
    pub(in crate::base) fn scrub(&self, text: impl ToString) -> String {
        text.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }

    /// The listing of the base at these paths in the place.
    pub(in crate::base) fn list(&self, names: &[&str]) -> String {
        listing(&self.paths(names)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why the base at these paths in the place is refused.
    pub(in crate::base) fn refusal(&self, names: &[&str]) -> String {
        self.scrub(listing(&self.paths(names)).unwrap_err())
    }

    pub(in crate::base) fn paths(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.path(name)).collect()
    }

    /// Writes a tar and gives its listing.
    pub(in crate::base) fn list_tar(&self, tar: &Tar) -> String {
        self.write("by-hand.tar", &tar.whole());
        self.list(&["by-hand.tar"])
    }

    /// Writes a tar and says why it is refused.
    pub(in crate::base) fn refuse_tar(&self, tar: &Tar) -> String {
        self.write("by-hand.tar", &tar.whole());
        self.refusal(&["by-hand.tar"])
    }
}

/// A file system in memory, mounted for as long as this lives.
pub(in crate::base) struct Mount(PathBuf);

impl Mount {
    pub(in crate::base) fn of_one_mib(at: PathBuf) -> Self {
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1M", "none"]).arg(&at).status().unwrap();
        assert!(status.success());
        Self(at)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(&self.0).status().unwrap().success());
    }
}

/// A base as root reads it.
pub(in crate::base) fn read(paths: &[PathBuf]) -> Result<(Form, Vec<String>, Description)> {
    let base = open(paths)?;
    let form = base.form();
    let mut lines = Vec::new();
    let description = base.read(&Silent, &mut |path, entry| {
        lines.push(line(&path, entry)?);
        Ok(())
    })?;
    Ok((form, lines, description))
}

/// One line an entry: type and mode, owner, time, path, what it holds, attributes.
pub(in crate::base) fn listing(paths: &[PathBuf]) -> Result<String> {
    Ok(read(paths)?.1.concat())
}

pub(in crate::base) fn line(path: &TargetPath, entry: Entry<Body<'_>>) -> Result<String> {
    let (letter, holds) = match entry.kind {
        Kind::Directory => ('d', String::new()),
        Kind::File(body) => ('-', content(body)?),
        Kind::Symlink(target) => ('l', format!(" -> {}", target.escape_ascii())),
        Kind::HardLink(target) => ('h', format!(" = {target}")),
        Kind::Fifo => ('p', String::new()),
    };
    let metadata = entry.metadata;
    let xattrs =
        metadata.xattrs.iter().map(|(name, value)| format!(" {}={}", name.escape_ascii(), value.escape_ascii()));
    let xattrs: String = xattrs.collect();
    let (mode, uid, gid, mtime) = (metadata.mode, metadata.uid, metadata.gid, metadata.mtime);
    Ok(format!("{letter}{mode} {uid}:{gid} @{mtime} {path}{holds}{xattrs}\n"))
}

/// The content itself where it is short, else its size and digest. The body must be exactly as long as it says.
fn content(body: Body<'_>) -> Result<String> {
    let mut hash = Sha256::new();
    let mut short = Vec::new();
    let mut length = 0;
    let mut buffer = vec![0; 100_000];
    loop {
        let read = body.reader.read(&mut buffer).map_err(|error| Error::failed("the sink's own").cause(error))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        length += read as u64;
        short.extend_from_slice(&buffer[..read.min(32)]);
    }
    assert_eq!(length, body.size);
    Ok(if length <= 32 {
        format!(" \"{}\"", short.escape_ascii())
    } else {
        format!(" {length} bytes {}", Digest(hash.finalize().into()))
    })
}

/// The digest that a listing shows for a content.
pub(in crate::base) fn digest(content: &[u8]) -> Digest {
    Digest(Sha256::digest(content).into())
}

/// Keeps what it is told.
#[derive(Default)]
pub(in crate::base) struct Recorder(RefCell<Vec<Event>>);

impl Recorder {
    pub(in crate::base) fn events(self) -> Vec<Event> {
        self.0.into_inner()
    }
}

impl Listener for Recorder {
    fn event(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }
}

/// What a compressor makes of some bytes.
pub(in crate::base) fn filter<S: AsRef<OsStr>>(program: &str, arguments: &[S], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    output.stdout
}

/// A tar written header by header, sound or not.
#[derive(Clone, Default)]
pub(in crate::base) struct Tar(pub(in crate::base) Vec<u8>);

impl Tar {
    pub(in crate::base) fn new() -> Self {
        Self::default()
    }

    /// A ustar entry of a type; `edit` changes the header before its checksum is made.
    pub(in crate::base) fn with(
        mut self,
        flag: u8,
        name: &[u8],
        content: &[u8],
        edit: impl FnOnce(&mut tar::Header),
    ) -> Self {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkflag = [flag];
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_size(content.len() as u64);
        edit(&mut header);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.raw(content)
    }

    pub(in crate::base) fn entry(self, flag: u8, name: &[u8], content: &[u8]) -> Self {
        self.with(flag, name, content, |_| {})
    }

    pub(in crate::base) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(b'0', name.as_bytes(), content)
    }

    pub(in crate::base) fn directory(self, name: &str) -> Self {
        self.with(b'5', name.as_bytes(), b"", |header| header.set_mode(0o755))
    }

    pub(in crate::base) fn link(self, flag: u8, name: &str, target: &str) -> Self {
        self.with(flag, name.as_bytes(), b"", |header| {
            header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        })
    }

    /// An extended header of records that are each as long as they say.
    pub(in crate::base) fn pax(self, flag: u8, records: &[(&str, &[u8])]) -> Self {
        let content: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.entry(flag, b"pax", &content)
    }

    /// A sparse file of the form 0.1, called `real/name`.
    pub(in crate::base) fn sparse(self, map: &str, size: &str, content: &[u8]) -> Self {
        let records: &[(&str, &[u8])] = &[
            ("GNU.sparse.name", b"real/name"),
            ("GNU.sparse.size", size.as_bytes()),
            ("GNU.sparse.map", map.as_bytes()),
        ];
        self.pax(b'x', records).file("GNUSparseFile.0/name", content)
    }

    /// A sparse file of the form 1.0, called `x` and of 6 bytes, whose content begins with `map`; and a file after it.
    pub(in crate::base) fn leading_sparse(self, map: &[u8], data: &[u8]) -> Self {
        let records: &[(&str, &[u8])] = &[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"x"),
            ("GNU.sparse.realsize", b"6"),
        ];
        self.pax(b'x', records).file("y", &[map, data].concat()).file("next", b"")
    }

    /// Bytes as they are, filled up to a block.
    pub(in crate::base) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// The archive with its end.
    pub(in crate::base) fn whole(&self) -> Vec<u8> {
        [self.0.as_slice(), &[0; 1024]].concat()
    }
}

fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = 3 + key.len() + value.len();
    let length = (1..).map(|digits| rest + digits).find(|length| length.to_string().len() + rest == *length).unwrap();
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

/// A small root file system tar with an entry of every common kind.
pub(in crate::base) fn small() -> Tar {
    Tar::new()
        .directory("./")
        .directory("./usr/")
        .pax(b'x', &[("SCHILY.xattr.user.note", b"a\nb")])
        .file("./usr/program", b"some content\n")
        .link(b'2', "./usr/alias", "program")
        .link(b'1', "./usr/other", "./usr/program")
}

pub(in crate::base) const SMALL: &str = "\
d0755 0:0 @1 /
d0755 0:0 @1 /usr
-0644 0:0 @1 /usr/program \"some content\\n\" user.note=a\\nb
l0644 0:0 @1 /usr/alias -> program
h0644 0:0 @1 /usr/other = /usr/program
";

/// Runs something in a thread that has given up root for this user.
pub(in crate::base) fn as_user<T: Send>(uid: u32, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            rustix::thread::set_thread_uid(rustix::fs::Uid::from_raw(uid)).unwrap();
            work()
        });
        thread.join().unwrap()
    })
}
