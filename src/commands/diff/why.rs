//! `vezaimg diff --why`: the input that made two builds differ.

use std::path::Path;

use super::Request;
use super::lines::print_sections;
use crate::Result;
use crate::diff::Why;
use crate::ui::Console;

/// Tells which inputs of two builds are others; whether the bytes are the same.
///
/// # Errors
/// One has no provenance.
pub(super) fn run(request: &Request, console: &Console) -> Result<bool> {
    let (old, new) = (&request.old, &request.new);
    let why = Why::between(Path::new(old), Path::new(new), console)?;
    console.end_stage();
    match request.json {
        true => console.json(&why)?,
        false => print_sections(vec![("why", lines(&why))], console)?,
    }
    Ok(why.same)
}

fn lines(why: &Why) -> Vec<String> {
    let mut lines: Vec<_> = why.inputs.iter().map(ToString::to_string).collect();
    if why.inventory && !why.same {
        lines.push("perhaps the inventory: what it holds is not written down, for it may be secret".to_owned());
    }
    match (why.same, lines.is_empty()) {
        (true, true) => lines.push("nothing: the same inputs, and the same bytes".to_owned()),
        (true, false) => lines.insert(0, "the bytes are the same, though the inputs are not".to_owned()),
        (false, true) => lines.push("no input: a build that is not reproducible; please report it".to_owned()),
        (false, false) => {}
    }
    lines
}
