//! Which containers are rolled, behind which HAProxy, and at what pace: a TOML file, read into a checked [`Fleet`].
//!
//! ```text
//! fleet.toml ─▶ document ─▶ decode ─▶ draft ─▶ Fleet
//!               places      types     between
//!               syntax      names     the values
//! ```
//!
//! Reading is strict, and goes on after a mistake: a person gets all of them at once, each with file, line and column.
//! Strings are plain text. A draft knows nothing of TOML, so that other files may give one.

mod decode;
mod draft;
mod entry;
mod from_inventory;
mod model;
mod span;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::Result;
use crate::diagnostic::Source;
use crate::document::{self, Document};

pub(crate) use decode::{drain_map, shape};
pub use draft::PoolShape;
pub use entry::Entry;
pub use from_inventory::{Behind, InventoryPool, from_inventory};
pub use model::{Balancer, Fleet, IncusAt, Origin, Pace, Pool, PoolName};

/// Reads a fleet file.
///
/// # Errors
/// It cannot be read, or is no sound fleet: the error holds every problem.
pub fn read(path: &Path) -> Result<Fleet> {
    let hint = "write one with `[haproxy]` and a `[[pool]]`, and name it with `--fleet`";
    parse(document::read_source(path, "a fleet", hint)?)
}

/// Reads the text of a fleet file.
///
/// # Errors
/// It is no sound fleet: the error holds every problem, in the order of the text.
pub fn parse(source: Source) -> Result<Fleet> {
    let source = Arc::new(source);
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    let syntax = document::syntax_problems(&source, &errors);
    if let Err(error) = document::verdict(&source.name, &syntax) {
        return Err(error.problems(syntax));
    }
    let document = Document::plain(Arc::clone(&source));
    let draft = decode::draft(&document, root.get_ref());
    draft.problems().into_iter().for_each(|problem| document.report(problem));
    let mut problems = document.into_problems();
    problems.sort_by_key(|problem| problem.place.span.start);
    match document::verdict(&source.name, &problems) {
        Ok(()) => Ok(draft.into_fleet(source.name.clone(), Origin::File)),
        Err(error) => Err(error.problems(problems)),
    }
}
