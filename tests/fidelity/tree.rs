//! A root file system in a tar, in the terms in which two of them are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use tar::EntryType;

/// Numbers that Debian leaves to each system.
const DYNAMIC: std::ops::Range<u32> = 100..1000;

/// One entry, its fields as text.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) kind: &'static str,
    /// In octal; empty for a symbolic link, which has none.
    pub(super) mode: String,
    /// `user:group`.
    pub(super) owner: String,
    /// Of a symbolic link.
    pub(super) target: String,
    /// Of a file: the digest, or, for the files of accounts, the text with what may differ left out.
    pub(super) content: String,
}

/// The entries by path from the root, and who owns them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) entries: BTreeMap<String, Entry>,
    /// Paths by package, as dpkg lists them.
    pub(super) packages: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    /// Reads a tar. What is below `/dev` is left out: Incus makes it.
    pub(super) fn read(path: &Path) -> Self {
        let mut tree = Self::default();
        let (mut texts, mut numbers) = (BTreeMap::new(), BTreeMap::new());
        let mut archive = tar::Archive::new(File::open(path).unwrap());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = absolute(&entry.path_bytes());
            if path.starts_with("/dev/") || path == "/" {
                continue;
            }
            let header = entry.header().clone();
            numbers.insert(path.clone(), (header.uid().unwrap(), header.gid().unwrap()));
            let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
            let mut made = Entry {
                kind: "file",
                mode: format!("{:04o}", header.mode().unwrap() & 0o7777),
                owner: String::new(),
                target: String::new(),
                content: String::new(),
            };
            match header.entry_type() {
                EntryType::Directory => made.kind = "directory",
                EntryType::Fifo => made.kind = "fifo",
                EntryType::Symlink => {
                    (made.kind, made.mode, made.target) = ("link", String::new(), link.unwrap());
                }
                EntryType::Link => {
                    let first = absolute(link.unwrap().as_bytes());
                    made = tree.entries[&first].clone();
                    numbers.insert(path.clone(), numbers[&first]);
                }
                EntryType::Regular | EntryType::Continuous => {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).unwrap();
                    made.content = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
                    if path.starts_with("/var/lib/dpkg/") || path.starts_with("/etc/") {
                        texts.insert(path.clone(), String::from_utf8_lossy(&content).into_owned());
                    }
                }
                other => panic!("{path} is a {other:?}"),
            }
            tree.entries.insert(path, made);
        }
        tree.name_owners(&texts, &numbers);
        tree.packages = packages(&tree, &texts);
        tree
    }

    fn name_owners(&mut self, texts: &BTreeMap<String, String>, numbers: &BTreeMap<String, (u64, u64)>) {
        let text = |path: &str| texts.get(path).map_or("", String::as_str);
        let (users, groups) = (names(text("/etc/passwd")), names(text("/etc/group")));
        for (path, entry) in &mut self.entries {
            let (uid, gid) = numbers[path];
            let named = |names: &BTreeMap<String, String>, id: u64| names.get(&id.to_string()).cloned();
            let user = named(&users, uid).unwrap_or_else(|| uid.to_string());
            let group = named(&groups, gid).unwrap_or_else(|| gid.to_string());
            entry.owner = format!("{user}:{group}");
        }
        for path in ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"] {
            if let Some(entry) = self.entries.get_mut(path) {
                entry.content = accounts(path, text(path), &groups);
            }
        }
    }
}

/// With a leading slash and nothing at the end.
fn absolute(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let path = path.strip_prefix("./").unwrap_or(&path).trim_matches('/');
    if path == "." { "/".to_owned() } else { format!("/{path}") }
}

/// Names by number.
fn names(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.map(|fields| (fields[2].to_owned(), fields[0].to_owned())).collect()
}

/// The lines sorted, with groups by name, and without numbers that each system chooses and dates of passwords.
fn accounts(path: &str, text: &str, groups: &BTreeMap<String, String>) -> String {
    let fixed = |id: &str| match id.parse() {
        Ok(number) if !DYNAMIC.contains(&number) => id.to_owned(),
        _ => "dynamic".to_owned(),
    };
    let mut lines: Vec<_> = text
        .lines()
        .map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            match path {
                "/etc/passwd" => {
                    let (uid, group) = (fixed(fields[2]), groups.get(fields[3]).map_or(fields[3], String::as_str));
                    format!("{}:{uid}:{group}:{}", fields[0], fields[4..].join(":"))
                }
                "/etc/group" => format!("{}:{}:{}", fields[0], fixed(fields[2]), fields[3]),
                "/etc/shadow" => fields[..2].join(":"),
                _ => line.to_owned(),
            }
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

/// What dpkg's `status` names, each with the paths of its list.
fn packages(tree: &Tree, texts: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let status = texts.get("/var/lib/dpkg/status").map_or("", String::as_str);
    let mut packages = BTreeMap::new();
    let (mut name, mut architecture) = (String::new(), String::new());
    for line in status.lines().chain([""]) {
        if let Some(value) = line.strip_prefix("Package: ") {
            value.clone_into(&mut name);
        } else if let Some(value) = line.strip_prefix("Architecture: ") {
            value.clone_into(&mut architecture);
        } else if line.is_empty() && !name.is_empty() {
            let lists =
                [format!("/var/lib/dpkg/info/{name}.list"), format!("/var/lib/dpkg/info/{name}:{architecture}.list")];
            let list = lists.iter().find_map(|list| texts.get(list)).map_or("", String::as_str);
            packages.insert(std::mem::take(&mut name), list.lines().map(|path| tree.merged(path)).collect());
        }
    }
    packages
}

impl Tree {
    /// A path with the link that its first component may be followed: `/lib/x` is `/usr/lib/x`.
    fn merged(&self, path: &str) -> String {
        let top = path.split('/').nth(1).map(|top| format!("/{top}")).unwrap_or_default();
        match self.entries.get(&top) {
            Some(entry) if entry.kind == "link" && path != top => format!("/{}{}", entry.target, &path[top.len()..]),
            _ => path.to_owned(),
        }
    }
}
