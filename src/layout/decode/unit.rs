//! The service.

use std::collections::BTreeMap;

use super::accounts::{Owners, owner_id};
use crate::document::Section;
use crate::layout::{Placed, Unit};
use crate::unit::{Hardening, ServiceSpec, is_service_name};

pub(super) fn unit(section: Section<'_>, owners: &Owners) -> Option<Unit> {
    let values = |texts: Vec<Placed<String>>| texts.into_iter().map(|text| text.value).collect::<Vec<_>>();
    let mut places = BTreeMap::new();
    let name = name(&section);
    let exec = section.required_text("exec", "\"/path/of/the/binary\"");
    let account = |key, known| {
        let name = section.text(key)?;
        owner_id(&section, &name, known, key).map(|_| name.value)
    };
    let user = account("user", &owners.users).unwrap_or_else(|| "root".to_owned());
    let group = account("group", &owners.groups).unwrap_or_else(|| user.clone());
    let environment = section.free_texts("environment");
    let environment = environment.into_iter().map(|(name, value)| {
        places.insert(format!("Environment={}", name.value), name.place);
        (name.value, value.value)
    });
    let environment = environment.collect();
    let hardening = hardening(&section);
    let write_paths = section.texts("write-paths");
    for path in &write_paths {
        section.as_path(path.clone());
        places.insert(path.value.clone(), path.place.clone());
    }
    let mut overrides = BTreeMap::new();
    for (key, values) in section.free_table("overrides") {
        places.insert(key.value.clone(), key.place);
        overrides.insert(key.value, values.into_iter().map(|text| text.value).collect());
    }
    let description = section.text("description").map(|text| text.value);
    let wanted_by = if section.flag("enable", true) { vec!["multi-user.target".to_owned()] } else { Vec::new() };
    let working_directory = section.text("working-directory").map(|text| {
        places.insert("WorkingDirectory".to_owned(), text.place);
        text.value
    });
    let (environment_files, after) = (values(section.texts("environment-file")), values(section.texts("after")));
    let (wants, requires) = (values(section.texts("wants")), values(section.texts("requires")));
    let place = section.place();
    section.finish();
    let (name, exec) = (name?, exec?);
    places.insert("ExecStart".to_owned(), exec.place);
    let spec = ServiceSpec {
        description: description.unwrap_or_else(|| name.value.clone()),
        exec: exec.value,
        user,
        group,
        working_directory,
        environment,
        environment_files,
        after,
        wants,
        requires,
        wanted_by,
        hardening: hardening?,
        write_paths: values(write_paths),
        overrides,
    };
    Some(Unit { name, spec, places, place })
}

fn name(section: &Section<'_>) -> Option<Placed<String>> {
    section.required_text("name", "\"my-service.service\"").and_then(|name| {
        if is_service_name(&name.value) {
            return Some(name);
        }
        section.refuse(
            name.place,
            format!("`{}` is not the name of a service unit", name.value),
            "such as \"my-service.service\"",
        )
    })
}

fn hardening(section: &Section<'_>) -> Option<Hardening> {
    match section.text("hardening") {
        None => Some(Hardening::Strict),
        Some(text) => match text.value.as_str() {
            "strict" => Some(Hardening::Strict),
            "off" => Some(Hardening::Off),
            other => {
                let message = format!("unknown hardening `{other}`");
                section.refuse(
                    text.place,
                    message,
                    "\"strict\" or \"off\"; change single directives in [unit.overrides]",
                )
            }
        },
    }
}
