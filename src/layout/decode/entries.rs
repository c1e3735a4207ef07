//! Directories, files, links and the binary's place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::accounts::{Owners, owner_id};
use crate::diagnostic::Place;
use crate::document::{Document, Section};
use crate::layout::files::Files;
use crate::layout::{Access, Directory, File, Link, Placed, Program};
use crate::rootfs::{Mode, TargetPath};

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

/// A directory whose access cannot be told is `unclear`; its path may still be named elsewhere.
pub(super) fn directory(
    section: Section<'_>,
    owners: &Owners,
    unclear: &mut BTreeSet<TargetPath>,
) -> Option<Directory> {
    let path = section.path("path");
    let access = access(&section, owners, "0755");
    section.finish();
    let path = path?;
    let access = access.unwrap_or_else(|| {
        unclear.insert(path.value.clone());
        Access { uid: 0, gid: 0, mode: Mode::from_bits(0o755) }
    });
    Some(Directory { path, access })
}

pub(super) fn program(section: Section<'_>, owners: &Owners) -> Option<Program> {
    let path = section.path("path");
    let access = access(&section, owners, "0755");
    if let (Some(access), Some(path)) = (access, &path)
        && access.mode.bits() & 0o111 == 0
    {
        let message = format!("binary `{}` has mode {}, which nobody may execute", path.value, access.mode);
        section.refuse::<()>(path.place.clone(), message, "such as `mode = \"0755\"`");
    }
    section.finish();
    Some(Program { path: path?, access: access? })
}

pub(super) fn file(document: &Document, section: Section<'_>, owners: &Owners, files: &Files) -> Option<File> {
    let path = section.path("path");
    let access = access(&section, owners, "0644");
    let given = (section.has("content"), section.has("source"), section.has("template"));
    let content = match given {
        (true, false, false) => section.text("content").map(|content| content.value.into_bytes()),
        (false, true, false) => section.text("source").and_then(|source| files.bytes(&section, &source)),
        (false, false, true) => section.text("template").and_then(|name| rendered(document, &section, files, &name)),
        _ => section.refuse(
            section.place(),
            "a [[file]] wants one of `content`, `source` and `template`".to_owned(),
            "`content` is the text itself, `source` a file beside the layout, `template` such a file to be rendered",
        ),
    };
    section.finish();
    Some(File { path: path?, access: access?, content: content? })
}

/// A template file beside the layout; what is wrong inside it is placed there.
fn rendered(document: &Document, section: &Section<'_>, files: &Files, name: &Placed<String>) -> Option<Vec<u8>> {
    let source = Arc::new(files.text(section, name, "template")?);
    let place = Place { source: Arc::clone(&source), span: 0..source.text.len() };
    document.render(&source.text, &place).map(String::into_bytes)
}

pub(super) fn link(section: Section<'_>) -> Option<Link> {
    let path = section.path("path");
    let target = section.required_text("target", "\"/path/it/points/at\"").and_then(|target| {
        if target.value.len() < 4096 && !target.value.contains('\0') {
            return Some(target);
        }
        let message = "`target` is longer than 4,095 bytes or holds a NUL byte, which no link can".to_owned();
        section.refuse(target.place, message, "")
    });
    section.finish();
    Some(Link { path: path?, target: target?.value })
}
