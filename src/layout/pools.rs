//! What the layouts say of an inventory's groups.

use std::collections::BTreeSet;
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

/// The `[pool]` of each of these layouts; when none is named, of those in `layouts/`, else of the copies in the binary. A
/// layout that another one of them extends stands for no containers of its own.
///
/// # Errors
/// A layout cannot be read, or has a problem.
pub fn pools(named: &[PathBuf]) -> Result<Vec<InventoryPool>> {
    let layouts = if named.is_empty() { lying_about()? } else { opened(named)? };
    let extended: BTreeSet<String> = match named {
        [] => layouts.iter().flat_map(|(source, files)| names_of_extended(source, files)).collect(),
        _ => BTreeSet::new(),
    };
    let mut pools = Vec::new();
    for (source, files) in layouts.into_iter().filter(|(source, _)| !extended.contains(&source.name)) {
        let lock = LockFile::beside(&source, &files);
        let (layout, _) = parse(source, &files, lock, &Request::default())?.usable()?;
        pools.extend(layout.pool);
    }
    Ok(pools)
}

fn opened(paths: &[PathBuf]) -> Result<Vec<(Source, Files)>> {
    paths.iter().map(|path| open(Some(path))).collect()
}

fn lying_about() -> Result<Vec<(Source, Files)>> {
    let directory = Path::new(DIRECTORY);
    if !directory.is_dir() {
        let toml = EMBEDDED.iter().filter(|file| file.name.ends_with(".toml"));
        return Ok(toml.map(|file| (file.source(), Files::Embedded)).collect());
    }
    let wrong = |cause| Error::invalid(format!("cannot read `{DIRECTORY}`")).cause(cause);
    let entries = std::fs::read_dir(directory).map_err(wrong)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = entries.collect::<std::io::Result<_>>().map_err(wrong)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    opened(&paths)
}

/// The layouts that one extends; what is wrong with it is told when it is read as a whole.
fn names_of_extended(source: &Source, files: &Files) -> Vec<String> {
    let chain = Chain::read(source.clone(), files, &mut Vec::new());
    chain.map(|chain| chain.extended().map(str::to_owned).collect()).unwrap_or_default()
}
