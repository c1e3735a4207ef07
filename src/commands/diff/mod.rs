//! `vezaimg diff`: what is different between two images.

mod accounts;
mod counts;
mod lines;
mod reference;
mod why;

use crate::diff::{Difference, Image, Wish};
use crate::inspect::Source;
use crate::ui::Console;
use crate::{Error, Result};

/// What `vezaimg diff` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// The image from before.
    pub old: String,
    /// The image to compare with it.
    pub new: String,
    /// Compare text files line by line.
    pub texts: bool,
    /// How it is told.
    pub view: View,
    /// As JSON.
    pub json: bool,
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// All of it.
    Whole,
    /// How much of what.
    Counts,
    /// Only the inputs that made the difference.
    Why,
}

/// Compares two images.
///
/// # Errors
/// They differ, which is [`Failed`](crate::error::Class::Failed), as with diff(1); or there is none, it cannot be read, is
/// damaged or larger than is looked at.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let same = match request.view {
        View::Why => why::run(request, console),
        View::Whole | View::Counts => compare(request, console),
    };
    match same.map_err(Error::trouble)? {
        true => Ok(()),
        false => Err(Error::failed(format!("`{}` and `{}` differ", request.old, request.new))),
    }
}

/// Tells how two images differ; whether they are the same.
fn compare(request: &Request, console: &Console) -> Result<bool> {
    let old = Source::find(&reference::halves(&request.old)?)?;
    let new = Source::find(&reference::halves(&request.new)?)?;
    let wish = if request.texts && request.view != View::Counts { Wish::Texts } else { Wish::Units };
    let difference = Difference::between(&Image::look(&old, console)?, &Image::look(&new, console)?, wish, console)?;
    match (request.json, request.view) {
        (true, _) => console.json(&difference)?,
        (false, View::Counts) => counts::print(&difference, console)?,
        (false, View::Whole | View::Why) => lines::print(&difference, console)?,
    }
    Ok(difference.same)
}
