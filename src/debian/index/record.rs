//! What an index says of one package, as far as it matters for what comes along with it.

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};

use super::names::{Name, Names};
use crate::debian::relation::{Relation, is_package_name, relations};
use crate::debian::{Comparison, Constraint, Package, Version, is_below_mirror};
use crate::rootfs::{Digest, escaped};

/// A package, and what it asks of others.
#[derive(Debug)]
pub(in crate::debian) struct Record {
    pub(in crate::debian) package: Package,
    pub(in crate::debian) name: Name,
    /// Pre-Depends, then Depends.
    pub(in crate::debian) needs: Box<[Target]>,
    /// Conflicts, then Breaks.
    pub(in crate::debian) refuses: Box<[Target]>,
    /// How many of those are Conflicts.
    pub(in crate::debian) conflicts: usize,
    pub(in crate::debian) provides: Box<[Provided]>,
    pub(in crate::debian) essential: bool,
    /// Nearly so: apt does not remove it unasked.
    pub(in crate::debian) important: bool,
    /// What apt prefers among providers, the least first.
    pub(in crate::debian) priority: u8,
}

/// A relation to whatever bears or provides a name.
#[derive(Debug)]
pub(in crate::debian) struct Target {
    pub(in crate::debian) name: Name,
    /// Boxed, for half of a hundred thousand relations have none.
    pub(in crate::debian) constraint: Option<Box<Constraint>>,
    /// Whether the next is an alternative to this one.
    pub(in crate::debian) or: bool,
}

/// A name that a package provides, in a version or in none.
#[derive(Debug)]
pub(in crate::debian) struct Provided {
    pub(in crate::debian) name: Name,
    pub(in crate::debian) version: Option<Version>,
}

/// One paragraph of an index.
pub(super) struct Stanza<'t>(BorrowedParagraph<'t>);

impl<'t> Stanza<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, String> {
        let paragraphs = BorrowedParser::new(text).parse_all().map_err(|error| error.to_string())?;
        let mut paragraphs = paragraphs.into_iter();
        match (paragraphs.next(), paragraphs.next()) {
            (Some(paragraph), None) => Ok(Self(paragraph)),
            _ => Err("a paragraph of comments".to_owned()),
        }
    }

    pub(super) fn architecture(&self) -> Result<&'t str, String> {
        self.required("Architecture")
    }

    fn get(&self, field: &str) -> Option<&'t str> {
        self.0.get_single(field)
    }

    fn required(&self, field: &str) -> Result<&'t str, String> {
        self.get(field).ok_or_else(|| self.wrong(&format!("has no `{field}` of one line")))
    }

    /// The relations of a field; it may go over several lines.
    fn each(&self, field: &str, mut take: impl FnMut(Relation<'_>)) -> Result<(), String> {
        let Some(value) = self.0.get_field(field) else { return Ok(()) };
        let text = value.as_single_line().map_or_else(|| value.join().into(), std::borrow::Cow::Borrowed);
        for relation in relations(&text) {
            take(relation.map_err(|what| self.wrong(&format!("has `{}` in `{field}`", escaped(what.as_bytes()))))?);
        }
        Ok(())
    }

    fn wrong(&self, what: &str) -> String {
        format!("`{}` {what}", escaped(self.get("Package").unwrap_or("a package without a name").as_bytes()))
    }
}

impl Record {
    /// Reads a paragraph for an index of `architecture`. Names are numbered in the order in which apt numbers them.
    pub(super) fn read(
        stanza: &Stanza<'_>,
        suite: &str,
        architecture: &str,
        names: &mut Names,
    ) -> Result<(Name, Self), String> {
        let package = package(stanza, suite)?;
        let name = names.number(&package.name);
        let (mut needs, mut refuses) = (Vec::new(), Vec::new());
        stanza.each("Pre-Depends", |relation| needs.push(target(relation, architecture, names)))?;
        stanza.each("Depends", |relation| needs.push(target(relation, architecture, names)))?;
        stanza.each("Conflicts", |relation| refuses.push(target(relation, architecture, names)))?;
        let conflicts = refuses.len();
        stanza.each("Breaks", |relation| refuses.push(target(relation, architecture, names)))?;
        for field in ["Recommends", "Suggests", "Replaces", "Enhances"] {
            stanza.each(field, |relation| drop(target(relation, architecture, names)))?;
        }
        let provides = provides(stanza, &package, architecture, names)?;
        // apt takes itself for essential, whatever its package says.
        let says = |field| package.name == "apt" || stanza.get(field) == Some("yes");
        let (essential, important) = (says("Essential"), says("Important") || says("Protected"));
        let priority = match stanza.get("Priority") {
            None => 0,
            Some("required") => 1,
            Some("important") => 2,
            Some("standard") => 3,
            Some("optional") => 4,
            Some(_) => 5,
        };
        let (needs, refuses) = (needs.into_boxed_slice(), refuses.into_boxed_slice());
        Ok((name, Self { package, name, needs, refuses, conflicts, provides, essential, important, priority }))
    }
}

fn package(stanza: &Stanza<'_>, suite: &str) -> Result<Package, String> {
    let name = stanza.required("Package")?;
    if !is_package_name(name) {
        return Err(stanza.wrong("is not the name of a package"));
    }
    let file = stanza.required("Filename")?;
    if !is_below_mirror(file) {
        return Err(stanza.wrong(&format!("is in `{}`, which is no path below a mirror", escaped(file.as_bytes()))));
    }
    let version = Version::parse(stanza.required("Version")?);
    let sha256 = Digest::parse(stanza.required("SHA256")?);
    let size = stanza.required("Size")?.parse::<u64>().ok().filter(|size| *size > 0);
    Ok(Package {
        name: name.to_owned(),
        version: version.ok_or_else(|| stanza.wrong("has no sound `Version`"))?,
        architecture: stanza.architecture()?.to_owned(),
        suite: suite.to_owned(),
        file: file.to_owned(),
        size: size.ok_or_else(|| stanza.wrong("has no sound `Size`"))?,
        sha256: sha256.ok_or_else(|| stanza.wrong("has no sound `SHA256`"))?,
    })
}

/// The target of a relation. `name:any` is a name of its own, which packages of `Multi-Arch: allowed` provide.
fn target(relation: Relation<'_>, architecture: &str, names: &mut Names) -> Target {
    let Relation { name, qualifier, constraint, or } = relation;
    let name = match qualifier {
        Some(foreign) if foreign != "native" && foreign != architecture => names.number(&format!("{name}:{foreign}")),
        _ => names.number(name),
    };
    Target { name, constraint: constraint.map(Box::new), or }
}

fn provides(
    stanza: &Stanza<'_>,
    package: &Package,
    architecture: &str,
    names: &mut Names,
) -> Result<Box<[Provided]>, String> {
    let allowed = stanza.get("Multi-Arch") == Some("allowed");
    let mut provides = Vec::new();
    stanza.each("Provides", |relation| {
        let version = match relation.constraint {
            None => None,
            Some(Constraint { comparison: Comparison::Equal, version }) => Some(version),
            // Policy 7.5 knows no other, and apt passes over it.
            Some(_) => return,
        };
        match relation.qualifier {
            None => {
                if allowed {
                    let name = names.number(&format!("{}:any", relation.name));
                    provides.push(Provided { name, version: version.clone() });
                }
                provides.push(Provided { name: names.number(relation.name), version });
            }
            Some(own) if own == architecture => {
                provides.push(Provided { name: names.number(relation.name), version });
            }
            Some(other) => {
                provides.push(Provided { name: names.number(&format!("{}:{other}", relation.name)), version });
            }
        }
    })?;
    if allowed {
        let name = names.number(&format!("{}:any", package.name));
        provides.push(Provided { name, version: Some(package.version.clone()) });
    }
    Ok(provides.into_boxed_slice())
}
