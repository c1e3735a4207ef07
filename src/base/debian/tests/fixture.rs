//! Packages written member by member, sound or not, and the listing of the base that they make.

use std::io::{Cursor, Read, Write};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use liblzma::read::XzEncoder;

use crate::base::debian::{Archive, Packages};
use crate::base::tests::fixture::{Tar, line};
use crate::base::{Base, Dropped};
use crate::debian::{Package, Version};
use crate::error::Result;
use crate::image::Epoch;
use crate::rootfs::{Body, Digest, Entry, Kind, TargetPath};
use crate::ui::{Listener, Silent};

/// What no package holds bears this time.
const EPOCH: u64 = 1000;
/// The links that every base gets at its end, where no package has their targets.
pub(super) const LINKS: &str = "\
l0777 0:0 @1000 /bin -> usr/bin
l0777 0:0 @1000 /lib -> usr/lib
l0777 0:0 @1000 /sbin -> usr/sbin
";

/// A package that is being made.
#[derive(Clone)]
pub(super) struct Deb {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) architecture: &'static str,
    pub(super) fields: &'static str,
    pub(super) control: Vec<(&'static str, &'static str)>,
    pub(super) data: Tar,
}

impl Deb {
    pub(super) fn new(name: &'static str) -> Self {
        let (version, architecture, fields) = ("1.0", "all", "");
        Self { name, version, architecture, fields, control: Vec::new(), data: Tar::new() }
    }

    pub(super) fn version(self, version: &'static str) -> Self {
        Self { version, ..self }
    }

    pub(super) fn architecture(self, architecture: &'static str) -> Self {
        Self { architecture, ..self }
    }

    /// More lines of its `control`.
    pub(super) fn fields(self, fields: &'static str) -> Self {
        Self { fields, ..self }
    }

    pub(super) fn control(mut self, name: &'static str, content: &'static str) -> Self {
        self.control.push((name, content));
        self
    }

    pub(super) fn data(self, data: Tar) -> Self {
        Self { data, ..self }
    }

    /// `control.tar`, uncompressed.
    pub(super) fn control_tar(&self) -> Vec<u8> {
        let Self { name, version, architecture, fields, .. } = self;
        let control = format!("Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{fields}");
        let tar = Tar::new().directory("./").file("./control", control.as_bytes());
        let add = |tar: Tar, (name, content): &(&str, &str)| tar.file(&format!("./{name}"), content.as_bytes());
        self.control.iter().fold(tar, add).whole()
    }

    /// The whole, as `dpkg-deb` writes it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let (control, data) = (xz(&self.control_tar()), xz(&self.data.whole()));
        ar(&[("debian-binary", b"2.0\n"), ("control.tar.xz", &control), ("data.tar.xz", &data)])
    }

    /// Some bytes that are passed for the package.
    pub(super) fn archive(&self, bytes: &[u8]) -> Archive {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let package = Package {
            name: self.name.to_owned(),
            version: Version::parse(self.version).unwrap(),
            architecture: self.architecture.to_owned(),
            suite: "test".to_owned(),
            file: format!("pool/{}_{}_{}.deb", self.name, self.version, self.architecture),
            size: bytes.len() as u64,
            sha256: Digest([0; 32]),
        };
        Archive { package, file }
    }
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    XzEncoder::new(bytes, 0).read_to_end(&mut packed).unwrap();
    packed
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(Cursor::new(bytes), 1).unwrap()
}

/// An `ar` archive.
pub(super) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        archive.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).bytes());
        archive.extend_from_slice(content);
        archive.extend((content.len() % 2 == 1).then_some(b'\n'));
    }
    archive
}

/// The base of some archives.
pub(super) fn base(archives: Vec<Archive>, exclude: &[&str]) -> Base {
    let exclude = exclude.iter().map(|pattern| (*pattern).to_owned()).collect();
    let epoch = Epoch::from_seconds(EPOCH);
    Base::of_packages(Packages { name: "layouts/test.lock".to_owned(), archives, exclude, epoch })
}

/// One line an entry, and what was left out.
pub(super) fn read(
    archives: Vec<Archive>,
    exclude: &[&str],
    listener: &dyn Listener,
) -> Result<(Vec<String>, Dropped)> {
    let mut lines = Vec::new();
    let description = base(archives, exclude).read(listener, &mut |path, entry| {
        lines.push(line(&path, entry)?);
        Ok(())
    })?;
    Ok((lines, description.dropped))
}

fn archives(debs: &[Deb]) -> Vec<Archive> {
    debs.iter().map(|deb| deb.archive(&deb.bytes())).collect()
}

/// The listing of a base without dpkg's database, which comes last.
pub(super) fn list(debs: &[Deb], exclude: &[&str]) -> String {
    let (lines, _) = read(archives(debs), exclude, &Silent).unwrap_or_else(|error| panic!("{error}"));
    let is_database = |line: &&String| {
        [" /var", " /var/lib", " /var/lib/dpkg"].iter().any(|path| line.trim_end().ends_with(path))
            || line.contains(" /var/lib/dpkg/")
    };
    lines.iter().filter(|line| !is_database(line)).map(String::as_str).collect()
}

/// Why a base is refused.
pub(super) fn refusal(debs: &[Deb]) -> String {
    read(archives(debs), &[], &Silent).unwrap_err().to_string()
}

/// Why some bytes are refused as the package `p`.
pub(super) fn refusal_of(bytes: &[u8]) -> String {
    read(vec![Deb::new("p").archive(bytes)], &[], &Silent).unwrap_err().to_string()
}

/// dpkg's database: every file's mode, path and text.
pub(super) fn database(debs: &[Deb], exclude: &[&str]) -> String {
    let mut text = String::new();
    let sink = &mut |path: TargetPath, entry: Entry<Body<'_>>| {
        let within = path.to_string().strip_prefix("/var/lib/dpkg/").map(str::to_owned);
        let (mode, mtime) = (entry.metadata.mode, entry.metadata.mtime);
        match (within, entry.kind) {
            (Some(name), Kind::File(body)) => {
                let mut content = String::new();
                body.reader.read_to_string(&mut content).unwrap();
                text.push_str(&format!("== {name} {mode} @{mtime}\n{content}"));
            }
            (Some(name), kind) => text.push_str(&format!("== {name} {mode} @{mtime} {}\n", kind.noun())),
            (None, _) => {}
        }
        Ok(())
    };
    base(archives(debs), exclude).read(&Silent, sink).unwrap();
    text
}
