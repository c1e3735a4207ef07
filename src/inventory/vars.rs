//! `group_vars` and `host_vars` beside an inventory, as Ansible's `host_group_vars` finds them.

use std::path::{Component, Path, PathBuf};

use yaml_serde::Value as Yaml;

use super::read::{parse, variables};
use super::{Inventory, Variables};
use crate::document;
use crate::{Error, Result};

/// What a file may end with, in the order in which they are looked for; a directory has none.
const EXTENSIONS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// The deepest directory below one of a group or a host.
const DEEPEST: usize = 16;

/// Adds what stands beside the inventory.
///
/// # Errors
/// A file cannot be read, or is no mapping of variables.
pub(super) fn read_beside(path: &Path, inventory: &mut Inventory) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let Inventory { notes, groups, hosts, .. } = inventory;
    for (name, group) in groups {
        group.beside = of(&directory.join("group_vars"), name, notes)?;
    }
    for (name, own) in hosts {
        own.variables.extend(of(&directory.join("host_vars"), name, notes)?);
    }
    Ok(())
}

/// The variables of one group or host.
fn of(directory: &Path, name: &str, notes: &mut Vec<String>) -> Result<Variables> {
    let mut all = Variables::new();
    // Names are whatever somebody wrote: one that leads elsewhere has no file here.
    let is_plain =
        matches!(Path::new(name).components().collect::<Vec<_>>()[..], [Component::Normal(part)] if part == name);
    if !is_plain {
        return Ok(all);
    }
    let candidates = EXTENSIONS.iter().map(|extension| directory.join(format!("{name}{extension}")));
    let Some(found) = candidates.into_iter().find(|path| path.is_file() || path.is_dir()) else { return Ok(all) };
    let mut files = Vec::new();
    collect(&found, DEEPEST, &mut files)?;
    for file in files {
        let source = document::read_source(&file, "a file of variables", "Ansible reads it beside the inventory")?;
        let named = &source.name;
        match parse(&source)? {
            None => notes.push(format!("`{named}` is encrypted by ansible-vault and left unread")),
            Some(Yaml::Null) => {}
            Some(Yaml::Mapping(mapping)) => all.extend(variables(&mapping)),
            Some(_) => return Err(Error::invalid(format!("`{named}` is no mapping of names to values"))),
        }
    }
    Ok(all)
}

/// A file, or those of a directory in the order of their names; hidden ones and backups are nobody's.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let wrong = |cause| Error::invalid(format!("cannot read `{}`", path.display())).cause(cause);
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(wrong)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(wrong)?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let extension = entry.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
        let extension = extension.as_deref().unwrap_or_default();
        let is_wanted = match entry.is_dir() {
            true => depth > 0 && extension.is_empty(),
            // Whoever opens a pipe waits for its other end.
            false => entry.is_file() && EXTENSIONS.contains(&extension),
        };
        if is_wanted && !name.starts_with('.') && !name.ends_with('~') {
            collect(&entry, depth.saturating_sub(1), files)?;
        }
    }
    Ok(())
}
