//! Problems with a place: file, line, column, the source line and a hint.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that problems point into: a layout, a file of variables, or a `--set` argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// What the reader calls it: the path as it was given, or `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// Bytes of a [`Source`] that a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The bytes within it.
    pub span: Range<usize>,
}

impl Place {
    /// The line and the column in characters, both from 1.
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or(&self.source.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// Whether a problem stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be built from this.
    Error,
    /// It can be built, and is probably not what was meant.
    Warning,
}

/// One thing that is wrong at one place, and what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the work.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What is wrong: lower case, one sentence, names in backticks, no final period.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// Whether the source line may be shown, which it may not where it could hold a secret.
    pub shows_line: bool,
}

impl Problem {
    /// A problem that stops the work.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place, message: message.into(), hint: None, shows_line: true }
    }

    /// A problem that does not stop the work.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, place, message: message.into(), hint: None, shows_line: true }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps the source line to itself: it could hold a secret.
    #[must_use]
    pub(crate) fn without_line(mut self) -> Self {
        self.shows_line = false;
        self
    }
}

/// `file:line:column: message`, and the hint on a line of its own.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.place.line_column();
        write!(f, "{}:{line}:{column}: {}", self.place.source.name, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The known name that `given` was probably meant to be, if one is near enough to say so.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 5)
        .min()
        .map(|(_, name)| name)
}
