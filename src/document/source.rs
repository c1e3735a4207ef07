//! Text files that problems point into.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::MOST_PROBLEMS;
use crate::diagnostic::{Place, Problem, Source};
use crate::{Error, Result};

/// The largest such file that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Texts that are read as one document: an offset tells which of them, and where in it.
#[derive(Clone)]
pub(crate) struct Texts {
    first: Arc<Source>,
    others: Vec<Arc<Source>>,
}

impl Texts {
    pub(crate) fn new(first: Arc<Source>, others: Vec<Arc<Source>>) -> Self {
        Self { first, others }
    }

    /// Each as it is to be parsed, so that the spans of its values are the document's: blank as far as those before it
    /// reach.
    pub(crate) fn laid_out(&self) -> Vec<String> {
        let mut before = 0;
        let lay_out = |source: &Arc<Source>| {
            let text = " ".repeat(before) + &source.text;
            before = text.len() + 1;
            text
        };
        std::iter::once(&self.first).chain(&self.others).map(lay_out).collect()
    }

    /// The place of a span of [`laid_out`](Self::laid_out).
    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        let (mut source, mut start) = (&self.first, span.start);
        for next in &self.others {
            if start <= source.text.len() {
                break;
            }
            start -= source.text.len() + 1;
            source = next;
        }
        Place { source: Arc::clone(source), span: start..start + span.len() }
    }
}

/// Reads a text file that problems will point into. `what` is its noun, `hint` the way out when it is not there.
///
/// # Errors
/// It cannot be read, is not UTF-8, or is larger than any such file has reason to be.
pub(crate) fn read_source(path: &Path, what: &str, hint: &str) -> Result<Source> {
    use std::io::Read;

    let name = path.display().to_string();
    let wrong = |cause: std::io::Error| Error::invalid(format!("cannot read {what}, `{name}`")).cause(cause).hint(hint);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(wrong)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::invalid(format!("`{name}` is larger than 4 MiB, which is not {what}")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name, text: without_mark(text) }),
        Err(error) => {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            Err(Error::invalid(format!("`{name}` is not UTF-8 text: see line {}", line + 1)))
        }
    }
}

/// Some editors begin a file with a byte order mark, which says nothing in UTF-8.
pub(crate) fn without_mark(text: String) -> String {
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

/// What the TOML parser found wrong.
pub(crate) fn syntax_problems(source: &Arc<Source>, errors: &[toml::de::Error]) -> Vec<Problem> {
    let problem = |error: &toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let unquoted_mode = {
            let near = source.text.get(span.start..).unwrap_or_default();
            let word: String = near.chars().take_while(char::is_ascii_digit).collect();
            word.starts_with('0') && word.len() > 1
        };
        let problem = Problem::error(Place { source: Arc::clone(source), span }, message);
        if unquoted_mode { problem.hint("a mode is text: write it in quotes, such as \"0755\"") } else { problem }
    };
    errors.iter().take(MOST_PROBLEMS).map(problem).collect()
}
