//! Which input made two builds of a layout differ, by what their provenances say.

use std::path::Path;

use serde::Serialize;

use super::change::{Change, changes};
use crate::interrupt::Interrupt;
use crate::release::{Provenance, Resource, Role};
use crate::ui::Listener;
use crate::verify::{self, Files};
use crate::{Error, Result};

/// Why two builds differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// Whether they have the same bytes.
    pub same: bool,
    /// The inputs that are others, by name.
    pub inputs: Vec<Change>,
    /// Whether templates saw an inventory, of which nothing is written down.
    pub inventory: bool,
}

impl Why {
    /// Compares what two images were built from; each must be a file with its release beside it, which has to hold.
    ///
    /// # Errors
    /// One has no provenance, or does not hold; they are images of two layouts.
    pub fn between(old: &Path, new: &Path, listener: &dyn Listener) -> Result<Self> {
        let (old, new) = (provenance(old, listener)?, provenance(new, listener)?);
        let layouts = [&old, &new].map(|it| it.parameters().layout.clone());
        if layouts[0] != layouts[1] {
            let [old, new] = layouts;
            return Err(Error::invalid(format!("one is an image of the layout `{old}`, the other of `{new}`"))
                .hint("`vezaimg diff` without `--why` compares any two images"));
        }
        let digests = |it: &Provenance| it.subject.iter().map(|file| file.digest.clone()).collect::<Vec<_>>();
        let inventory = old.parameters().inventory || new.parameters().inventory;
        Ok(Self { same: digests(&old) == digests(&new), inputs: inputs(&old, &new), inventory })
    }
}

fn provenance(image: &Path, listener: &dyn Listener) -> Result<Provenance> {
    let files = Files::beside(image)?;
    let (checks, seal) = verify::seal(&files, None, &Interrupt::default(), listener);
    let found = match seal {
        Some(seal) => verify::provenance(&files, &seal),
        None => Err(checks
            .into_iter()
            .find(verify::Check::is_bad)
            .unwrap_or_else(|| verify::Check::bad("release", "", Vec::new()))),
    };
    found.map_err(|check| {
        let error = Error::failed(format!("`{}` does not hold: {}: {}", image.display(), check.check, check.found));
        check
            .faults
            .into_iter()
            .fold(error, Error::cause)
            .hint("`vezaimg verify` tells more; build it again, if it is old")
    })
}

/// Inputs of a kind: names and values.
type Inputs = Vec<(String, String)>;

/// Every input that one build has otherwise than the other, what people change most first.
fn inputs(old: &Provenance, new: &Provenance) -> Vec<Change> {
    let kinds: [fn(&Provenance) -> Inputs; 7] = [binary, variables, layout, packages, base, options, builder];
    kinds.into_iter().flat_map(|kind| changes(kind(old), kind(new))).collect()
}

fn of(provenance: &Provenance, role: Role) -> impl Iterator<Item = &Resource> {
    provenance.inputs().iter().filter(move |it| it.role() == Some(role))
}

fn digest(resource: &Resource) -> String {
    resource.digest.iter().map(|(kind, value)| format!("{kind}:{value}")).collect::<Vec<_>>().join(" ")
}

fn binary(it: &Provenance) -> Inputs {
    of(it, Role::Binary).map(|file| ("binary".to_owned(), digest(file))).collect()
}

fn variables(it: &Provenance) -> Inputs {
    let value = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    it.parameters().variables.iter().map(|(name, it)| (format!("variable {name}"), value(it))).collect()
}

fn layout(it: &Provenance) -> Inputs {
    of(it, Role::Layout).map(|file| (format!("layout file {}", file.name), digest(file))).collect()
}

fn packages(it: &Provenance) -> Inputs {
    let version = |package: &Resource| {
        let uri = package.uri.as_deref().unwrap_or_default();
        let version = uri.split_once('@').map_or("", |(_, version)| version.split('?').next().unwrap_or_default());
        format!("{} {}", version.replace("%2B", "+"), digest(package))
    };
    of(it, Role::Package).map(|package| (format!("package {}", package.name), version(package))).collect()
}

fn base(it: &Provenance) -> Inputs {
    of(it, Role::Lock).chain(of(it, Role::Base)).map(|file| (file.name.clone(), digest(file))).collect()
}

fn options(it: &Provenance) -> Inputs {
    let parameters = it.parameters();
    let mut options = vec![
        ("option --release".to_owned(), parameters.release.clone()),
        ("option --format".to_owned(), parameters.format.clone()),
        ("option --compression".to_owned(), parameters.compression.clone()),
        ("option --level".to_owned(), parameters.level.to_string()),
    ];
    options.extend(parameters.allowed_secrets.iter().map(|it| ("option --allow-secret".to_owned(), it.clone())));
    options.extend(parameters.source_date_epoch.map(|epoch| ("SOURCE_DATE_EPOCH".to_owned(), epoch.to_string())));
    options
}

fn builder(it: &Provenance) -> Inputs {
    let format =
        ("format of the bytes".to_owned(), it.predicate.build_definition.internal_parameters.format.to_string());
    let versions = it.predicate.run_details.builder.version.clone();
    versions.into_iter().chain([format]).collect()
}
