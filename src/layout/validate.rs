//! What must hold between the values of a layout: no two entries in one place, no two accounts with one number,
//! nothing below a file, nothing where vezaimg or the kernel writes itself.

use std::collections::BTreeMap;

use super::model::{Keep, KeepHow, Layout};
use crate::diagnostic::{Place, Problem};
use crate::document::{Placed, at};
use crate::layer;
use crate::rootfs::TargetPath;

/// File systems that the kernel or systemd mounts over whatever an image holds there.
const MOUNTED: [(&str, &str); 4] = [
    ("/dev", "Incus makes `/dev`; name devices in the container's configuration"),
    ("/proc", "the kernel fills `/proc`"),
    ("/sys", "the kernel fills `/sys`"),
    ("/run", "`/run` is empty at every start: use `RuntimeDirectory=` in [unit.overrides]"),
];

/// All that does not hold.
pub(super) fn problems(layout: &Layout) -> Vec<Problem> {
    let mut problems = Vec::new();
    accounts(layout, &mut problems);
    paths(layout, &mut problems);
    keep(&layout.keep, layout, &mut problems);
    problems
}

fn accounts(layout: &Layout, problems: &mut Vec<Problem>) {
    let users = layout.users.iter().map(|user| (&user.name, &user.uid));
    unique("user", "uid", users, problems);
    let groups = layout.groups.iter().map(|group| (&group.name, &group.gid));
    unique("group", "gid", groups, problems);
}

fn unique<'a>(
    what: &str,
    number: &str,
    accounts: impl Iterator<Item = (&'a Placed<String>, &'a Placed<u32>)>,
    problems: &mut Vec<Problem>,
) {
    let mut names: BTreeMap<&str, &Place> = BTreeMap::new();
    let mut ids: BTreeMap<u32, &str> = BTreeMap::new();
    for (name, id) in accounts {
        if let Some(first) = names.insert(&name.value, &name.place) {
            let message = format!("{what} `{}` is declared twice", name.value);
            problems.push(Problem::error(name.place.clone(), message).hint(format!("first at {}", at(first))));
            continue;
        }
        if let Some(first) = ids.insert(id.value, &name.value) {
            let message = format!("{what}s `{first}` and `{}` have the same {number} {}", name.value, id.value);
            problems.push(Problem::error(id.place.clone(), message).hint("give each a number of its own"));
        }
    }
}

fn paths(layout: &Layout, problems: &mut Vec<Problem>) {
    let generated = layer::generated(layout);
    let directories = layout.directories.iter().map(|entry| (&entry.path, true));
    let files = layout.files.iter().map(|entry| &entry.path);
    let leaves = files
        .chain(layout.links.iter().map(|entry| &entry.path))
        .chain(layout.binary.iter().map(|binary| &binary.path));
    let entries: Vec<_> = directories.chain(leaves.map(|path| (path, false))).collect();

    let mut taken: BTreeMap<&TargetPath, (&Place, bool)> = BTreeMap::new();
    for (path, is_directory) in &entries {
        if let Some(what) = generated.get(&path.value) {
            let message = format!("path `{}` is written by vezaimg itself", path.value);
            problems.push(Problem::error(path.place.clone(), message).hint(*what));
        } else if let Some((mount, hint)) = MOUNTED.iter().find(|(m, _)| path.value.is_within(&TargetPath::known(m))) {
            let message = format!("path `{}` lies in `{mount}`, which an image cannot fill", path.value);
            problems.push(Problem::error(path.place.clone(), message).hint(*hint));
        } else if let Some((first, _)) = taken.get(&path.value) {
            let message = format!("path `{}` stands twice", path.value);
            problems.push(Problem::error(path.place.clone(), message).hint(format!("first at {}", at(first))));
        } else {
            taken.insert(&path.value, (&path.place, *is_directory));
        }
    }
    for (path, _) in &entries {
        let above = path.value.ancestors().find_map(|above| match taken.get(&above) {
            Some((place, false)) => Some((above, at(place))),
            _ => generated.contains_key(&above).then(|| (above, "vezaimg itself".to_owned())),
        });
        if let Some((file, by)) = above {
            let message = format!("path `{}` lies below `{file}`, which is not a directory", path.value);
            problems.push(Problem::error(path.place.clone(), message).hint(format!("`{file}` comes from {by}")));
        }
    }
}

fn keep(keep: &[Keep], layout: &Layout, problems: &mut Vec<Problem>) {
    for (index, kept) in keep.iter().enumerate() {
        let path = &kept.path.value;
        if let Some(other) =
            keep[..index].iter().find(|o| path.is_within(&o.path.value) || o.path.value.is_within(path))
        {
            let message = format!("`{path}` and `{}` are kept twice over", other.path.value);
            problems.push(
                Problem::error(kept.path.place.clone(), message).hint(format!("first at {}", at(&other.path.place))),
            );
        }
        if kept.how == KeepHow::Volume && !layout.directories.iter().any(|entry| entry.path.value == *path) {
            let message = format!("`{path}` is kept on a volume and is not a [[directory]] of the layout");
            let hint = "declare it, so that the volume's root gets its owner and mode at every start";
            problems.push(Problem::error(kept.path.place.clone(), message).hint(hint));
        }
        if let Some(binary) =
            layout.binary.as_ref().map(|binary| &binary.path.value).filter(|binary| binary.is_within(path))
        {
            let message =
                format!("kept path `{path}` holds the binary `{binary}`, so that a new release would run the old one");
            let hint = "keep the directory that the service writes to, and have the binary outside of it";
            problems.push(Problem::error(kept.path.place.clone(), message).hint(hint));
        }
    }
}
