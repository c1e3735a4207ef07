//! From the tables of a fleet file to a draft: types, names and ranges, table by table.

mod pace;
mod pool;

use toml::de::DeTable;

pub(super) use self::pool::rollable;
pub(crate) use self::pool::shape;
use super::IncusAt;
use super::draft::Draft;
use crate::document::{Document, Placed, Section, shown};
use crate::haproxy::Address;

/// The forms of a socket, for a hint.
const SOCKET_FORMS: &str = "such as \"tcp:127.0.0.1:9100\", \"unix:/run/haproxy/admin.sock\" or, from inside its \
                            container, \"incus:haproxy-1/127.0.0.1:9100\"";

/// Reads the whole document; what is wrong with it is noted there.
pub(super) fn draft(document: &Document, root: &DeTable<'_>) -> Draft {
    let root = Section::new(document, root, "the fleet", 0..0);
    let incus = root.table("incus", "[incus]").map_or_else(|| IncusAt { remote: local(), project: None }, incus);
    let signers = root.table("images", "[images]").and_then(signers);
    let pools = root.tables("pool", "[[pool]]");
    if root.count("pool") == 0 {
        let hint = "add one for each group of containers that serve the same, with `name`, `instances` and `backends`";
        root.refuse::<()>(root.place(), "the fleet has no `[[pool]]`".to_owned(), hint);
    }
    let pools: Vec<_> = pools.into_iter().map(pool::pool).collect();
    // Those who swap nothing but balancers ask no balancer.
    let is_alone = !pools.is_empty() && pools.iter().all(|pool| pool.shape.is_balancer);
    let haproxy = match is_alone && !root.has("haproxy") {
        true => None,
        false => root.required_table("haproxy", "[haproxy]", "sockets = [\"tcp:127.0.0.1:9100\"]"),
    };
    let (sockets, drain_map) = haproxy.map(balancer).unwrap_or_default();
    root.finish();
    Draft { incus, signers, sockets, drain_map, pools }
}

/// The remote that Incus itself takes when none is named.
pub(super) fn local() -> String {
    "local".to_owned()
}

/// Who may sign images: a file, from where the fleet's own lies.
fn signers(section: Section<'_>) -> Option<String> {
    let file = section.required_text("signers", "\"allowed_signers\"");
    section.finish();
    file.map(|file| file.value)
}

fn incus(section: Section<'_>) -> IncusAt {
    let named = |key, example| section.has(key).then(|| section.required_text(key, example)).flatten();
    let remote = named("remote", "\"local\"").and_then(|remote| {
        checked(&section, remote, is_remote, "name of a remote", "as `incus remote list` shows it, without a colon")
    });
    let project = named("project", "\"default\"").and_then(|project| {
        checked(&section, project, is_project, "name of a project", "as `incus project list` shows it")
    });
    section.finish();
    IncusAt { remote: remote.map_or_else(local, |remote| remote.value), project: project.map(|project| project.value) }
}

fn balancer(section: Section<'_>) -> (Vec<Placed<Address>>, Option<String>) {
    let socket = |text: Placed<String>| match Address::parse(&text.value) {
        Some(value) => Some(Placed { value, place: text.place }),
        None => {
            let message = format!("`{}` is not a socket of HAProxy", shown(&text.value));
            section.refuse(text.place, message, SOCKET_FORMS)
        }
    };
    let sockets =
        section.required_texts("sockets", "[\"tcp:127.0.0.1:9100\"]").into_iter().filter_map(socket).collect();
    let drain_map = drain_map(&section);
    section.finish();
    (sockets, drain_map)
}

/// The path under which HAProxy loaded its map of draining servers.
pub(crate) fn drain_map(section: &Section<'_>) -> Option<String> {
    let path = section.text("drain-map")?;
    let hint = "write it as HAProxy's configuration does, such as \"/etc/haproxy/draining.map\"";
    checked(section, path, is_map, "path of a map that HAProxy's commands can name", hint).map(|path| path.value)
}

/// The text, if it is what it is to be.
fn checked(
    section: &Section<'_>,
    text: Placed<String>,
    fits: fn(&str) -> bool,
    what: &str,
    hint: &str,
) -> Option<Placed<String>> {
    if fits(&text.value) {
        return Some(text);
    }
    let message = format!("`{}` is not the {what}", shown(&text.value));
    section.refuse(text.place, message, hint)
}

/// `incus remote add` forbids colons; certificates of remotes are files of their name.
pub(super) fn is_remote(text: &str) -> bool {
    is_word(text) && !text.contains([':', '/'])
}

/// What Incus refuses in the name of a project (source: `projectValidateName`), and what is no word.
pub(super) fn is_project(text: &str) -> bool {
    is_word(text) && !text.contains(['/', '_', '\'', '"', '*'])
}

fn is_word(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.starts_with('-')
        && ![".", ".."].contains(&text)
}

/// A path that is one word of a command of the runtime API, where `;` ends a command, `\` escapes, `#` begins the number
/// of a map and `<<` a payload.
fn is_map(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@,=:~%".contains(&byte);
    (1..=1024).contains(&text.len()) && text.bytes().all(fits)
}
