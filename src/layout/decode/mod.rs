//! From the document's tables to the layout's values: types, ranges and names, table by table.

mod accounts;
mod base;
mod entries;
mod unit;

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use self::accounts::{Owners, group, user};
use self::base::debian_base;
use self::entries::{directory, file, link, program};
use self::unit::unit;
use super::files::Files;
use super::{AllowedSecret, Health, Image, Keep, KeepHow, Layout, Network, allowed_secrets, secrets};
use crate::binary::Architecture;
use crate::diagnostic::Problem;
use crate::document::{Document, Section, unknown_hint};
use crate::rollout::fleet::{self, Behind, InventoryPool};

/// Reads the whole document. `None` when so much is missing that there is no layout to speak of; whether the result
/// may be used is for the problems noted in the document to say.
pub(super) fn layout(document: &Document, root: &DeTable<'_>, files: &Files) -> Option<Layout> {
    let root = Section::new(document, root, "the layout", 0..0);
    // Read by the caller, before anything can be rendered.
    root.table("vars", "[vars]");
    root.table("extends", "[extends]");
    let mut owners = Owners::new();
    let groups = root.tables("group", "[[group]]");
    let groups = groups.into_iter().filter_map(|section| group(section, &mut owners.groups)).collect();
    let users = root.tables("user", "[[user]]");
    let users = users.into_iter().filter_map(|section| user(section, &mut owners.users, &owners.groups)).collect();

    let image = root.required_table("image", "[image]", "name = \"my-service\"");
    let binary = root.table("binary", "[binary]");
    let base = root.table("base", "[base]").map(debian_base);
    let directories = root.tables("directory", "[[directory]]");
    let mut unclear = BTreeSet::new();
    let directories = directories.into_iter().filter_map(|section| directory(section, &owners, &mut unclear)).collect();
    let entries = root.tables("file", "[[file]]");
    let entries = entries.into_iter().filter_map(|section| file(document, section, &owners, files)).collect();
    let links = root.tables("link", "[[link]]").into_iter().filter_map(link).collect();
    let unit = root.table("unit", "[unit]").and_then(|section| unit(section, &owners));
    let network = root.table("network", "[network]").and_then(network);
    let health = root.table("health", "[health]").and_then(|section| health(document, section));
    let keep = root.tables("keep", "[[keep]]").into_iter().filter_map(keep).collect();
    let allowed = root.tables("allow-secret", "[[allow-secret]]");
    let allowed_secrets = allowed.into_iter().filter_map(|section| allowed_secret(document, section)).collect();
    let image = image.and_then(|section| self::image(document, section));
    let pool = root.table("pool", "[pool]").and_then(|section| pool(section, image.as_ref()));
    let binary = binary.and_then(|section| program(section, &owners));
    root.finish();
    Some(Layout {
        image: image?,
        variables: BTreeMap::new(),
        base,
        groups,
        users,
        directories,
        files: entries,
        links,
        binary,
        unit,
        network,
        health,
        keep,
        allowed_secrets,
        pool,
        unclear,
    })
}

fn image(document: &Document, section: Section<'_>) -> Option<Image> {
    let name = section.required_text("name", "\"my-service\"").and_then(|name| {
        let fits = name.value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits && name.value.len() <= 64 && !name.value.starts_with('-') {
            return Some(name.value);
        }
        let message = format!("image name `{}` is not made of lower-case letters, digits and `-`", name.value);
        section.refuse(name.place, message, "it becomes part of every artifact's file name")
    });
    let description = section.text("description").map(|text| {
        secrets::in_property("description", &text).into_iter().for_each(|problem| document.report(problem));
        text.value
    });
    let architecture = section.required_text("architecture", "\"x86_64\"").and_then(|text| {
        let known = Architecture::ALL.iter().map(|architecture| architecture.as_str());
        Architecture::parse(&text.value).or_else(|| {
            let message = format!("unknown architecture `{}`", text.value);
            section.refuse(text.place, message, &unknown_hint(&text.value, known))
        })
    });
    section.finish();
    let name = name?;
    Some(Image { description: description.unwrap_or_else(|| name.clone()), name, architecture: architecture? })
}

fn network(section: Section<'_>) -> Option<Network> {
    let interface = section.text("interface").map_or_else(
        || Some("eth0".to_owned()),
        |name| {
            let fits = name.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
            if fits && (1..16).contains(&name.value.len()) {
                return Some(name.value);
            }
            section.refuse(name.place, format!("`{}` is not the name of an interface", name.value), "such as \"eth0\"")
        },
    );
    let dhcp = section.flag("dhcp", true);
    section.finish();
    Some(Network { interface: interface?, dhcp })
}

fn health(document: &Document, section: Section<'_>) -> Option<Health> {
    let port = section.number::<u16>("port", "8080", "from 1 to 65535");
    let port = port.and_then(|port| match port.value {
        0 => section.refuse(port.place, "`port` is not a whole number from 1 to 65535".to_owned(), ""),
        some => Some(some),
    });
    let path = section.required_text("path", "\"/health\"").and_then(|path| {
        secrets::in_property("path", &path).into_iter().for_each(|problem| document.report(problem));
        if path.value.starts_with('/') && path.value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(path.value);
        }
        section.refuse(path.place, format!("`{}` is not the path of a URL", path.value), "such as \"/api/v1/health\"")
    });
    section.finish();
    Some(Health { port: port?, path: path? })
}

fn pool(section: Section<'_>, image: Option<&Image>) -> Option<InventoryPool> {
    let group = section.required_text("group", "\"backend_api_instances\"");
    let shape = fleet::shape(&section);
    let behind = if shape.is_balancer() { None } else { Some(behind(&section)) };
    section.finish();
    let layout = image?.name.clone();
    // What could not be read was reported.
    let behind = match behind {
        Some(read) => Some(read?),
        None => None,
    };
    Some(InventoryPool { layout, group: group?, behind, shape })
}

/// The HAProxy in front of a pool.
fn behind(section: &Section<'_>) -> Option<Behind> {
    let balancers = section.required_text("balancers", "\"haproxy\"");
    let socket = section.required_text("socket", "\"127.0.0.1:9100\"");
    let drain_map = fleet::drain_map(section);
    Some(Behind { balancers: balancers?, socket: socket?, drain_map })
}

fn keep(section: Section<'_>) -> Option<Keep> {
    let path = section.path("path").and_then(|path| {
        if path.value.as_relative().contains(&b' ') {
            return section.refuse(path.place, format!("kept path `{}` holds a space", path.value), "rename it");
        }
        Some(path)
    });
    let how = section.required_text("how", "\"carry\"").and_then(|how| match how.value.as_str() {
        "carry" => Some(KeepHow::Carry),
        "volume" => Some(KeepHow::Volume),
        other => {
            let hint = "\"carry\" copies a small file over, \"volume\" keeps a directory on a custom volume";
            section.refuse(how.place, format!("unknown `how = \"{other}\"`"), hint)
        }
    });
    section.finish();
    Some(Keep { path: path?, how: how? })
}

fn allowed_secret(document: &Document, section: Section<'_>) -> Option<AllowedSecret> {
    let path = section.path("path");
    let reason = section.required_text("reason", "\"a key that only the tests use\"").and_then(|reason| {
        match allowed_secrets::unfit(&reason.value) {
            Some(why) => {
                let problem = Problem::error(reason.place, format!("`reason` {why}")).hint(allowed_secrets::REASON);
                document.report(problem.without_line());
                None
            }
            None => Some(reason.value),
        }
    });
    section.finish();
    Some(AllowedSecret { path: path?, reason: reason? })
}
