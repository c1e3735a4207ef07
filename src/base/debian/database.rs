//! dpkg's own database below `/var/lib/dpkg`, as dpkg leaves it once everything has been installed.
//!
//! Scanners and `dpkg -l` read `status`, the lists of paths and the checksums, which are always there. What dpkg needs to
//! go on from here, to install and remove, is there if the image holds dpkg itself.

use std::collections::{BTreeMap, BTreeSet};

use super::control::SCRIPTS;
use super::place::Diversions;
use super::status;
use super::unpacked::{System, Unpacked};
use crate::rootfs::{Entry, Kind, Metadata, Mode, TargetPath, Xattrs};

const ROOT: &str = "var/lib/dpkg";

/// The database as it is being made.
struct Database {
    entries: BTreeMap<TargetPath, Entry<Vec<u8>>>,
    epoch: u64,
}

/// The entries of the database, sorted by path. What stands in the tree already is not among them: a step made it.
pub(super) fn entries(system: &System, diversions: &Diversions, epoch: u64) -> Vec<(TargetPath, Entry<Vec<u8>>)> {
    let mut database = Database { entries: BTreeMap::new(), epoch };
    let with_dpkg = system.packages.contains_key("dpkg");
    let paragraphs = system.packages.values().map(status::paragraph);
    let status: String = paragraphs.map(|paragraph| paragraph + "\n").collect();
    database.file("status", 0o644, status.into_bytes());
    for package in system.packages.values() {
        database.info(system, package, with_dpkg);
    }
    if with_dpkg {
        database.state(system, diversions);
    }
    database.entries.into_iter().filter(|(path, _)| system.tree.get(path).is_none()).collect()
}

impl Database {
    /// A package's part of `info/`.
    fn info(&mut self, system: &System, package: &Unpacked, with_dpkg: bool) {
        let name = info_name(package);
        let (mut list, mut present) = (Vec::new(), BTreeSet::new());
        for (path, place) in &package.paths {
            if system.tree.get(place).is_none() || !present.insert(path.as_relative()) {
                continue;
            }
            list.push(b'/');
            list.extend_from_slice(if path.is_root() { b"." } else { path.as_relative() });
            list.push(b'\n');
        }
        self.file(&format!("info/{name}.list"), 0o644, list);
        for (kind, file) in &package.control.files {
            let content = match kind.as_str() {
                "md5sums" => checksums(&file.content, &present),
                "list" => continue,
                _ if !with_dpkg => continue,
                _ => file.content.clone(),
            };
            let mode = if SCRIPTS.contains(&kind.as_str()) { 0o755 } else { 0o644 };
            self.add(&format!("info/{name}.{kind}"), mode, file.mtime, Kind::File(content));
        }
    }

    /// The files by which dpkg itself works.
    fn state(&mut self, system: &System, diversions: &Diversions) {
        for directory in ["alternatives", "info", "parts", "triggers", "updates"] {
            self.add(directory, 0o755, self.epoch, Kind::Directory);
        }
        let native = system.packages.get("dpkg").map(|dpkg| format!("{}\n", dpkg.architecture));
        self.file("arch", 0o644, native.unwrap_or_default().into_bytes());
        let diverted = diversions.iter().map(|it| format!("{}\n{}\n{}\n", it.from, it.to, it.package));
        self.file("diversions", 0o644, diverted.collect::<String>().into_bytes());
        self.file("info/format", 0o644, b"1\n".to_vec());
        self.file("lock", 0o640, Vec::new());
        self.file("lock-frontend", 0o640, Vec::new());
        self.file("statoverride", 0o644, Vec::new());
        self.file("triggers/Lock", 0o600, Vec::new());
        self.file("triggers/Unincorp", 0o644, Vec::new());
        let (mut files, mut named) = (String::new(), BTreeMap::<String, String>::new());
        for package in system.packages.values() {
            for (trigger, awaited) in interests(&package.control.text("triggers")) {
                let interested = format!("{}{}", info_name(package), if awaited { "" } else { "/noawait" });
                if trigger.starts_with('/') {
                    files.push_str(&format!("{trigger} {interested}\n"));
                } else {
                    named.entry(trigger).or_default().push_str(&format!("{interested}\n"));
                }
            }
        }
        self.file("triggers/File", 0o644, files.into_bytes());
        for (trigger, interested) in named {
            self.file(&format!("triggers/{trigger}"), 0o644, interested.into_bytes());
        }
    }

    fn file(&mut self, name: &str, mode: u32, content: Vec<u8>) {
        self.add(name, mode, self.epoch, Kind::File(content));
    }

    fn add(&mut self, name: &str, mode: u32, mtime: u64, kind: Kind<Vec<u8>>) {
        // Names are those of packages, of control data and of triggers, which have been checked.
        let Ok(path) = TargetPath::from_relative(format!("{ROOT}/{name}").as_bytes()) else { return };
        let metadata = Metadata { mode: Mode::from_bits(mode), uid: 0, gid: 0, mtime, xattrs: Xattrs::new() };
        self.entries.insert(path, Entry { metadata, kind });
    }
}

/// What the files of a package in `info/` are called: with the architecture where dpkg may hold several of them.
fn info_name(package: &Unpacked) -> String {
    if package.control.is_multi_arch_same() {
        format!("{}:{}", package.name, package.architecture)
    } else {
        package.name.clone()
    }
}

/// The lines of `md5sums` whose paths are in the image, deb-md5sums(5).
fn checksums(text: &[u8], present: &BTreeSet<&[u8]>) -> Vec<u8> {
    let is_present = |line: &&[u8]| {
        let path = line.splitn(2, |byte| *byte == b' ').nth(1).unwrap_or_default().trim_ascii();
        present.contains(path.strip_prefix(b"./").unwrap_or(path))
    };
    text.split_inclusive(|byte| *byte == b'\n').filter(is_present).flatten().copied().collect()
}

/// The triggers that a package is interested in, and whether whoever activates one waits, deb-triggers(5). Names that are
/// no path become file names.
fn interests(text: &str) -> Vec<(String, bool)> {
    let line = |line: &str| {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let awaited = match words.next()? {
            "interest" | "interest-await" => true,
            "interest-noawait" => false,
            _ => return None,
        };
        let trigger = words.next()?;
        let fits = |byte: u8| byte.is_ascii_graphic() && (byte != b'/' || trigger.starts_with('/'));
        let is_name = trigger.bytes().all(fits) && !trigger.starts_with('.');
        is_name.then(|| (trigger.to_owned(), awaited))
    };
    text.lines().filter_map(line).collect()
}
