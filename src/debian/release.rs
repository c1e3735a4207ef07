//! A suite's Release file, <https://wiki.debian.org/DebianRepository/Format>: what the suite is, and its indices by content.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::is_below_mirror;
use crate::decompress::{Compression, decoder};
use crate::image::Epoch;
use crate::rootfs::{Digest, escaped};
use crate::{Error, Result};

/// How far a mirror's clock may be ahead of ours, in seconds.
const TOLERANCE: u64 = 3_600;
/// The largest index in bytes, compressed. Debian's own have 9,000,000.
const LARGEST_INDEX: u64 = 256 << 20;

/// Names that move from release to release: what they mean today, a lock could not say tomorrow.
pub(crate) const MOVING_NAMES: [&str; 7] =
    ["oldoldstable", "oldstable", "stable", "testing", "unstable", "sid", "experimental"];

/// What a suite says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name that moves from release to release, such as `stable`, if it has one.
    pub suite: Option<String>,
    /// Its own name, such as `bookworm-security`.
    pub codename: String,
    /// When it was made.
    pub date: Epoch,
    /// The last second at which a mirror may serve it as the present state.
    pub valid_until: Option<Epoch>,
    /// The architectures that it has packages for.
    pub architectures: Vec<String>,
    /// Its components, such as `main`; some suites write `updates/main` where the path has `main`.
    pub components: Vec<String>,
    /// Whether a mirror has every file by its content too, where it stays when the next state comes.
    pub by_hash: bool,
    /// Its files by their paths below the suite's directory.
    files: BTreeMap<String, (u64, Digest)>,
}

/// An index that a mirror serves, by content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFile {
    /// The path below the suite's directory, by its content where the suite has it so.
    pub path: String,
    /// How it is compressed.
    pub(super) compression: Compression,
    /// Its size in bytes, compressed.
    pub size: u64,
    /// The sha256 of the compressed file.
    pub sha256: Digest,
}

impl IndexFile {
    /// The text of the file that was fetched.
    ///
    /// # Errors
    /// The decompressor has no memory. What is wrong with the content shows when it is read.
    pub fn open(&self, file: File) -> io::Result<impl BufRead> {
        Ok(BufReader::new(decoder(self.compression, BufReader::new(file))?))
    }
}

impl Release {
    /// Reads the text that was signed. `what` is what messages call it, such as ``the InRelease of `bookworm` ``.
    ///
    /// # Errors
    /// [`Invalid`](crate::error::Class::Invalid): a field is missing or not sound.
    pub fn parse(text: &str, what: &str) -> Result<Self> {
        Self::read(text).map_err(|cause| Error::invalid(format!("{what} is no sound Release file")).cause(cause))
    }

    fn read(text: &str) -> Result<Self, String> {
        let paragraphs = BorrowedParser::new(text).parse_all().map_err(|error| error.to_string())?;
        let [paragraph] = paragraphs.as_slice() else { return Err("it is not one paragraph".to_owned()) };
        let field = |name: &str| paragraph.get_single(name);
        let required = |name: &str| field(name).ok_or_else(|| format!("it has no `{name}` of one line"));
        let date = |name: &str, text: &str| {
            parse_date(text)
                .ok_or_else(|| format!("its `{name}` is `{}`, which is no date in UTC", escaped(text.as_bytes())))
        };
        let words = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect();
        Ok(Self {
            suite: field("Suite").map(str::to_owned),
            codename: required("Codename")?.to_owned(),
            date: date("Date", required("Date")?)?,
            valid_until: field("Valid-Until").map(|text| date("Valid-Until", text)).transpose()?,
            architectures: words(required("Architectures")?),
            components: words(required("Components")?),
            by_hash: field("Acquire-By-Hash") == Some("yes"),
            files: files(paragraph)?,
        })
    }

    /// Checks that it is the suite asked for, and of these days.
    ///
    /// # Errors
    /// [`Invalid`](crate::error::Class::Invalid) if it is another suite, or is asked for by a name that moves;
    /// [`Refused`](crate::error::Class::Refused) if it is out of date or of the future.
    pub fn check(&self, suite: &str, now: Epoch) -> Result<()> {
        let (asked, codename) = (escaped(suite.as_bytes()), escaped(self.codename.as_bytes()));
        if self.codename != suite {
            let moves = self.suite.as_deref() == Some(suite)
                || MOVING_NAMES
                    .iter()
                    .any(|name| suite.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')));
            return Err(match moves {
                true => Error::invalid(format!("`{asked}` is `{codename}` today and another release later on"))
                    .hint(format!("write the code name: `{codename}`")),
                false => Error::invalid(format!("asked for the suite `{asked}`, the mirror serves `{codename}`"))
                    .hint("check the name of the release, or try another mirror with `--mirror`"),
            });
        }
        if let Some(until) = self.valid_until.filter(|until| *until < now) {
            return Err(Error::refused(format!(
                "`{codename}` of {} was valid until {until}, and it is {now}",
                self.date
            ))
            .hint("the mirror is behind, or stands still: try another one with `--mirror`")
            .hint("or this machine's clock is ahead"));
        }
        if self.date.seconds() > now.seconds().saturating_add(TOLERANCE) {
            return Err(Error::refused(format!("`{codename}` was made at {}, and it is only {now}", self.date))
                .hint("this machine's clock is behind"));
        }
        Ok(())
    }

    /// The index of a component's binary packages for an architecture.
    ///
    /// # Errors
    /// [`Invalid`](crate::error::Class::Invalid) if the suite has no such component or architecture, or no index of them
    /// that is compressed in a way known here.
    pub fn packages_index(&self, component: &str, architecture: &str) -> Result<IndexFile> {
        let codename = escaped(self.codename.as_bytes());
        let lacks = |what: &str, asked: &str, there: Vec<&str>| {
            let there: Vec<_> = there.iter().map(|name| format!("`{}`", escaped(name.as_bytes()))).collect();
            let message = format!("`{codename}` has no {what} `{}`", escaped(asked.as_bytes()));
            Error::invalid(message).hint(format!("it has {}", there.join(", ")))
        };
        // `updates/main` of a security suite stands at `main`.
        let components: Vec<_> = self.components.iter().map(|name| name.rsplit('/').next().unwrap_or(name)).collect();
        if !components.contains(&component) {
            return Err(lacks("component", component, components));
        }
        if architecture == "all" || !self.architectures.iter().any(|known| known == architecture) {
            let known = self.architectures.iter().map(String::as_str).filter(|known| *known != "all").collect();
            return Err(lacks("architecture", architecture, known));
        }
        let directory = format!("{component}/binary-{architecture}");
        let kinds = [(Compression::Xz, "xz"), (Compression::Gzip, "gz")];
        let found = kinds.into_iter().find_map(|(compression, ending)| {
            let path = format!("{directory}/Packages.{ending}");
            let (size, sha256) = *self.files.get(&path)?;
            let path = if self.by_hash { format!("{directory}/by-hash/SHA256/{sha256}") } else { path };
            Some(IndexFile { path, compression, size, sha256 })
        });
        found.ok_or_else(|| {
            Error::invalid(format!("`{codename}` has neither `{directory}/Packages.xz` nor `{directory}/Packages.gz`"))
        })
    }
}

/// A date such as `Sat, 11 Jul 2026 10:16:37 UTC`. RFC 2822 knows the zone as `GMT` or `+0000`.
fn parse_date(text: &str) -> Option<Epoch> {
    let zone = ["UTC", "GMT", "+0000"].into_iter().find_map(|zone| text.strip_suffix(zone))?;
    let time: Timestamp = DateTimeParser::new().parse_timestamp(format!("{zone}+0000")).ok()?;
    u64::try_from(time.as_second()).ok().map(Epoch::from_seconds)
}

/// The section `SHA256`: a digest, a size and a path a line.
fn files(paragraph: &BorrowedParagraph<'_>) -> Result<BTreeMap<String, (u64, Digest)>, String> {
    let section = paragraph.get("SHA256").ok_or("it has no `SHA256`")?;
    let mut files = BTreeMap::new();
    for line in section.iter().filter(|line| !line.trim().is_empty()) {
        let (path, file) =
            file(line).ok_or_else(|| format!("its `SHA256` has the line `{}`", escaped(line.as_bytes())))?;
        if is_packages(path) && files.insert(path.to_owned(), file).is_some() {
            return Err(format!("its `SHA256` has `{path}` twice"));
        }
    }
    Ok(files)
}

fn file(line: &str) -> Option<(&str, (u64, Digest))> {
    let mut words = line.split_ascii_whitespace();
    let (sha256, size, path) = (Digest::parse(words.next()?)?, words.next()?.parse().ok()?, words.next()?);
    let sound = is_below_mirror(path) && words.next().is_none() && (size <= LARGEST_INDEX || !is_packages(path));
    sound.then_some((path, (size, sha256)))
}

/// Whether a file is one that [`Release::packages_index`] may choose.
fn is_packages(path: &str) -> bool {
    path.ends_with("/Packages.xz") || path.ends_with("/Packages.gz")
}
