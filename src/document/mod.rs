//! TOML documents that are read strictly and with places: every mistake is noted, and reading goes on.
//!
//! ```text
//! file ─▶ Source ─▶ toml ─▶ Document ─▶ Section ─▶ values, each with its place
//!         bounded   syntax  what its    one table: types, and
//!         UTF-8             strings     keys that nobody knows
//!                           mean
//! ```
//!
//! Layouts and fleets are read through here. What only one of them has, such as templates, is its own.

mod section;
mod source;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use crate::diagnostic::{Place, Problem, Severity, Source, nearest};
use crate::rootfs::escaped;
use crate::{Error, Result};

pub(crate) use section::Section;
pub(crate) use source::{Texts, read_source, syntax_problems, without_mark};

/// The problems of one document that are noted: whoever has more of them has given another file.
const MOST_PROBLEMS: usize = 1000;

/// The most characters of a wrong value that a message repeats.
const SHOWN: usize = 80;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value, templates rendered.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// Makes the text of a template, which stands at the place; else the problems that it has.
type Render = Box<dyn Fn(&str, &Place) -> Result<String, Vec<Problem>>>;

/// A document being read: its text, what its strings mean, and what was found wrong so far.
pub(crate) struct Document {
    texts: Texts,
    /// None when strings are plain text.
    render: Option<Render>,
    problems: RefCell<Vec<Problem>>,
}

impl Document {
    /// A document whose strings are plain text.
    pub(crate) fn plain(source: Arc<Source>) -> Self {
        Self { texts: Texts::new(source, Vec::new()), render: None, problems: RefCell::default() }
    }

    /// A document whose strings are templates, and whose tables were parsed from these texts.
    pub(crate) fn with_templates(
        texts: Texts,
        render: impl Fn(&str, &Place) -> Result<String, Vec<Problem>> + 'static,
    ) -> Self {
        Self { texts, render: Some(Box::new(render)), problems: RefCell::default() }
    }

    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        self.texts.place(span)
    }

    pub(crate) fn report(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MOST_PROBLEMS {
            problems.push(problem);
        }
    }

    /// What was found wrong, in the order in which it was found.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// Renders a string of the document, or a template file (`place` is then where its text stands).
    pub(crate) fn render(&self, text: &str, place: &Place) -> Option<String> {
        let Some(render) = &self.render else { return Some(text.to_owned()) };
        match render(text, place) {
            Ok(text) => Some(text),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.report(problem));
                None
            }
        }
    }

    /// Whether a string may stand for a value of another type.
    fn has_templates(&self) -> bool {
        self.render.is_some()
    }
}

/// Whether a file with these problems can be used, in one sentence.
///
/// # Errors
/// There is a problem that stops the work.
pub(crate) fn verdict(name: &str, problems: &[Problem]) -> Result<()> {
    match problems.iter().filter(|problem| problem.severity == Severity::Error).count() {
        0 => Ok(()),
        1 => Err(Error::invalid(format!("`{name}` has 1 problem"))),
        n => Err(Error::invalid(format!("`{name}` has {n} problems"))),
    }
}

/// `FILE:LINE:COLUMN` of a place, for a hint.
pub(crate) fn at(place: &Place) -> String {
    let (line, column) = place.line_column();
    format!("{}:{line}:{column}", place.source.name)
}

/// A wrong value for a message: without control characters, and cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    let head: String = text.chars().take(SHOWN).collect();
    let rest = if head.len() < text.len() { "…" } else { "" };
    format!("{}{rest}", escaped(head.as_bytes()))
}

/// What to do about a name that is not there.
pub(crate) fn unknown_hint<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    // Nothing is near to a name that no person wrote, and finding that out takes room for each of its characters.
    match nearest(given, known.clone().filter(|_| given.len() <= SHOWN)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<_> = known.map(|name| format!("`{name}`")).collect();
            if names.is_empty() { "there is none".to_owned() } else { format!("known here: {}", names.join(", ")) }
        }
    }
}

/// A TOML type with its article.
pub(crate) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
