//! Whether an image was built from what it says, and from what somebody holds against it.

use std::collections::BTreeMap;

use super::files::{Files, known};
use super::seal::Seal;
use super::{Check, counted};
use crate::release::{Manifest, PROVENANCE, Parameters, Provenance, Resource, Role};

const CHECK: &str = "provenance";

/// Reads the provenance, which must be of this very image.
///
/// # Errors
/// The failed check.
pub fn provenance(files: &Files, seal: &Seal) -> Result<Provenance, Check> {
    let name = files.name(PROVENANCE);
    let bad = |fault: String| Check::bad(CHECK, "cannot be read", vec![fault]);
    let sha256 = seal.digest(&name).ok_or_else(|| bad(format!("`{name}` is not listed")))?;
    let text = known(files, &name, sha256, Provenance::LARGEST).map_err(bad)?;
    let found = Provenance::parse(&text).map_err(|wrong| bad(format!("`{name}`: {wrong}")))?;
    let subject: Vec<_> = seal.image_digests(files).map(|(name, sha256)| Resource::file(name, sha256)).collect();
    match found.subject == subject {
        true => Ok(found),
        false => Err(Check::bad(CHECK, "is of another image", vec![format!("`{name}` names other files")])),
    }
}

/// What somebody says an image was built from.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The files that were given, each with its role; of a role of which there is none, nothing is compared.
    pub inputs: Vec<Resource>,
    /// The variables, if a layout was given.
    pub variables: Option<BTreeMap<String, serde_json::Value>>,
}

/// Compares what an image was built from with what its manifest says, and with what was given.
pub fn origin(provenance: &Provenance, manifest: Option<&Manifest>, given: Option<&Given>) -> Check {
    let apart: Vec<_> = manifest.into_iter().flat_map(|manifest| apart(provenance.parameters(), manifest)).collect();
    if !apart.is_empty() {
        return Check::bad(CHECK, "contradicts the manifest", apart);
    }
    let Some(given) = given else {
        let named = counted(provenance.inputs().len(), "input", "inputs");
        return Check::open(CHECK, format!("{named}; `--binary`, `--layout` and `--base` compare them with files"));
    };
    let roles: Vec<_> = [Role::Layout, Role::Lock, Role::Package, Role::Base, Role::Binary]
        .into_iter()
        .filter(|role| given.inputs.iter().any(|input| input.role() == Some(*role)))
        .collect();
    let of = |inputs: &[Resource]| -> BTreeMap<(Role, String), Resource> {
        let known = inputs.iter().filter_map(|it| Some(((it.role()?, it.name.clone()), it.clone())));
        known.filter(|((role, _), _)| roles.contains(role)).collect()
    };
    let (mut theirs, ours) = (of(provenance.inputs()), of(&given.inputs));
    let mut faults = Vec::new();
    for (key, input) in &ours {
        match theirs.remove(key) {
            Some(there) if there.digest == input.digest => {}
            Some(there) => faults.push(format!(
                "the {} is another: the image's has {}, the one given {}",
                words(key),
                digests(&there),
                digests(input)
            )),
            None => faults.push(format!("the {} did not go into the image", words(key))),
        }
    }
    faults.extend(theirs.keys().map(|key| format!("the {} went into the image, and was not given", words(key))));
    if let Some(variables) = &given.variables {
        faults.extend(variables_apart(provenance.parameters(), variables));
    }
    match faults.is_empty() {
        true => Check::good(CHECK, format!("{} as given", counted(ours.len(), "input", "inputs"))),
        false => Check::bad(CHECK, "built from something else", faults),
    }
}

/// What the two say otherwise of the same build.
fn apart(parameters: &Parameters, manifest: &Manifest) -> Vec<String> {
    let pairs = [("layout", &parameters.layout, &manifest.layout), ("release", &parameters.release, &manifest.release)];
    let others = pairs.into_iter().filter(|(_, ours, theirs)| ours != theirs);
    others.map(|(what, ours, theirs)| format!("of the {what} `{ours}`, and the manifest of `{theirs}`")).collect()
}

/// What was given here may be a secret, and is not shown; what the provenance has is published with the image.
fn variables_apart(theirs: &Parameters, ours: &BTreeMap<String, serde_json::Value>) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = theirs.variables.keys().chain(ours.keys()).collect();
    let others = names.into_iter().filter(|name| theirs.variables.get(*name) != ours.get(*name));
    let line = |name: &String| match (theirs.variables.get(name), ours.contains_key(name)) {
        (Some(there), true) => format!("the variable `{name}` was `{there}`, and is another here"),
        (Some(there), false) => format!("the variable `{name}` was `{there}`, and is not given here"),
        (None, _) => format!("the variable `{name}` was not there, and is given here"),
    };
    others.map(line).collect()
}

fn words((role, name): &(Role, String)) -> String {
    match role {
        Role::Layout => format!("file `{name}` of the layout"),
        Role::Lock => "lock".to_owned(),
        Role::Package => format!("package `{name}`"),
        Role::Base => name.clone(),
        Role::Binary => "binary".to_owned(),
    }
}

/// The digest in short, for a sentence.
fn digests(resource: &Resource) -> String {
    let short = |digest: &String| digest.chars().take(12).collect::<String>();
    resource.digest.values().map(short).collect::<Vec<_>>().join(" ")
}
