//! `vezaimg inspect`: what an image holds.

mod lines;

use crate::inspect::{Contents, Inspection, Source};
use crate::release;
use crate::rootfs::{Entry, Kind, Resolved, TargetPath, escaped};
use crate::ui::Console;
use crate::{Error, Result};

/// What `vezaimg inspect` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// The image, or the two files of a split one.
    pub image: Vec<String>,
    /// What of it.
    pub view: View,
    /// Print JSON.
    pub json: bool,
}

/// What of an image is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// What it is, and what is in it.
    Whole,
    /// Every entry.
    Tree,
    /// The content of a file.
    File(TargetPath),
}

/// Shows an image.
///
/// # Errors
/// There is none, it is damaged or larger than is looked at, or has no such file.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let source = Source::find(&request.image)?;
    match &request.view {
        View::Whole => {
            let inspection = Inspection::of(&source, console)?;
            if request.json { console.json(&inspection) } else { lines::print(&inspection, console) }
        }
        View::Tree => tree(&Contents::read(&source, None, console)?, request.json, console),
        View::File(path) => file(path, &source, console),
    }
}

fn tree(contents: &Contents, json: bool, console: &Console) -> Result<()> {
    if !json {
        return contents.tree.iter().try_for_each(|(path, entry)| console.words(&lines::entry(path, entry)));
    }
    release::lines(&contents.tree).try_for_each(|line| {
        console.json_line(line.map_err(|cause| Error::failed("cannot list the image").cause(cause))?)
    })
}

/// The content comes out only once the whole image has been read and found to be sound.
fn file(path: &TargetPath, source: &Source, console: &Console) -> Result<()> {
    let contents = Contents::read(source, Some(path), console)?;
    let image = source.name();
    let what = format!("`{path}` of `{}`", escaped(image.as_bytes()));
    if let Some(mut content) = contents.content(path) {
        return console.bytes(&mut content, &what);
    }
    let found = match contents.tree.resolve(path) {
        Resolved::Entry(found, Entry { kind: Kind::File(_), .. }) => found,
        Resolved::Entry(found, entry) => {
            let kind = entry.kind.noun();
            return Err(Error::invalid(format!("`{found}` of `{image}` is a {kind}, not a file"))
                .hint("`--tree` lists what is in it"));
        }
        Resolved::Missing(missing) => {
            let error = Error::invalid(format!("`{image}` has no `{path}`"));
            let error = if missing == *path { error } else { error.cause(format!("there is no `{missing}`")) };
            return Err(error.hint("`--tree` lists what there is"));
        }
        Resolved::Broken(at) => {
            return Err(Error::invalid(format!("`{path}` of `{image}` leads nowhere"))
                .cause(format!("`{at}` is on the way, and neither a directory nor a link that ends")));
        }
    };
    // It was too long to be kept, or was found through a link.
    contents.read_files(source, &[found].into(), console, &mut |_, body| console.bytes(body, &what))
}
