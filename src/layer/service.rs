//! The unit, its enable link, and what keeps its hardening in force on a base that would switch it off.

use std::collections::BTreeMap;

use super::Content;
use super::plant::{Planter, ROOT_FILE};
use crate::layout::{KeepHow, Layout, Unit};
use crate::rootfs::{Kind, Survey, TargetPath};

const UNIT: &str = "it is made from [unit]";
const SYSTEM: &str = "/etc/systemd/system";
/// Drop-ins of all directories are applied in the order of their file names, systemd.unit(5); this one comes after
/// `zzz-lxc-service.conf`, which the generator of `images:debian` writes at boot.
const DROP_IN: &str = "zzzz-vezaimg-hardening.conf";
/// The largest generator or drop-in that is looked into, in bytes: real ones are scripts of a page or two.
const LARGEST_SCRIPT: u64 = 256 << 10;

/// The paths that a layout's unit takes, and what to say to a layout that wants to write one.
pub(super) fn paths(layout: &Layout) -> BTreeMap<TargetPath, &'static str> {
    let mut paths = BTreeMap::new();
    if let Some(unit) = &layout.unit {
        let made = [unit_path(unit), drop_in_path(unit)].into_iter().flatten();
        paths.extend(made.chain(links(unit).into_iter().map(|(link, _)| link)).map(|path| (path, UNIT)));
    }
    if let Some(path) = tmpfiles_path(layout) {
        paths.insert(path, "it is made from [[keep]]");
    }
    paths
}

/// Where the unit lies.
pub(crate) fn unit_path(unit: &Unit) -> Option<TargetPath> {
    TargetPath::known(SYSTEM).join(unit.name.value.as_bytes()).ok()
}

fn drop_in_path(unit: &Unit) -> Option<TargetPath> {
    TargetPath::known(SYSTEM).join(format!("{}.d/{DROP_IN}", unit.name.value).as_bytes()).ok()
}

/// What `systemctl enable` would make: a link in the `.wants` directory of each target.
fn links(unit: &Unit) -> Vec<(TargetPath, String)> {
    let name = &unit.name.value;
    let targets = unit.spec.wanted_by.iter();
    targets
        .filter_map(|target| TargetPath::known(SYSTEM).join(format!("{target}.wants/{name}").as_bytes()).ok())
        .map(|link| (link, format!("{SYSTEM}/{name}")))
        .collect()
}

fn kept_volumes(layout: &Layout) -> bool {
    layout.keep.iter().any(|keep| keep.how == KeepHow::Volume)
}

fn tmpfiles_path(layout: &Layout) -> Option<TargetPath> {
    let name = format!("vezaimg-{}.conf", layout.image.name);
    kept_volumes(layout).then(|| TargetPath::known("/usr/lib/tmpfiles.d").join(name.as_bytes()).ok()).flatten()
}

/// Generators, which may write drop-ins for all services at boot.
pub(super) fn wants(path: &TargetPath, size: u64) -> bool {
    size <= LARGEST_SCRIPT && is_generator(path)
}

fn is_generator(path: &TargetPath) -> bool {
    path.parent().is_some_and(|parent| parent.name() == b"system-generators")
}

fn is_service_drop_in(path: &TargetPath) -> bool {
    let in_systemd = |directory: &TargetPath| directory.ancestors().any(|above| above.name() == b"systemd");
    path.parent().is_some_and(|parent| parent.name() == b"service.d" && in_systemd(&parent))
        && path.name().ends_with(b".conf")
}

/// What of the base changes the settings of every service: `service.d` drop-ins, and generators that write them.
fn overriding(survey: &Survey) -> Vec<&TargetPath> {
    let mentions = |content: &[u8]| content.windows(9).any(|window| window == b"service.d");
    let generator = |path: &TargetPath| {
        is_generator(path)
            && survey.content(path).is_some_and(|content| content.starts_with(b"#!") && mentions(content))
    };
    let file = |kind: &Kind<_>| matches!(kind, Kind::File(_) | Kind::HardLink(_));
    let entries = survey.tree().iter().filter(|(_, entry)| file(&entry.kind)).map(|(path, _)| path);
    entries.filter(|path| is_service_drop_in(path) || generator(path)).collect()
}

pub(super) fn plant(planter: &mut Planter<'_>, layout: &Layout, survey: &Survey) {
    if let Some(path) = tmpfiles_path(layout) {
        planter.file(path, ROOT_FILE, Content::Bytes(tmpfiles(layout).into_bytes()));
    }
    let Some(unit) = &layout.unit else { return };
    if let Some(path) = unit_path(unit) {
        planter.file(path, ROOT_FILE, Content::Bytes(unit.spec.render().to_string().into_bytes()));
    }
    for (link, target) in links(unit) {
        planter.link(link, target);
    }
    if let (Some(text), Some(path)) = (drop_in(unit, survey), drop_in_path(unit)) {
        planter.file(path, ROOT_FILE, Content::Bytes(text.into_bytes()));
    }
}

/// The drop-in, where there is hardening and the base would switch it off.
fn drop_in(unit: &Unit, survey: &Survey) -> Option<String> {
    let drop_in = unit.spec.hardening_drop_in();
    (!drop_in.is_empty() && !overriding(survey).is_empty()).then(|| drop_in.to_string())
}

/// tmpfiles.d(5) for the directories on volumes: a new volume's root belongs to root with mode 0711.
fn tmpfiles(layout: &Layout) -> String {
    let mut text = "# The owners and modes of directories that [[keep]] puts on a volume.\n".to_owned();
    for keep in layout.keep.iter().filter(|keep| keep.how == KeepHow::Volume) {
        let path = &keep.path.value;
        for directory in layout.directories.iter().filter(|directory| directory.path.value == *path) {
            let access = directory.access;
            let path = tmpfiles_word(path);
            text.push_str(&format!("d {path} {} {} {} -\n", access.mode, access.uid, access.gid));
        }
    }
    text
}

/// A path as tmpfiles.d(5) reads one back: C escapes, which TargetPath's display has in common with it, no quotes that
/// would open a quoted word, no specifiers.
fn tmpfiles_word(path: &TargetPath) -> String {
    path.to_string().replace('"', "\\x22").replace('\'', "\\x27").replace('%', "%%")
}

pub(super) fn notes(layout: &Layout, survey: &Survey) -> Vec<String> {
    let Some(unit) = layout.unit.as_ref().filter(|unit| drop_in(unit, survey).is_some()) else { return Vec::new() };
    let note = |path: &TargetPath| {
        format!("`{path}` of the base changes every service; a drop-in of `{}` keeps its hardening", unit.name.value)
    };
    overriding(survey).into_iter().map(note).collect()
}
