//! The unit that an image names as its own, and the program that it starts.

use serde::Serialize;

use super::Change;
use super::change::changes;
use crate::inspect::{Program, Service};

/// What is different about the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Binary {
    /// The program itself, and what its compiler wrote into it.
    pub facts: Vec<Change>,
    /// Go modules that were linked in.
    pub modules: Vec<Change>,
    /// Rust crates that were linked in.
    pub crates: Vec<Change>,
}

impl Binary {
    pub(super) fn between(old: Option<&Program>, new: Option<&Program>) -> Self {
        Self {
            facts: changes(facts(old), facts(new)),
            modules: changes(modules(old), modules(new)),
            crates: changes(crates(old), crates(new)),
        }
    }
}

/// What is different about the unit with all its drop-ins.
pub(super) fn service(old: Option<&Service>, new: Option<&Service>) -> Vec<Change> {
    let facts = |service: Option<&Service>| {
        let Some(service) = service else { return Vec::new() };
        let Service { name, path, masked, drop_ins, user, dynamic_user, exec, exposure, rating, warnings } = service;
        let facts = [
            ("unit", Some(name.clone())),
            ("file", Some(path.clone())),
            ("user", Some(user.as_deref().unwrap_or("root").to_owned())),
            ("exec", exec.clone()),
            ("exposure", exposure.as_ref().zip(*rating).map(|(exposure, rating)| format!("{exposure} {rating}"))),
            ("masked", masked.then(|| "yes".to_owned())),
            ("dynamic user", dynamic_user.then(|| "yes".to_owned())),
        ];
        let lists = [("drop-in", drop_ins), ("warning", warnings)].into_iter();
        let lists = lists.flat_map(|(name, values)| values.iter().map(|value| (name.to_owned(), value.clone())));
        known(facts).chain(lists).collect()
    };
    changes(facts(old), facts(new))
}

fn facts(program: Option<&Program>) -> Vec<(String, String)> {
    let Some(program) = program else { return Vec::new() };
    let Program { path, size, sha256, architecture, interpreter, go, rust } = program;
    let module = go.as_ref().and_then(|go| go.module.as_ref());
    let facts = [
        ("path", Some(path.clone())),
        ("size", Some(size.to_string())),
        ("sha256", Some(sha256.clone())),
        ("architecture", architecture.map(str::to_owned)),
        ("interpreter", interpreter.clone()),
        ("go", go.as_ref().map(|go| go.version.clone())),
        ("module", module.map(|module| format!("{} {}", module.path, module.version))),
        ("revision", go.as_ref().and_then(|go| go.revision.clone())),
        ("modified", go.as_ref().map(|go| go.modified.to_string())),
        ("rustc", rust.as_ref().map(|rust| rust.version.clone())),
    ];
    known(facts).collect()
}

fn known<const N: usize>(facts: [(&str, Option<String>); N]) -> impl Iterator<Item = (String, String)> {
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

fn modules(program: Option<&Program>) -> Vec<(String, String)> {
    let modules = program.and_then(|program| program.go.as_ref()).into_iter().flat_map(|go| &go.modules);
    modules.map(|module| (module.path.clone(), module.version.clone())).collect()
}

fn crates(program: Option<&Program>) -> Vec<(String, String)> {
    let crates = program.and_then(|program| program.rust.as_ref()).into_iter().flat_map(|rust| &rust.crates);
    crates.map(|it| (it.name.clone(), it.version.clone())).collect()
}
