//! What must never enter an image: keys, tokens, passwords. Found by shape or by name, told by place, never by value.
//!
//! ```text
//! path ──────▶ names ───────────────────────────────┐
//! text ─────┬▶ shapes        keys and tokens ───────┤
//!           ├▶ urls          scheme://user:password │
//!           ├▶ sources       host=… password=… ─────┤──▶ Findings: what, in which line
//!           └▶ assignments   NAME=VALUE ────────────┤
//! program ───▶ shapes that are nowhere by chance ───┘    or at which byte
//! ```
//!
//! A file of text is looked at line by line, and what is told of a line is the surest of what was found in it. A
//! program holds any sequence of letters somewhere, and libraries hold the headers of keys: there only what is whole
//! counts. An image's base is not looked at: it is pinned, others made it, and whoever has its packages has its keys.

mod assignments;
mod encoded;
mod headers;
mod joined;
mod keys;
mod names;
mod placeholders;
mod program;
mod prose;
mod randomness;
mod readers;
mod shapes;
mod sources;
#[cfg(test)]
mod tests;
mod urls;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub(crate) use names::is_host_key;
pub(crate) use program::Scanning;

use crate::rootfs::TargetPath;
use assignments::Listed;
use readers::Reader;

/// The findings of one file that are told: whoever has more of them has given another file.
const MOST_FINDINGS: usize = 1000;

/// The parts of a line that are looked at one by one.
const MOST_PARTS: usize = 200;

/// What of a file's head tells whether it is text.
const HEAD: usize = 8 << 10;

/// Why something is taken for a secret; the surer, the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// It is named like the private half of an SSH host key.
    HostKey,
    /// It is named like a file of environment variables.
    EnvironmentFile,
    /// It is named like a store of private keys.
    KeyStore,
    /// It is named like a file that programs take passwords from.
    Logins,
    /// A private key.
    PrivateKey,
    /// A token of this service.
    Token(&'static str),
    /// A JSON Web Token, RFC 7519.
    WebToken,
    /// A URL with a password in front of the host.
    Url,
    /// A data source name with a password.
    DataSource,
    /// A user with a password, or a token, as HTTP and registries take them.
    Login,
    /// A value whose name says that it is secret.
    Named,
    /// A value of an environment variable that nobody can have chosen by hand.
    Random,
}

impl Secret {
    /// What it is called where a reader looks for it: `private key`, `token of GitHub`.
    pub(crate) fn kind(self) -> String {
        match self.words() {
            (_, "token of", service) => format!("token of {service}"),
            (_, _, kind) => kind.to_owned(),
        }
    }

    /// The verb, the article and the noun.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::HostKey => ("is", "an", "SSH host key"),
            Self::EnvironmentFile => ("is", "an", "environment file"),
            Self::KeyStore => ("is", "a", "store of private keys"),
            Self::Logins => ("is", "a", "file of passwords"),
            Self::PrivateKey => ("holds", "a", "private key"),
            Self::Token(service) => ("holds a", "token of", service),
            Self::WebToken => ("holds", "a", "JSON Web Token"),
            Self::Url => ("holds", "a", "URL with a password"),
            Self::DataSource => ("holds", "a", "data source name with a password"),
            Self::Login => ("holds", "a", "login"),
            Self::Named => ("holds", "a", "value that its name calls secret"),
            Self::Random => ("holds", "a", "value as random as a key"),
        }
    }
}

/// The end of a sentence that begins with a path.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, article, noun) = self.words();
        write!(f, "{verb} {article} {noun}")
    }
}

/// Where in a file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The file's name tells it.
    Name,
    /// In this line of a text, from 1.
    Line(usize),
    /// At this byte of a program, from 0.
    Byte(u64),
}

/// A secret without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where it is.
    pub spot: Spot,
    /// What it is.
    pub secret: Secret,
}

/// The secrets of a file, in the order of their places.
pub(crate) fn find(path: &TargetPath, content: &[u8]) -> Vec<Finding> {
    let named = names::find(path).map(|secret| Finding { spot: Spot::Name, secret });
    let head = content.get(..content.len().min(HEAD)).unwrap_or_default();
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    // Of UTF-16 every other byte is one.
    let is_wide = zeros * 5 > head.len() * 2 && !head.starts_with(b"\x7fELF");
    let inside = match zeros {
        0 => in_text(path, content),
        _ if is_wide => in_text(path, &content.iter().copied().filter(|byte| *byte != 0).collect::<Vec<_>>()),
        _ => program::find(content),
    };
    named.into_iter().chain(inside).collect()
}

/// Whether a line of any file may hold a secret.
pub(crate) fn is_in_line(line: &str) -> bool {
    let readers = [Reader::Environment, Reader::Configuration, Reader::Document];
    // Of a layout, what is assigned stands within a string or a table.
    let marks = ['"', '\'', '{', ','];
    let ends = line.match_indices(marks).filter_map(|(at, _)| line.get(at + 1..)).take(MOST_PARTS);
    let mut parts = std::iter::once(line).chain(line.split(marks)).chain(ends);
    let is_telling =
        |part: &str| assignments::names_secret(part) || readers.iter().any(|reader| is_assigned(*reader, part));
    of_value(line).is_some() || parts.any(is_telling)
}

/// Whether a sentence holds a secret, by its shape or behind its name: `password=…`.
pub(crate) fn is_in_sentence(text: &str) -> bool {
    let closed = text.replace(" = ", "=");
    let is_assigned = |reader: &Reader| is_assigned(*reader, &closed);
    of_value(text).is_some() || [Reader::Environment, Reader::Document].iter().any(is_assigned)
}

/// Whether a line of a file holds a secret by its name.
fn is_assigned(reader: Reader, line: &str) -> bool {
    assignments::find(reader, line.as_bytes(), &mut Listed::default()).is_some()
}

/// Whether a variable may be one, by its name, whatever the value is, or by its value. What is kept to oneself without need
/// does no harm.
pub(crate) fn may_be_secret(name: &str, value: &str) -> bool {
    let lines = value.lines().map(|line| format!("{name}={line}\n"));
    let text: String = lines.collect();
    assignments::may_name_secret(name) || !find(&TargetPath::known("/etc/environment"), text.as_bytes()).is_empty()
}

/// What the text of a value is, which is no file's.
pub(crate) fn of_value(value: &str) -> Option<Secret> {
    by_shape(value.as_bytes()).map(|(_, secret)| secret).min()
}

/// What is known by its shape, and at which byte.
fn by_shape(content: &[u8]) -> impl Iterator<Item = (usize, Secret)> {
    shapes::in_text(content)
        .chain(urls::find(content).map(|at| (at, Secret::Url)))
        .chain(sources::find(content).map(|at| (at, Secret::DataSource)))
}

/// What is told of a line is the surest of what it holds.
fn in_text(path: &TargetPath, content: &[u8]) -> Vec<Finding> {
    let reader = Reader::of(path, content);
    let mut listed = Listed::default();
    let lines = joined::lines(content, |line| reader.joins(line));
    let assigned = lines.filter_map(|(number, line)| Some((number, assignments::find(reader, &line, &mut listed)?)));
    let mut shaped: Vec<_> = by_shape(content).take(MOST_FINDINGS).collect();
    shaped.sort_unstable();
    let mut surest: BTreeMap<usize, Secret> = BTreeMap::new();
    for (number, secret) in assigned.take(MOST_FINDINGS).chain(numbered(content, shaped)) {
        surest.entry(number).and_modify(|known| *known = secret.min(*known)).or_insert(secret);
    }
    surest.into_iter().map(|(number, secret)| Finding { spot: Spot::Line(number), secret }).collect()
}

/// The numbers of the lines, from 1, in which these bytes are, which come in order.
fn numbered(content: &[u8], found: Vec<(usize, Secret)>) -> impl Iterator<Item = (usize, Secret)> {
    let (mut number, mut from) = (1, 0);
    found.into_iter().map(move |(at, secret)| {
        let between = content.get(from..at).unwrap_or_default();
        number += between.iter().filter(|byte| **byte == b'\n').count();
        from = at;
        (number, secret)
    })
}

/// The findings of one file as ends of sentences that begin with its path, one for each kind of secret.
pub(crate) fn sentences(findings: &[Finding]) -> Vec<String> {
    let mut spots: BTreeMap<Secret, BTreeSet<Spot>> = BTreeMap::new();
    for finding in findings {
        spots.entry(finding.secret).or_default().insert(finding.spot);
    }
    spots.into_iter().map(|(secret, spots)| format!("{secret}{}", at(&spots))).collect()
}

/// ` in lines 3, 4 and 9`; nothing where the name tells.
fn at(spots: &BTreeSet<Spot>) -> String {
    /// Whoever has changed these looks again.
    const SHOWN: usize = 5;
    // Of a key that its name tells too, the lines say more.
    let what = match spots.last() {
        None | Some(Spot::Name) => return String::new(),
        Some(Spot::Line(_)) => "in line",
        Some(Spot::Byte(_)) => "at byte",
    };
    let mut numbers: Vec<_> = spots.iter().filter_map(Spot::number).collect();
    let more = numbers.len().saturating_sub(SHOWN);
    if more > 0 {
        numbers.truncate(SHOWN);
        numbers.push(format!("{more} more"));
    }
    let plural = if numbers.len() == 1 { "" } else { "s" };
    let last = numbers.pop().unwrap_or_default();
    if numbers.is_empty() {
        return format!(" {what}{plural} {last}");
    }
    format!(" {what}{plural} {} and {last}", numbers.join(", "))
}

impl Spot {
    fn number(&self) -> Option<String> {
        match self {
            Self::Name => None,
            Self::Line(line) => Some(line.to_string()),
            Self::Byte(byte) => Some(byte.to_string()),
        }
    }
}
