//! `vezaimg diff`: what is different between two images.

mod accounts;
mod counts;
mod lines;
mod reference;

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
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// All of it.
    Whole,
    /// How much of what.
    Counts,
    /// As JSON.
    Json,
}

/// Compares two images.
///
/// # Errors
/// They differ; or there is none, it is damaged or larger than is looked at.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let old = Source::find(&reference::halves(&request.old)?)?;
    let new = Source::find(&reference::halves(&request.new)?)?;
    let wish = if request.texts && request.view != View::Counts { Wish::Texts } else { Wish::Units };
    let difference = Difference::between(&Image::look(&old, console)?, &Image::look(&new, console)?, wish, console)?;
    match request.view {
        View::Whole => lines::print(&difference, console)?,
        View::Counts => counts::print(&difference, console)?,
        View::Json => console.json(&difference)?,
    }
    match difference.same {
        true => Ok(()),
        false => Err(Error::failed(format!("`{}` and `{}` differ", old.name(), new.name()))),
    }
}
