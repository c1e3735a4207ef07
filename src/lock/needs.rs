//! What the files of a base need at run time: libraries (`DT_NEEDED`, `PT_INTERP`) and the interpreters of scripts.
//!
//! A package that only maintainer scripts need may be left out of a base; this is how that is held to be true.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::below_usr;
use crate::binary;
use crate::rootfs::{Kind, Mode, Survey, TargetPath, escaped};

/// The longest first line of a script that Linux looks at, `BINPRM_BUF_SIZE`.
const LONGEST_LINE: usize = 256;
/// Where `env` finds a program.
const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Something that a file needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A shared library of this name.
    Library(String),
    /// A program at this path.
    Program(TargetPath),
    /// A program of this name, wherever `PATH` leads.
    Command(String),
}

/// What is needed, and by which files.
#[derive(Debug, Default)]
pub struct Needs {
    by: BTreeMap<Need, BTreeSet<TargetPath>>,
}

impl Needs {
    /// Notes what a regular file needs. Of scripts only those count that can be started by themselves.
    pub fn note(&mut self, path: &TargetPath, mode: Mode, content: &[u8]) {
        let needs = match content.strip_prefix(b"#!") {
            Some(line) if mode.bits() & 0o111 != 0 => interpreter(line).into_iter().collect(),
            Some(_) => Vec::new(),
            None => linked(content),
        };
        for need in needs {
            self.by.entry(need).or_default().insert(path.clone());
        }
    }

    /// What is needed and not there, each with the first file that needs it.
    pub fn missing(&self, survey: &Survey) -> Vec<(&Need, &TargetPath)> {
        let paths = survey.tree().iter();
        let there = Offer::of(paths.filter(|(_, entry)| !matches!(entry.kind, Kind::Directory)).map(|(path, _)| path));
        let unmet = |need: &Need| match need {
            Need::Program(path) => survey.resolve(path).is_none(),
            _ => !there.meets(need),
        };
        let missing = self.by.iter().filter(|(need, _)| unmet(need));
        missing.filter_map(|(need, by)| Some((need, by.first()?))).collect()
    }
}

/// The files that some packages bring, as far as a need asks for them.
#[derive(Debug, Default)]
pub struct Offer {
    paths: BTreeSet<TargetPath>,
    libraries: BTreeSet<Vec<u8>>,
}

impl Offer {
    /// What these paths can meet.
    pub fn of<'a>(paths: impl Iterator<Item = &'a TargetPath>) -> Self {
        let paths: BTreeSet<_> = paths.cloned().collect();
        let libraries = paths.iter().map(|path| path.name().to_vec()).filter(|name| is_library(name)).collect();
        Self { paths, libraries }
    }

    /// Whether something here meets the need.
    pub fn meets(&self, need: &Need) -> bool {
        match need {
            Need::Library(name) => self.libraries.contains(name.as_bytes()),
            Need::Program(path) => self.paths.contains(&below_usr(path.clone())),
            Need::Command(name) => PATH.iter().any(|directory| {
                let path = TargetPath::known(directory).join(name.as_bytes());
                path.is_ok_and(|path| self.paths.contains(&path))
            }),
        }
    }
}

/// Whether a file's name is that of a shared library: `libz.so.1`, `ld-linux-x86-64.so.2`.
fn is_library(name: &[u8]) -> bool {
    name.windows(3).any(|window| window == b".so")
}

/// What a script's first line, after `#!`, asks for.
fn interpreter(line: &[u8]) -> Option<Need> {
    let line = &line[..line.len().min(LONGEST_LINE)];
    let line = str::from_utf8(line.split(|byte| *byte == b'\n').next()?).ok()?;
    let mut words = line.split_ascii_whitespace();
    let program = words.next()?;
    if program.ends_with("/env") {
        let command = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
        return Some(Need::Command(command.to_owned()));
    }
    TargetPath::parse(program).ok().map(Need::Program)
}

/// What an ELF file is linked to; nothing for any other.
fn linked(content: &[u8]) -> Vec<Need> {
    let Some(linkage) = binary::linkage(content) else { return Vec::new() };
    let libraries = linkage.needed.into_iter().map(|name| match name.rsplit_once('/') {
        Some((_, last)) => Need::Library(last.to_owned()),
        None => Need::Library(name),
    });
    let interpreter = linkage.interpreter.and_then(|path| TargetPath::parse(&path).ok()).map(Need::Program);
    libraries.chain(interpreter).collect()
}

/// The end of a sentence that begins with the file.
impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Library(name) => write!(f, "needs the library `{}`", escaped(name.as_bytes())),
            Self::Program(path) => write!(f, "is started by `{path}`"),
            Self::Command(name) => write!(f, "is started by the command `{}`", escaped(name.as_bytes())),
        }
    }
}
