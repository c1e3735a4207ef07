//! Reading a lock: strictly, for what it says decides what is fetched and trusted.

use std::sync::Arc;

use serde::Deserialize;

use super::{FORMAT, Lock, Suite};
use crate::debian::{self, Version, is_below_mirror};
use crate::diagnostic::{Place, Problem, Source};
use crate::image::Epoch;
use crate::rootfs::Digest;
use crate::{Error, Result};

/// The largest package that a lock may name, in bytes.
const LARGEST_PACKAGE: u64 = 4 << 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    base: String,
    architecture: String,
    epoch: u64,
    suite: Vec<SuiteTable>,
    package: Vec<toml::Spanned<PackageTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuiteTable {
    name: String,
    date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageTable {
    name: String,
    version: String,
    architecture: String,
    suite: String,
    file: String,
    size: u64,
    sha256: String,
}

impl Lock {
    /// Reads a lock's text; `command` is the one that makes it.
    ///
    /// # Errors
    /// It is of a newer format, or not what [`vezaimg lock`](crate::commands::lock) writes; every problem with its place.
    pub fn parse(source: Source, command: &str) -> Result<Self> {
        let source = Arc::new(source);
        let name = source.name.clone();
        if let Some(newer) = format_of(&source.text).filter(|format| *format > FORMAT) {
            return Err(Error::invalid(format!(
                "`{name}` is a lock of format {newer}, and this vezaimg reads {FORMAT}"
            ))
            .hint(format!(
                "take the vezaimg that made it, or a newer one; or run `{command}` to make the lock again"
            )));
        }
        let wrong = |problems: Vec<Problem>| {
            let error = Error::invalid(format!("`{name}` is not a lock as `vezaimg lock` writes it"));
            error
                .problems(problems)
                .hint(format!("run `{command}` to make it again, or take the file from version control"))
        };
        let place = |span| Place { source: Arc::clone(&source), span };
        let file: File = toml::from_str(&source.text)
            .map_err(|error| wrong(vec![Problem::error(place(error.span().unwrap_or_default()), error.message())]))?;
        let mut problems = Vec::new();
        let mut refuse = |span, what: String| problems.push(Problem::error(place(span), what));
        if file.version != FORMAT {
            refuse(0..0, format!("there is no format {} of locks", file.version));
        }
        let base = Digest::parse(&file.base);
        if base.is_none() {
            refuse(0..0, "`base` is not a sha256".to_owned());
        }
        let dated = |suite: SuiteTable| Some(Suite { date: Epoch::parse_rfc3339(&suite.date)?, name: suite.name });
        let declared = file.suite.len();
        let suites: Vec<_> = file.suite.into_iter().filter_map(dated).filter(|suite| is_word(&suite.name)).collect();
        if suites.len() != declared || suites.is_empty() {
            refuse(0..0, "a `[[suite]]` has no sound name and date".to_owned());
        }
        let mut packages: Vec<debian::Package> = Vec::new();
        for table in file.package {
            let span = table.span();
            match package(table.into_inner(), &file.architecture, &suites) {
                Ok(package) if packages.last().is_some_and(|before| before.name >= package.name) => {
                    refuse(span, format!("`{}` does not come in the order of names", package.name));
                }
                Ok(package) => packages.push(package),
                Err(what) => refuse(span, what),
            }
        }
        match base {
            Some(base) if problems.is_empty() => {
                let epoch = Epoch::from_seconds(file.epoch);
                Ok(Self { base, architecture: file.architecture, epoch, suites, packages })
            }
            _ => Err(wrong(problems)),
        }
    }
}

/// The format, where it can be told at all.
fn format_of(text: &str) -> Option<i64> {
    toml::from_str::<toml::Table>(text).ok()?.get("version")?.as_integer()
}

fn package(table: PackageTable, architecture: &str, suites: &[Suite]) -> Result<debian::Package, String> {
    let PackageTable { name, version, architecture: own, suite, file, size, sha256 } = table;
    if !is_word(&name) {
        return Err(format!("`{}` is not the name of a package", name.escape_debug()));
    }
    let version = Version::parse(&version).ok_or(format!("`{name}` has no sound version"))?;
    let sha256 = Digest::parse(&sha256).ok_or(format!("`{name}` has no sound sha256"))?;
    if own != architecture && own != "all" {
        return Err(format!("`{name}` is for `{}`, and the lock for `{architecture}`", own.escape_debug()));
    }
    if !suites.iter().any(|known| known.name == suite) {
        return Err(format!("`{name}` is of the suite `{}`, which the lock does not have", suite.escape_debug()));
    }
    if !is_below_mirror(&file) {
        return Err(format!("`{name}` has a `file` that is no path below a mirror"));
    }
    if size == 0 || size > LARGEST_PACKAGE {
        return Err(format!("`{name}` has a size of {size} bytes"));
    }
    Ok(debian::Package { name, version, architecture: own, suite, file, size, sha256 })
}

/// The characters that names of packages and suites are made of.
fn is_word(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._/".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.bytes().all(fits)
}
