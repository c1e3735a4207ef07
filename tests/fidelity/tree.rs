//! A root file system in a tar, in the terms in which two of them are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

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

/// A package that dpkg has installed.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its paragraph in `status`.
    pub(super) paragraph: String,
    /// What its list names, as it stands in the tree.
    pub(super) paths: BTreeSet<String>,
}

/// The entries by path from the root, and who owns them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) entries: BTreeMap<String, Entry>,
    /// In the order of `status`.
    pub(super) packages: Vec<Package>,
    /// Files below `/etc` and of dpkg.
    texts: BTreeMap<String, String>,
}

impl Tree {
    /// Reads what a tar has below `root`, which is empty or ends in a slash. What is below `/dev` is left out: Incus
    /// makes it.
    pub(super) fn read(tar: impl Read, root: &str) -> Self {
        let mut tree = Self::default();
        let (mut texts, mut numbers) = (BTreeMap::new(), BTreeMap::new());
        let mut archive = tar::Archive::new(tar);
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path_bytes();
            let Some(path) = name.strip_prefix(root.as_bytes()).map(absolute) else { continue };
            drop(name);
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
                    let first = absolute(link.unwrap().strip_prefix(root).unwrap().as_bytes());
                    made = tree.entries[&first].clone();
                    numbers.insert(path.clone(), numbers[&first]);
                }
                EntryType::Regular | EntryType::Continuous => {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).unwrap();
                    made.content = digest(&content);
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
        tree.texts = texts;
        tree
    }

    /// The names of its packages.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.packages.iter().map(|package| package.name.as_str()).collect()
    }

    /// `status`, of these packages alone.
    pub(super) fn status(&self, names: &BTreeSet<&str>) -> String {
        let wanted = self.packages.iter().filter(|package| names.contains(package.name.as_str()));
        wanted.map(|package| package.paragraph.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Has dpkg's lists and checksums name only what another tree has too. dpkg's own name what `path-exclude` left out;
    /// and what one tree lacks is told of that path already.
    pub(super) fn list_what_is_in(&mut self, other: &BTreeSet<String>) {
        for (path, text) in self.texts.iter().filter(|(path, _)| path.starts_with("/var/lib/dpkg/info/")) {
            let is_there = |line: &&str| {
                let named = match path.rsplit('.').next() {
                    Some("list") => (*line).to_owned(),
                    Some("md5sums") => format!("/{}", line.split_once("  ").map_or("", |(_, path)| path)),
                    _ => return true,
                };
                named == "/." || other.contains(&self.merged(&named))
            };
            let text: String = text.lines().filter(is_there).flat_map(|line| [line, "\n"]).collect();
            if let Some(entry) = self.entries.get_mut(path) {
                entry.content = digest(text.as_bytes());
            }
        }
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
        // In the order in which packages were unpacked, which dpkg does not go by.
        if let Some(entry) = self.entries.get_mut("/var/lib/dpkg/triggers/File") {
            entry.content = text("/var/lib/dpkg/triggers/File").lines().collect::<BTreeSet<_>>().into_iter().collect();
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

/// What dpkg's `status` names.
fn packages(tree: &Tree, texts: &BTreeMap<String, String>) -> Vec<Package> {
    let status = texts.get("/var/lib/dpkg/status").map_or("", String::as_str);
    let package = |paragraph: &str| {
        let field = |field: &str| paragraph.lines().find_map(|line| line.strip_prefix(field)).unwrap().to_owned();
        let (name, architecture) = (field("Package: "), field("Architecture: "));
        let lists =
            [format!("/var/lib/dpkg/info/{name}.list"), format!("/var/lib/dpkg/info/{name}:{architecture}.list")];
        let list = lists.iter().find_map(|list| texts.get(list)).map_or("", String::as_str);
        let paths = list.lines().map(|path| tree.merged(path)).collect();
        Package { name, paragraph: paragraph.to_owned(), paths }
    };
    status.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).map(package).collect()
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
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
