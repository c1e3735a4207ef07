//! Unit files as text: sections of directives, in order.
//!
//! The syntax is that of systemd.syntax(7), read as systemd 252 reads it: `#` and `;` open a comment line, even
//! between the lines of a continued value; a backslash at the very end of a line continues it, and counts as a space;
//! LF, CR and NUL all end a line. A repeated section goes on where the first one stopped. Of a file of our own the reader is
//! stricter than systemd in one way: lines that systemd would skip with a warning are errors.

use std::fmt;

/// No unit file comes near this, in bytes; the time that reading one can take is bounded by it.
const MAX_BYTES: usize = 1 << 16;

/// A file of noise is told apart from a unit file well before this many errors.
const MAX_ERRORS: usize = 20;

/// A unit file, or a drop-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFile {
    sections: Vec<Section>,
}

/// A section and its directives, such as `[Service]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    name: String,
    comments: Vec<String>,
    directives: Vec<Directive>,
}

/// One assignment, on one line: `Name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    name: String,
    value: String,
    comments: Vec<String>,
}

/// A line that is neither a section, an assignment nor a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line it begins on, from 1.
    pub line: usize,
    /// What is wrong: lower case, one sentence, names in backticks, no final period.
    pub message: String,
}

impl UnitFile {
    /// Reads the text of a unit file. Comments stay with the section or the directive below them; those with nothing
    /// below are dropped.
    ///
    /// # Errors
    /// Every line that systemd could not use, up to twenty; or one error for a text of more than 64 KiB.
    pub fn parse(text: &str) -> Result<Self, Vec<SyntaxError>> {
        let (unit, errors) = Parser::default().read(text.as_bytes());
        if errors.is_empty() { Ok(unit) } else { Err(errors) }
    }

    /// Reads the unit file of somebody else as systemd does, which ignores lines that it cannot use, and all from a section
    /// header on that has no end. Besides gives what is ignored, as [`parse`](Self::parse) does.
    pub fn lenient(text: &[u8]) -> (Self, Vec<SyntaxError>) {
        Parser { is_lenient: true, ..Parser::default() }.read(text)
    }

    /// The sections in order; a name may come more than once.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The last section of that name, appended when there is none.
    pub fn section_mut(&mut self, name: &str) -> &mut Section {
        let index = self.sections.iter().rposition(|section| section.name == name).unwrap_or_else(|| {
            self.sections.push(Section::new(name));
            self.sections.len() - 1
        });
        &mut self.sections[index]
    }

    /// The directives of every section of that name, in the order in which systemd applies them.
    pub fn directives<'a>(&'a self, section: &str) -> impl Iterator<Item = &'a Directive> {
        self.sections.iter().filter(move |candidate| candidate.name == section).flat_map(|found| &found.directives)
    }

    /// The assignments of a list-valued directive that are in force: those after the last empty one, which resets it.
    pub fn list(&self, section: &str, directive: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for found in self.directives(section).filter(|candidate| candidate.name == directive) {
            match found.value.as_str() {
                "" => values.clear(),
                value => values.push(value),
            }
        }
        values
    }

    /// The last assignment of a directive that holds one value.
    pub fn last(&self, section: &str, directive: &str) -> Option<&str> {
        self.directives(section).filter(|candidate| candidate.name == directive).last().map(Directive::value)
    }

    /// Adds the sections of a drop-in, which systemd reads after the unit file itself.
    pub fn apply(&mut self, drop_in: &Self) {
        self.sections.extend_from_slice(&drop_in.sections);
    }

    /// Whether it assigns nothing.
    pub fn is_empty(&self) -> bool {
        self.sections.iter().all(|section| section.directives.is_empty())
    }
}

impl Section {
    fn new(name: &str) -> Self {
        Self { name: one_line(name), comments: Vec::new(), directives: Vec::new() }
    }

    /// The name without brackets.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The assignments in order.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// Appends an assignment.
    pub fn push(&mut self, directive: Directive) {
        self.directives.push(directive);
    }
}

impl Directive {
    /// An assignment. Line breaks become spaces: no value can smuggle in another directive.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: one_line(name), value: one_line(value), comments: Vec::new() }
    }

    /// Adds a comment line above it.
    #[must_use]
    pub fn comment(mut self, comment: &str) -> Self {
        self.comments.push(one_line(comment));
        self
    }

    /// The name, such as `ExecStart`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value as it stands in the file: quotes, escapes and specifiers are left alone.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The comment lines above it, without their `#`.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }
}

fn one_line(text: &str) -> String {
    trim(&text.replace(['\n', '\r', '\0'], " ")).to_owned()
}

/// Without the blanks that systemd strips; other white space belongs to the value.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// The canonical text, which [`UnitFile::parse`] reads back unchanged: one assignment a line, a blank line between
/// sections, comments with `#`.
impl fmt::Display for UnitFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, section) in self.sections.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write_comments(f, &section.comments)?;
            writeln!(f, "[{}]", section.name)?;
            for directive in &section.directives {
                write_comments(f, &directive.comments)?;
                // A blank after a final backslash keeps it from continuing the line, and is stripped when read.
                let guard = if ends_escaped(&directive.value) { " " } else { "" };
                writeln!(f, "{}={}{guard}", directive.name, directive.value)?;
            }
        }
        Ok(())
    }
}

fn write_comments(f: &mut fmt::Formatter<'_>, comments: &[String]) -> fmt::Result {
    comments
        .iter()
        .try_for_each(|comment| if comment.is_empty() { writeln!(f, "#") } else { writeln!(f, "# {comment}") })
}

fn ends_escaped(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for SyntaxError {}

#[derive(Default)]
struct Parser {
    unit: UnitFile,
    comments: Vec<String>,
    /// A value that goes on: the line it began on, and its text so far.
    continued: Option<(usize, String)>,
    errors: Vec<SyntaxError>,
    /// Whether to stop where systemd does.
    is_lenient: bool,
    is_over: bool,
}

impl Parser {
    fn read(mut self, text: &[u8]) -> (UnitFile, Vec<SyntaxError>) {
        if text.len() > MAX_BYTES {
            let message = format!("the unit file has {} bytes, more than the {MAX_BYTES} that it may have", text.len());
            return (UnitFile::default(), vec![SyntaxError { line: 1, message }]);
        }
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.flat_map(|line| line.split(|byte| matches!(byte, b'\r' | 0)));
        for (index, line) in lines.enumerate() {
            match str::from_utf8(line) {
                _ if self.is_over => break,
                Ok(line) => self.line(index + 1, line),
                Err(_) => self.error(index + 1, "it is no UTF-8".to_owned()),
            }
        }
        self.finish()
    }

    fn line(&mut self, number: usize, raw: &str) {
        let lead = raw.trim_start_matches([' ', '\t']);
        if let Some(comment) = lead.strip_prefix(['#', ';']) {
            if self.continued.is_none() {
                self.comments.push(trim(comment).to_owned());
            }
            return;
        }
        let (number, mut text) = match self.continued.take() {
            Some((start, mut text)) => {
                text.push_str(raw);
                (start, text)
            }
            None => (number, raw.to_owned()),
        };
        if ends_escaped(&text) {
            text.pop();
            text.push(' ');
            self.continued = Some((number, text));
        } else {
            self.logical_line(number, trim(&text));
        }
    }

    fn logical_line(&mut self, number: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        let comments = std::mem::take(&mut self.comments);
        if let Some(rest) = text.strip_prefix('[') {
            match rest.strip_suffix(']') {
                Some(name) => self.unit.sections.push(Section { comments, ..Section::new(name) }),
                None => {
                    self.is_over = self.is_lenient;
                    self.error(number, format!("the section header `{text}` has no closing `]`"));
                }
            }
            return;
        }
        let Some((name, value)) = text.split_once('=') else {
            return self.error(number, format!("`{text}` is neither a section nor an assignment"));
        };
        if trim(name).is_empty() {
            return self.error(number, format!("`{text}` has no name before its `=`"));
        }
        match self.unit.sections.last_mut() {
            Some(section) => section.push(Directive { comments, ..Directive::new(name, value) }),
            None => self.error(number, format!("`{}=` stands before the first section", trim(name))),
        }
    }

    fn error(&mut self, line: usize, message: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError { line, message });
        }
    }

    fn finish(mut self) -> (UnitFile, Vec<SyntaxError>) {
        if let Some((number, text)) = self.continued.take() {
            self.logical_line(number, trim(&text));
        }
        (self.unit, self.errors)
    }
}
