//! An inspection as a person reads it: a label and what it says, or several lines of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::Result;
use crate::inspect::{Go, Inspection, Program, Rust, Service, Special};
use crate::rootfs::{Entry, Kind, Summary, TargetPath, escaped};
use crate::ui::{Bytes, Console};

/// Prints it to stdout.
///
/// # Errors
/// It cannot be written.
pub(super) fn print(inspection: &Inspection, console: &Console) -> Result<()> {
    sections(inspection).into_iter().try_for_each(|(label, lines)| {
        let none = lines.is_empty().then(|| "none".to_owned());
        let labels = [label].into_iter().chain(std::iter::repeat(""));
        let mut lines = labels.zip(lines.into_iter().chain(none));
        lines.try_for_each(|(label, line)| console.words(&format!("{label:<14} {}", line.trim_end())))
    })
}

/// An entry as `tar --list --verbose` shows it, but for the mode in octal.
pub(super) fn entry(path: &TargetPath, entry: &Entry<Summary>) -> String {
    let metadata = &entry.metadata;
    let (letter, size, tail) = match &entry.kind {
        Kind::Directory => ('d', 0, String::new()),
        Kind::File(summary) => ('-', summary.size, String::new()),
        Kind::Symlink(target) => ('l', 0, format!(" -> {}", escaped(target))),
        Kind::HardLink(target) => ('h', 0, format!(" link to {target}")),
        Kind::Fifo => ('p', 0, String::new()),
    };
    let owner = format!("{}:{}", metadata.uid, metadata.gid);
    format!("{letter} {} {owner:<11} {size:>11} {path}{tail}", metadata.mode)
}

fn sections(inspection: &Inspection) -> Vec<(&'static str, Vec<String>)> {
    let Inspection { metadata, accounts, findings, .. } = inspection;
    let (users, groups) = (accounts.user_names(), accounts.group_names());
    let special = |special: &Special| {
        let name = |names: &BTreeMap<u32, &str>, number: u32| {
            names.get(&number).map_or_else(|| number.to_string(), |name| (*name).to_owned())
        };
        let (user, group) = (name(&users, special.uid), name(&groups, special.gid));
        format!("{} {user}:{group} {}", special.mode, special.path)
    };
    let packages = &inspection.packages;
    vec![
        ("image", vec![inspection.image.clone()]),
        ("fingerprint", inspection.fingerprint.iter().cloned().collect()),
        ("size", vec![size(inspection)]),
        ("architecture", metadata.architecture.iter().cloned().collect()),
        ("made", metadata.creation_date.and_then(made).into_iter().collect()),
        ("system", inspection.system.iter().cloned().collect()),
        ("properties", metadata.properties.iter().map(|(key, value)| format!("{key} = {value}")).collect()),
        ("service", inspection.service.iter().flat_map(service).collect()),
        ("binary", inspection.binary.iter().flat_map(binary).collect()),
        ("set-id", findings.set_id.iter().map(special).collect()),
        ("capabilities", findings.capabilities.iter().map(|it| format!("{} {}", it.path, it.capabilities)).collect()),
        ("anyone writes", findings.world_writable.iter().map(special).collect()),
        (
            "largest",
            findings.largest.iter().map(|it| format!("{:>9} {}", Bytes(it.size).to_string(), it.path)).collect(),
        ),
        (
            "users",
            accounts.users.iter().map(|it| format!("{:>5} {}  {}  {}", it.uid, it.name, it.home, it.shell)).collect(),
        ),
        (
            "groups",
            accounts.groups.iter().map(|it| format!("{:>5} {}  {}", it.gid, it.name, it.members.join(" "))).collect(),
        ),
        ("packages", packages.iter().map(|it| format!("{} {}", it.name, it.version)).collect()),
        ("left out", left_out(inspection)),
    ]
}

fn size(inspection: &Inspection) -> String {
    let (packed, unpacked) = (Bytes(inspection.size), Bytes(inspection.content));
    format!("{packed}, unpacked {unpacked} in {} entries", inspection.entries)
}

fn made(seconds: u64) -> Option<String> {
    let made = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    let age = Timestamp::now().duration_since(made).as_hours() / 24;
    let age = match age {
        ..0 => "in the future".to_owned(),
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    };
    Some(format!("{made}, {age}"))
}

fn service(service: &Service) -> Vec<String> {
    let Service { name, path, user, drop_ins, warnings, .. } = service;
    let user = match (user, service.dynamic_user) {
        (user, true) => format!("{} while it runs", user.as_deref().unwrap_or("a user of its own")),
        (user, false) => user.as_deref().unwrap_or("root").to_owned(),
    };
    let head = match (&service.exposure, service.rating) {
        (Some(exposure), Some(rating)) => format!("{name}, runs as {user}, exposure {exposure} {rating}"),
        _ if service.masked => format!("{name}, masked: it never runs"),
        _ => name.clone(),
    };
    let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
    [head, path.clone()].into_iter().chain(drop_ins.iter().cloned()).chain(warnings).collect()
}

fn binary(program: &Program) -> Vec<String> {
    let kind = match (program.architecture, &program.interpreter) {
        (None, _) => "no program for Linux".to_owned(),
        (Some(architecture), None) => format!("{architecture}, static"),
        (Some(architecture), Some(interpreter)) => format!("{architecture}, started by {interpreter}"),
    };
    let mut lines =
        vec![format!("{}, {}, {kind}", program.path, Bytes(program.size)), format!("sha256 {}", program.sha256)];
    if let Some(Go { version, module, revision, modified, modules }) = &program.go {
        let module = module.as_ref().map(|it| format!(", {} {}", it.path, it.version)).unwrap_or_default();
        let modified = if *modified { " and changes that no commit holds" } else { "" };
        let revision = revision.as_ref().map(|it| format!(", revision {it}{modified}")).unwrap_or_default();
        lines.push(format!("{version}{module}{revision}"));
        lines.extend(modules.iter().map(|it| format!("{} {}", it.path, it.version)));
    }
    if let Some(Rust { version, crates }) = &program.rust {
        lines.push(format!("rustc {version}"));
        lines.extend(crates.iter().map(|it| format!("{} {}", it.name, it.version)));
    }
    lines
}

fn left_out(inspection: &Inspection) -> Vec<String> {
    let left = &inspection.left_out;
    let counted = [
        (left.under_dev, "below /dev, which Incus makes"),
        (left.devices, "device nodes"),
        (left.sockets, "sockets"),
        (left.xattrs, "extended attributes of the machine that it was made on"),
    ];
    let counts = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let twice = left.twice.iter().map(|path| format!("{path} comes twice: the last counts"));
    let ambiguous = left.ambiguous.iter().map(|it| format!("{} {}", it.path, it.why));
    let unread = left.unread.iter().map(|it| format!("{} {}", it.path, it.why));
    counts.chain(twice).chain(ambiguous).chain(unread).collect()
}
