//! What the layouts say of an inventory's groups.

use std::path::{Path, PathBuf};

use super::embedded::EMBEDDED;
use super::extend::Chain;
use super::files::Files;
use super::{LockFile, Request, open, parse};
use crate::diagnostic::Source;
use crate::rollout::fleet::InventoryPool;
use crate::{Error, Result};

/// Where layouts lie.
const DIRECTORY: &str = "layouts";

/// The `[pool]` of each of these layouts; when none is named, of those in `layouts/`, else of the copies in the binary, and
/// what there is to say of those that cannot be read. A layout that says no pool of its own has that of the layout that it
/// extends, and stands in its place.
///
/// # Errors
/// A layout that was named cannot be read, or has a problem.
pub fn pools(named: &[PathBuf]) -> Result<(Vec<InventoryPool>, Vec<String>)> {
    let layouts = if named.is_empty() { lying_about()? } else { opened(named)? };
    let extended: Vec<Vec<String>> = layouts.iter().map(|(source, files)| names_of_extended(source, files)).collect();
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for ((source, files), extends) in layouts.into_iter().zip(&extended) {
        let lock = LockFile::beside(&source, &files);
        let name = source.name.clone();
        match parse(source, files, lock, &Request::default())?.usable() {
            Ok((layout, _)) => found.extend(layout.pool.map(|pool| (name, extends, pool))),
            Err(error) if !named.is_empty() => return Err(error),
            // What only others make a whole of is no layout by itself.
            Err(_) if extended.iter().flatten().any(|extended| *extended == name) => {}
            Err(error) => left_out.push(format!("{} and is left out: `vezaimg check --layout {name}`", error.line())),
        }
    }
    let stands_in = |name: &String, pool: &InventoryPool| {
        found.iter().any(|(_, extends, other)| extends.contains(name) && other.shape.name() == pool.shape.name())
    };
    let own = found.iter().filter(|(name, _, pool)| !stands_in(name, pool));
    Ok((own.map(|(_, _, pool)| pool.clone()).collect(), left_out))
}

fn opened(paths: &[PathBuf]) -> Result<Vec<(Source, Files)>> {
    paths.iter().map(|path| open(Some(path))).collect()
}

fn lying_about() -> Result<Vec<(Source, Files)>> {
    let directory = Path::new(DIRECTORY);
    if !directory.is_dir() {
        let toml = EMBEDDED.iter().filter(|file| file.name.ends_with(".toml"));
        return Ok(toml.map(|file| (file.source(), Files::embedded())).collect());
    }
    let wrong = |cause| Error::invalid(format!("cannot read `{DIRECTORY}`")).cause(cause);
    let entries = std::fs::read_dir(directory).map_err(wrong)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = entries.collect::<std::io::Result<_>>().map_err(wrong)?;
    paths.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    opened(&paths)
}

/// The layouts that one extends; what is wrong with it is told when it is read as a whole.
fn names_of_extended(source: &Source, files: &Files) -> Vec<String> {
    let chain = Chain::read(source.clone(), files, &mut Vec::new());
    chain.map(|chain| chain.extended().map(str::to_owned).collect()).unwrap_or_default()
}
