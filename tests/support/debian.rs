//! A Debian archive of a few small packages, signed by a key of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::workspace::{LAYOUT, SMALL_BASE, Small, Workspace, outcome, tar_of};

/// The release. No machine's apt has it, so that no mirror but the test's own is asked.
pub(crate) const RELEASE: &str = "tiny";

/// The small layout on the package `system` of [`RELEASE`].
pub(crate) fn layout(packages: &[&str]) -> String {
    let packages: String = packages.iter().map(|name| format!("\"{name}\", ")).collect();
    format!("{LAYOUT}\n[base]\ndebian = \"{RELEASE}\"\npackages = [{packages}]\n")
}

/// A workspace with the layout and an empty store as `store`.
pub(crate) fn workspace(layout: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("layout.toml", layout);
    workspace
}

/// vezaimg with the workspace's own store, and no snapshots to fall back on.
pub(crate) fn vezaimg(workspace: &Workspace) -> Command {
    let mut command = workspace.command();
    command.env("VEZAIMG_CACHE", "store").env("VEZAIMG_SNAPSHOT", "");
    command
}

/// A package.
#[derive(Clone)]
pub(crate) struct Deb {
    name: String,
    version: String,
    fields: String,
    /// Its `data.tar`.
    data: Vec<u8>,
}

impl Deb {
    /// Version 1.0, for all architectures.
    pub(crate) fn new(name: &str, files: &[Small<'_>]) -> Self {
        let (name, version) = (name.to_owned(), "1.0".to_owned());
        Self { name, version, fields: String::new(), data: tar_of(files.iter()) }
    }

    /// All that a system takes here: the small base, but for what packages do not bring.
    pub(crate) fn system() -> Self {
        const MADE: [&str; 7] = [
            "./etc/group",
            "./etc/gshadow",
            "./etc/machine-id",
            "./etc/passwd",
            "./etc/shadow",
            "./etc/hostname",
            "./sbin",
        ];
        let masters = [
            Small::Directory("./usr/share/", 0o755),
            Small::Directory("./usr/share/base-passwd/", 0o755),
            Small::File("./usr/share/base-passwd/group.master", 0o644, b"root:*:0:\nshadow:*:42:\n"),
            Small::File("./usr/share/base-passwd/passwd.master", 0o644, b"root:*:0:0:root:/root:/bin/bash\n"),
        ];
        let is_brought = |entry: &&Small<'_>| match entry {
            Small::File(name, ..) | Small::Link(name, _) | Small::Directory(name, _) => !MADE.contains(name),
        };
        Self { data: tar_of(SMALL_BASE.iter().filter(is_brought).chain(&masters)), ..Self::new("system", &[]) }
    }

    pub(crate) fn version(self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self }
    }

    /// Lines of its control data, such as `Depends: …\n`.
    pub(crate) fn fields(self, fields: &str) -> Self {
        Self { fields: fields.to_owned(), ..self }
    }

    fn control(&self) -> String {
        let Self { name, version, fields, .. } = self;
        format!("Package: {name}\nVersion: {version}\nArchitecture: all\n{fields}")
    }

    /// The path below a mirror.
    pub(crate) fn file(&self) -> String {
        format!("pool/{}_{}_all.deb", self.name, self.version)
    }

    /// The whole file, deb(5).
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let control = tar_of([Small::File("./control", 0o644, self.control().as_bytes())].iter());
        let (control, data) = (gzip(&control), gzip(&self.data));
        let mut archive = b"!<arch>\n".to_vec();
        for (name, content) in [("debian-binary", &b"2.0\n"[..]), ("control.tar.gz", &control), ("data.tar.gz", &data)]
        {
            writeln!(archive, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, 100_644, content.len()).unwrap();
            archive.extend_from_slice(content);
            archive.extend((content.len() % 2 == 1).then_some(b'\n'));
        }
        archive
    }

    /// Its paragraph of an index.
    fn stanza(&self) -> String {
        let bytes = self.bytes();
        let (control, file, size, sha256) = (self.control(), self.file(), bytes.len(), sha256(&bytes));
        format!("{control}Filename: {file}\nSize: {size}\nSHA256: {sha256}\n\n")
    }

    /// Its table of a lock, where these bytes are the package's.
    fn pin(&self, bytes: &[u8]) -> String {
        let Self { name, version, .. } = self;
        let (file, size, sha256) = (self.file(), bytes.len(), sha256(bytes));
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\narchitecture = \"all\"\nsuite = \"{RELEASE}\"\n\
             file = \"{file}\"\nsize = {size}\nsha256 = \"{sha256}\"\n"
        )
    }
}

/// A lock of these packages, each with the bytes that it pins, for the `[base]` of [`layout`] with these names.
pub(crate) fn lock(packages: &[&str], pinned: &[(&Deb, &[u8])]) -> String {
    let base = vezaimg::lock::checksum(&vezaimg::layout::DebianBase {
        debian: RELEASE.to_owned(),
        components: vec!["main".to_owned()],
        packages: packages.iter().map(|name| (*name).to_owned()).collect(),
        without: Vec::new(),
        exclude_paths: Vec::new(),
        mirrors: Vec::new(),
    });
    let head = format!("version = 1\nbase = \"{base}\"\narchitecture = \"amd64\"\nepoch = 1767225600\n");
    let suite = format!("\n[[suite]]\nname = \"{RELEASE}\"\ndate = \"2026-01-01T00:00:00Z\"\n");
    pinned.iter().fold(head + &suite, |lock, (deb, bytes)| lock + &deb.pin(bytes))
}

/// The sha256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digits = |text: String, byte: u8| text + &format!("{byte:02x}");
    Sha256::digest(bytes).into_iter().fold(String::new(), digits)
}

/// Nothing is compressed, so that sizes in messages stay the same whatever the compressor becomes.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The archive: a directory that a mirror could serve.
pub(crate) struct Archive {
    directory: TempDir,
}

impl Archive {
    /// Both suites of [`RELEASE`], the security suite an empty one.
    pub(crate) fn new(packages: &[Deb]) -> Self {
        let archive = Self { directory: TempDir::with_prefix("vezaimg-archive-").unwrap() };
        fs::create_dir(archive.home()).unwrap();
        archive.gpg(&["--passphrase", "", "--quick-gen-key", "Tests <tests@example.org>", "ed25519", "sign", "never"]);
        archive.gpg(&["--output", archive.keyring().to_str().unwrap(), "--export"]);
        archive.publish(RELEASE, packages);
        archive.publish(&format!("{RELEASE}-security"), &[]);
        archive
    }

    fn home(&self) -> PathBuf {
        self.directory.path().join("gnupg")
    }

    /// The file of its key.
    pub(crate) fn keyring(&self) -> PathBuf {
        self.directory.path().join("archive.gpg")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("mirror")
    }

    /// Its address as a mirror.
    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.root().display())
    }

    /// A file below it.
    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Makes a suite anew, of these packages alone.
    pub(crate) fn publish(&self, suite: &str, packages: &[Deb]) {
        self.publish_with(suite, packages, &[("Date", "Thu, 01 Jan 2026 00:00:00 UTC")]);
    }

    /// The same with fields of the Release file added to, or in place of, the usual ones.
    pub(crate) fn publish_with(&self, suite: &str, packages: &[Deb], fields: &[(&str, &str)]) {
        let index = gzip(packages.iter().map(Deb::stanza).collect::<String>().as_bytes());
        let mut release: BTreeMap<_, _> = [
            ("Codename", suite),
            ("Architectures", "all amd64"),
            ("Components", "main"),
            ("Date", "Thu, 01 Jan 2026 00:00:00 UTC"),
        ]
        .into();
        release.extend(fields.iter().copied());
        let mut text = String::new();
        for (name, value) in release {
            writeln!(text, "{name}: {value}").unwrap();
        }
        let path = "main/binary-amd64/Packages.gz";
        writeln!(text, "SHA256:\n {} {} {path}", sha256(&index), index.len()).unwrap();
        self.write(&format!("dists/{suite}/{path}"), &index);
        for deb in packages {
            self.write(&deb.file(), &deb.bytes());
        }
        self.write(&format!("dists/{suite}/Release"), text.as_bytes());
        let file = |name| self.join(&format!("dists/{suite}/{name}"));
        let (signed, text) = (file("InRelease"), file("Release"));
        self.gpg(&["--output", signed.to_str().unwrap(), "--clearsign", text.to_str().unwrap()]);
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn gpg(&self, arguments: &[&str]) {
        let mut gpg = Command::new("gpg");
        let gpg =
            gpg.arg("--homedir").arg(self.home()).args(["--batch", "--yes", "--quiet", "--no-permission-warning"]);
        let done = outcome(gpg.args(arguments));
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
}

/// The agent that gpg started goes with its home.
impl Drop for Archive {
    fn drop(&mut self) {
        let kill = Command::new("gpgconf").arg("--homedir").arg(self.home()).args(["--kill", "gpg-agent"]).status();
        if !kill.is_ok_and(|status| status.success()) {
            eprintln!("the gpg-agent of `{}` is left running", self.directory.path().display());
        }
    }
}
