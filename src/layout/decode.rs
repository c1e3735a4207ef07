//! From the document's tables to the layout's values: types, ranges and names, table by table.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use toml::de::DeTable;

use super::document::{Document, Section};
use super::embedded::Files;
use super::model::*;
use super::secrets;
use super::variables::unknown_hint;
use crate::binary::Architecture;
use crate::diagnostic::{Place, Problem, Source, nearest};
use crate::rootfs::Mode;
use crate::unit::{Hardening, ServiceSpec};

/// Ids that an unprivileged container surely maps, without root and nobody.
const IDS: std::ops::RangeInclusive<u32> = 1..=65533;

/// Accounts of one kind by name. One whose number could not be read is there without it: that was reported, and what
/// names it is not at fault.
type Accounts = BTreeMap<String, Option<u32>>;

/// The owners that entries may name: root, and what the layout declares.
struct Owners {
    users: Accounts,
    groups: Accounts,
}

fn with_root() -> Accounts {
    Accounts::from([("root".to_owned(), Some(0))])
}

/// Reads the whole document. `None` when so much is missing that there is no layout to speak of; whether the result
/// may be used is for the problems noted in the document to say.
pub(super) fn layout(document: &Document, root: &DeTable<'_>, files: &Files) -> Option<Layout> {
    let root = Section::new(document, root, "the layout", 0..0);
    // Read by the caller, before anything can be rendered.
    root.table("vars", "[vars]");
    let mut owners = Owners { users: with_root(), groups: with_root() };
    let groups = root.tables("group", "[[group]]");
    let groups = groups.into_iter().filter_map(|section| group(section, &mut owners.groups)).collect();
    let users = root.tables("user", "[[user]]");
    let users = users.into_iter().filter_map(|section| user(section, &mut owners.users, &owners.groups)).collect();

    let image = root.table("image", "[image]").or_else(|| absent(document, "[image]", "name = \"my-service\""));
    let binary =
        root.table("binary", "[binary]").or_else(|| absent(document, "[binary]", "path = \"/usr/local/bin/…\""));
    let base = root.table("base", "[base]").map(debian_base);
    let directories = root.tables("directory", "[[directory]]");
    let directories = directories.into_iter().filter_map(|section| directory(section, &owners)).collect();
    let entries = root.tables("file", "[[file]]");
    let entries = entries.into_iter().filter_map(|section| file(document, section, &owners, files)).collect();
    let links = root.tables("link", "[[link]]").into_iter().filter_map(link).collect();
    let unit = root.table("unit", "[unit]").and_then(|section| unit(section, &owners));
    let network = root.table("network", "[network]").and_then(network);
    let health = root.table("health", "[health]").and_then(health);
    let keep = root.tables("keep", "[[keep]]").into_iter().filter_map(keep).collect();
    let image = image.and_then(self::image);
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
        binary: binary?,
        unit,
        network,
        health,
        keep,
    })
}

fn absent<'a>(document: &Document, title: &str, example: &str) -> Option<Section<'a>> {
    let problem = Problem::error(document.place(0..0), format!("the layout has no `{title}`"));
    document.report(problem.hint(format!("add `{title}` with `{example}`")));
    None
}

fn image(section: Section<'_>) -> Option<Image> {
    let name = section.required_text("name", "\"my-service\"").and_then(|name| {
        let fits = name.value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits && name.value.len() <= 64 && !name.value.starts_with('-') {
            return Some(name.value);
        }
        let message = format!("image name `{}` is not made of lower-case letters, digits and `-`", name.value);
        section.refuse(name.place.span, message, "it becomes part of every artifact's file name")
    });
    let description = section.text("description").map(|text| text.value);
    let architecture = section.required_text("architecture", "\"x86_64\"").and_then(|text| {
        let known = Architecture::ALL.iter().map(|architecture| architecture.as_str());
        Architecture::parse(&text.value).or_else(|| {
            let message = format!("unknown architecture `{}`", text.value);
            section.refuse(text.place.span, message, &unknown_hint(&text.value, known))
        })
    });
    section.finish();
    let name = name?;
    Some(Image { description: description.unwrap_or_else(|| name.clone()), name, architecture: architecture? })
}

fn debian_base(section: Section<'_>) -> DebianBase {
    let values = |key| section.texts(key).into_iter().map(|text| text.value).collect();
    let base = DebianBase {
        debian: section.required_text("debian", "\"bookworm\"").map(|text| text.value).unwrap_or_default(),
        packages: values("packages"),
        exclude_paths: values("exclude-paths"),
    };
    section.finish();
    base
}

fn account_name(section: &Section<'_>) -> Option<Placed<String>> {
    let name = section.required_text("name", "\"my-service\"")?;
    let first = name.value.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest = name.value.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'-');
    if first && rest && name.value.len() <= 32 {
        return Some(name);
    }
    let message = format!("`{}` is not a name that Debian's tools take", name.value);
    section.refuse(name.place.span, message, "a lower-case letter or `_`, then up to 31 of a-z, 0-9, `_` and `-`")
}

fn id(section: &Section<'_>, key: &'static str) -> Option<Placed<u32>> {
    let range = format!("from {} to {}", IDS.start(), IDS.end());
    let id = section.number::<u32>(key, "1001", &range)?;
    if IDS.contains(&id.value) {
        return Some(id);
    }
    section.refuse(id.place.span, format!("`{key}` is not a whole number {range}"), "root and nobody are the base's")
}

fn group(section: Section<'_>, groups: &mut Accounts) -> Option<Group> {
    let name = account_name(&section);
    let gid = id(&section, "gid");
    section.finish();
    let name = name?;
    groups.insert(name.value.clone(), gid.as_ref().map(|gid| gid.value));
    Some(Group { name, gid: gid? })
}

fn user(section: Section<'_>, users: &mut Accounts, groups: &Accounts) -> Option<User> {
    let name = account_name(&section);
    let uid = id(&section, "uid");
    let named = section.text("group").or_else(|| name.clone());
    let gid = named.and_then(|named| owner_id(&section, &named, groups, "group"));
    let field = |key, default: &str| match section.text(key) {
        None => Some(default.to_owned()),
        Some(text) if text.value.contains([':', '\n', '\0']) => section.refuse(
            text.place.span,
            format!("`{key}` holds `:` or a line break, which end a field of /etc/passwd"),
            "",
        ),
        Some(text) => Some(text.value),
    };
    let home = field("home", "/nonexistent");
    let shell = field("shell", "/usr/sbin/nologin");
    let comment = field("comment", "");
    section.finish();
    let name = name?;
    users.insert(name.value.clone(), uid.as_ref().map(|uid| uid.value));
    Some(User { name, uid: uid?, gid: gid?, home: home?, shell: shell?, comment: comment? })
}

fn owner_id(section: &Section<'_>, name: &Placed<String>, known: &Accounts, what: &str) -> Option<u32> {
    if let Some(id) = known.get(&name.value) {
        return *id;
    }
    let hint = match nearest(&name.value, known.keys().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it as `[[{what}]]`; an account of the base is declared with the base's own number"),
    };
    section.refuse(name.place.span.clone(), format!("{what} `{}` is not declared", name.value), &hint)
}

fn access(section: &Section<'_>, owners: &Owners, example: &str) -> Option<Access> {
    let named = |key, known, what| match section.text(key) {
        Some(name) => owner_id(section, &name, known, what),
        None => Some(0),
    };
    let uid = named("owner", &owners.users, "user");
    let gid = named("group", &owners.groups, "group");
    let mode = section.mode(example);
    Some(Access { uid: uid?, gid: gid?, mode: mode? })
}

fn directory(section: Section<'_>, owners: &Owners) -> Option<Directory> {
    let path = section.path("path");
    // What is wrong with its access was reported; the path itself may still be named elsewhere.
    let fallback = Access { uid: 0, gid: 0, mode: Mode::from_bits(0o755) };
    let access = access(&section, owners, "0755").unwrap_or(fallback);
    section.finish();
    Some(Directory { path: path?, access })
}

fn program(section: Section<'_>, owners: &Owners) -> Option<Program> {
    let path = section.path("path");
    let access = access(&section, owners, "0755");
    if let (Some(access), Some(path)) = (access, &path)
        && access.mode.bits() & 0o111 == 0
    {
        let message = format!("binary `{}` has mode {}, which nobody may execute", path.value, access.mode);
        section.refuse::<()>(path.place.span.clone(), message, "such as `mode = \"0755\"`");
    }
    section.finish();
    Some(Program { path: path?, access: access? })
}

fn file(document: &Document, section: Section<'_>, owners: &Owners, files: &Files) -> Option<File> {
    let path = section.path("path");
    let access = access(&section, owners, "0644");
    let given = (section.has("content"), section.has("source"), section.has("template"));
    let content = match given {
        (true, false, false) => section.text("content").map(|content| content.value.into_bytes()),
        (false, true, false) => section.text("source").and_then(|source| beside(&section, files, &source)),
        (false, false, true) => section.text("template").and_then(|name| rendered(document, &section, files, &name)),
        _ => section.refuse(
            section.place().span,
            "a [[file]] wants one of `content`, `source` and `template`".to_owned(),
            "`content` is the text itself, `source` a file beside the layout, `template` such a file to be rendered",
        ),
    };
    section.finish();
    let (path, access, content) = (path?, access?, content?);
    if let Some(secret) = secrets::find(&path.value, &content) {
        document.report(
            Problem::error(path.place.clone(), format!("`{}` {secret}, and secrets never enter an image", path.value))
                .hint("push it into the container, and name it in `[[keep]]` so that it outlives a swap"),
        );
    }
    Some(File { path, access, content })
}

fn beside(section: &Section<'_>, files: &Files, name: &Placed<String>) -> Option<Vec<u8>> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(&name.value).components().all(inside) {
        let message = format!("`{}` is not beside the layout", name.value.escape_debug());
        let hint = "copy it into the layout's own directory, and name it from there";
        return section.refuse(name.place.span.clone(), message, hint);
    }
    match files.read(Path::new(&name.value)) {
        Ok(bytes) => Some(bytes),
        Err(cause) => {
            let message = format!("cannot read `{}`: {cause}", name.value);
            section.refuse(name.place.span.clone(), message, "the path is taken from the layout's own directory")
        }
    }
}

/// A template file beside the layout; what is wrong inside it is placed there.
fn rendered(document: &Document, section: &Section<'_>, files: &Files, name: &Placed<String>) -> Option<Vec<u8>> {
    let Ok(text) = String::from_utf8(beside(section, files, name)?) else {
        return section.refuse(name.place.span.clone(), format!("template `{}` is not UTF-8", name.value), "");
    };
    let span = 0..text.len();
    let source = Arc::new(Source { name: files.display(Path::new(&name.value)), text });
    let place = Place { source: Arc::clone(&source), span };
    document.render(&source.text, &place).map(String::into_bytes)
}

fn link(section: Section<'_>) -> Option<Link> {
    let path = section.path("path");
    let target = section.required_text("target", "\"/path/it/points/at\"").and_then(|target| {
        if target.value.len() < 4096 && !target.value.contains('\0') {
            return Some(target);
        }
        let message = "`target` is longer than 4,095 bytes or holds a NUL byte, which no link can".to_owned();
        section.refuse(target.place.span, message, "")
    });
    section.finish();
    Some(Link { path: path?, target: target?.value })
}

fn unit(section: Section<'_>, owners: &Owners) -> Option<Unit> {
    let values = |texts: Vec<Placed<String>>| texts.into_iter().map(|text| text.value).collect::<Vec<_>>();
    let mut places = BTreeMap::new();
    let name = section.required_text("name", "\"my-service.service\"").and_then(|name| {
        let stem = name.value.strip_suffix(".service").unwrap_or_default();
        let fits = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_.-@\\".contains(&byte));
        if fits && !stem.is_empty() && name.value.len() < 256 {
            return Some(name);
        }
        section.refuse(
            name.place.span,
            format!("`{}` is not the name of a service unit", name.value),
            "such as \"my-service.service\"",
        )
    });
    let exec = section.required_text("exec", "\"/path/of/the/binary\"");
    let account = |key, known| {
        let name = section.text(key)?;
        owner_id(&section, &name, known, key).map(|_| name.value)
    };
    let user = account("user", &owners.users).unwrap_or_else(|| "root".to_owned());
    let group = account("group", &owners.groups).unwrap_or_else(|| user.clone());
    let environment = section.free_table("environment").into_iter();
    let environment =
        environment.map(|(key, values)| (key.value, values.into_iter().map(|text| text.value).collect())).collect();
    let hardening = match section.text("hardening") {
        None => Some(Hardening::Strict),
        Some(text) => match text.value.as_str() {
            "strict" => Some(Hardening::Strict),
            "off" => Some(Hardening::Off),
            other => {
                let message = format!("unknown hardening `{other}`");
                section.refuse(
                    text.place.span,
                    message,
                    "\"strict\" or \"off\"; change single directives in [unit.overrides]",
                )
            }
        },
    };
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

fn network(section: Section<'_>) -> Option<Network> {
    let interface = section.text("interface").map_or_else(
        || Some("eth0".to_owned()),
        |name| {
            let fits = name.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
            if fits && (1..16).contains(&name.value.len()) {
                return Some(name.value);
            }
            section.refuse(
                name.place.span,
                format!("`{}` is not the name of an interface", name.value),
                "such as \"eth0\"",
            )
        },
    );
    let dhcp = section.flag("dhcp", true);
    section.finish();
    Some(Network { interface: interface?, dhcp })
}

fn health(section: Section<'_>) -> Option<Health> {
    let port = section.number::<u16>("port", "8080", "from 1 to 65535");
    let port = port.and_then(|port| match port.value {
        0 => section.refuse(port.place.span, "`port` is not a whole number from 1 to 65535".to_owned(), ""),
        some => Some(some),
    });
    let path = section.required_text("path", "\"/health\"").and_then(|path| {
        if path.value.starts_with('/') && path.value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(path.value);
        }
        section.refuse(
            path.place.span,
            format!("`{}` is not the path of a URL", path.value),
            "such as \"/api/v1/health\"",
        )
    });
    section.finish();
    Some(Health { port: port?, path: path? })
}

fn keep(section: Section<'_>) -> Option<Keep> {
    let path = section.path("path").and_then(|path| {
        if path.value.as_relative().contains(&b' ') {
            return section.refuse(path.place.span, format!("kept path `{}` holds a space", path.value), "rename it");
        }
        Some(path)
    });
    let how = section.required_text("how", "\"carry\"").and_then(|how| match how.value.as_str() {
        "carry" => Some(KeepHow::Carry),
        "volume" => Some(KeepHow::Volume),
        other => {
            let hint = "\"carry\" copies a small file over, \"volume\" keeps a directory on a custom volume";
            section.refuse(how.place.span, format!("unknown `how = \"{other}\"`"), hint)
        }
    });
    section.finish();
    Some(Keep { path: path?, how: how? })
}
