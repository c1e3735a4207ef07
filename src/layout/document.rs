//! A TOML document read strictly and with places: every mistake is noted, and reading goes on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Placed;
use super::variables::{Variables, type_name, unknown_hint};
use crate::diagnostic::{Place, Problem, Source};
use crate::rootfs::{Mode, TargetPath};
use crate::{Error, Result};

/// The largest layout or file of variables that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// The steps that a template may take; a page of configuration needs some thousands.
const MOST_STEPS: u64 = 1_000_000;

/// Reads a text file that problems will point into. `what` is its noun, `hint` the way out when it is not there.
///
/// # Errors
/// It cannot be read, is not UTF-8, or is larger than any such file has reason to be.
pub(super) fn read_source(path: &Path, what: &str, hint: &str) -> Result<Source> {
    use std::io::Read;

    let name = path.display().to_string();
    let wrong = |cause: std::io::Error| Error::invalid(format!("cannot read {what}, `{name}`")).cause(cause).hint(hint);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(wrong)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::invalid(format!("`{name}` is larger than 4 MiB, which is not {what}")));
    }
    match String::from_utf8(bytes) {
        // Some editors begin a file with a byte order mark, which says nothing in UTF-8.
        Ok(text) => Ok(Source { name, text: text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text) }),
        Err(error) => {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            Err(Error::invalid(format!("`{name}` is not UTF-8 text: see line {}", line + 1)))
        }
    }
}

/// What the TOML parser found wrong.
pub(super) fn syntax_problems(source: &Arc<Source>, errors: &[toml::de::Error]) -> Vec<Problem> {
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
    errors.iter().map(problem).collect()
}

/// A document being read: its text, the variables that its strings may name, and what was found wrong so far.
pub(super) struct Document {
    pub(super) source: Arc<Source>,
    environment: Environment<'static>,
    context: Value,
    names: Vec<String>,
    problems: RefCell<Vec<Problem>>,
}

impl Document {
    pub(super) fn new(source: Arc<Source>, variables: &Variables) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(MOST_STEPS));
        // As Ansible sets Jinja up, so that its users' templates render the same.
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self {
            source,
            environment,
            context: variables.context(),
            names: variables.names().map(str::to_owned).collect(),
            problems: RefCell::default(),
        }
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(&self.source), span }
    }

    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// Renders a string of the document, or a template file (`place` is then where the file is named).
    pub(super) fn render(&self, template: &str, place: &Place) -> Option<String> {
        if !template.contains(['{', '}']) {
            return Some(template.to_owned());
        }
        let compiled = match self.environment.template_from_str(template) {
            Ok(compiled) => compiled,
            Err(error) => {
                let detail = error.detail().unwrap_or("it does not parse").to_owned();
                self.report(Problem::error(place.clone(), format!("not a template: {detail}")));
                return None;
            }
        };
        let mut unknown: Vec<_> = compiled.undeclared_variables(false).into_iter().collect();
        unknown
            .retain(|name| !self.names.contains(name) && self.environment.globals().all(|(global, _)| global != name));
        unknown.sort_unstable();
        for name in &unknown {
            self.report(
                Problem::error(Self::within(place, name), format!("undefined variable `{name}`"))
                    .hint(unknown_hint(name, self.names.iter().map(String::as_str))),
            );
        }
        if !unknown.is_empty() {
            return None;
        }
        match compiled.render(&self.context) {
            Ok(text) => Some(text),
            Err(error) => {
                let detail = match error.kind() {
                    minijinja::ErrorKind::OutOfFuel => "it does not end within a million steps".to_owned(),
                    kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
                };
                self.report(Problem::error(place.clone(), format!("cannot render the template: {detail}")));
                None
            }
        }
    }

    /// The bytes of `name` within a place, so that the marker points at the variable itself.
    fn within(place: &Place, name: &str) -> Place {
        let text = place.source.text.get(place.span.clone()).unwrap_or_default();
        match text.find(name) {
            Some(at) => {
                let start = place.span.start + at;
                Place { source: Arc::clone(&place.source), span: start..start + name.len() }
            }
            None => place.clone(),
        }
    }
}

/// One table of the document. Each reader notes the key that it was asked for; [`finish`](Self::finish) reports the
/// keys that nobody asked for.
pub(super) struct Section<'a> {
    document: &'a Document,
    table: &'a DeTable<'a>,
    title: &'static str,
    /// The header's bytes, for what is missing.
    span: Range<usize>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(super) fn new(document: &'a Document, table: &'a DeTable<'a>, title: &'static str, span: Range<usize>) -> Self {
        Self { document, table, title, span, asked: RefCell::default() }
    }

    pub(super) fn place(&self) -> Place {
        self.document.place(self.span.clone())
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    fn missing<T>(&self, key: &'static str, example: &str) -> Option<T> {
        self.document.report(
            Problem::error(self.place(), format!("`{key}` is missing from {}", self.title))
                .hint(format!("add `{key} = {example}`")),
        );
        None
    }

    /// Notes a value of a wrong type, or one whose meaning is wrong.
    pub(super) fn refuse<T>(&self, span: Range<usize>, message: String, hint: &str) -> Option<T> {
        let problem = Problem::error(self.document.place(span), message);
        self.document.report(if hint.is_empty() { problem } else { problem.hint(hint) });
        None
    }

    fn mistyped<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str, hint: &str) -> Option<T> {
        let found = type_name(value.get_ref());
        self.refuse(value.span(), format!("`{key}` is {found}, expected {expected}"), hint)
    }

    fn string(&self, key: &str, value: &Spanned<DeValue<'_>>, hint: &str) -> Option<Placed<String>> {
        let DeValue::String(text) = value.get_ref() else {
            return self.mistyped(key, value, "a string", hint);
        };
        let place = self.document.place(value.span());
        self.document.render(text, &place).map(|value| Placed { value, place })
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// A string, or nothing.
    pub(super) fn text(&self, key: &'static str) -> Option<Placed<String>> {
        self.string(key, self.value(key)?, "put it in quotes")
    }

    /// A string that must be there and hold something.
    pub(super) fn required_text(&self, key: &'static str, example: &str) -> Option<Placed<String>> {
        let Some(value) = self.value(key) else { return self.missing(key, example) };
        let text = self.string(key, value, "put it in quotes")?;
        if text.value.is_empty() {
            return self.refuse(value.span(), format!("`{key}` is empty"), &format!("such as {example}"));
        }
        Some(text)
    }

    /// A list of strings, or one string; empty when it is not there.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Placed<String>> {
        self.value(key).map(|value| self.strings(key, value)).unwrap_or_default()
    }

    fn strings(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Vec<Placed<String>> {
        match value.get_ref() {
            DeValue::Array(items) => {
                items.iter().filter_map(|item| self.string(key, item, "put it in quotes")).collect()
            }
            DeValue::String(_) => self.string(key, value, "").into_iter().collect(),
            _ => self.mistyped::<()>(key, value, "a list of strings", "").map(|()| Vec::new()).unwrap_or_default(),
        }
    }

    /// A whole number, written as such or as a template that gives one.
    pub(super) fn number<T: TryFrom<i64>>(&self, key: &'static str, example: &str, range: &str) -> Option<Placed<T>> {
        let Some(value) = self.value(key) else { return self.missing(key, example) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(_) => self.string(key, value, "")?.value.trim().parse().ok(),
            _ => return self.mistyped(key, value, "a whole number", &format!("such as `{key} = {example}`")),
        };
        match number.and_then(|number| T::try_from(number).ok()) {
            Some(number) => Some(Placed { value: number, place: self.document.place(value.span()) }),
            None => self.refuse(value.span(), format!("`{key}` is not a whole number {range}"), ""),
        }
    }

    /// True or false.
    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else { return default };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => self.mistyped(key, value, "true or false", "").unwrap_or(default),
        }
    }

    /// A path inside the image.
    pub(super) fn path(&self, key: &'static str) -> Option<Placed<TargetPath>> {
        self.as_path(self.required_text(key, "\"/path/in/the/image\"")?)
    }

    /// Reads a string as a path inside the image.
    pub(super) fn as_path(&self, text: Placed<String>) -> Option<Placed<TargetPath>> {
        match TargetPath::parse(&text.value) {
            Ok(path) if !path.is_root() => Some(Placed { value: path, place: text.place }),
            Ok(_) => self.refuse(text.place.span, "path `/` is the root itself".to_owned(), "name something below it"),
            Err(error) => self.refuse(
                text.place.span,
                format!("path `{}` {}", text.value.escape_debug(), error.reason()),
                "write it from the root of the image, such as \"/etc/veza\"",
            ),
        }
    }

    /// A mode as text.
    pub(super) fn mode(&self, example: &str) -> Option<Mode> {
        let key = "mode";
        let Some(value) = self.value(key) else { return self.missing(key, &format!("\"{example}\"")) };
        let hint = format!("a mode is text of four octal digits, such as \"{example}\"");
        let text = self.string(key, value, &hint)?;
        match Mode::parse(&text.value) {
            Some(mode) => Some(mode),
            None => self.refuse(value.span(), format!("mode `{}` is not four octal digits", text.value), &hint),
        }
    }

    /// A table of strings and lists of strings whose keys are free: key, place of the key, values.
    pub(super) fn free_table(&self, key: &'static str) -> Vec<(Placed<String>, Vec<Placed<String>>)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.mistyped::<()>(key, value, "a table", "");
            return Vec::new();
        };
        table
            .iter()
            .map(|(name, value)| {
                let place = self.document.place(name.span());
                let plain = |text: String| vec![Placed { value: text, place: self.document.place(value.span()) }];
                let values = match value.get_ref() {
                    DeValue::Boolean(flag) => plain(if *flag { "yes" } else { "no" }.to_owned()),
                    DeValue::Integer(number) => plain(number.to_string()),
                    _ => self.strings(name.get_ref(), value),
                };
                (Placed { value: name.get_ref().to_string(), place }, values)
            })
            .collect()
    }

    /// A table below this one, or nothing.
    pub(super) fn table(&self, key: &'static str, title: &'static str) -> Option<Section<'a>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.document, table, title, value.span())),
            _ => self.mistyped(key, value, "a table", &format!("write it as `{title}`")),
        }
    }

    /// The tables of a list, such as `[[user]]`.
    pub(super) fn tables(&self, key: &'static str, title: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let hint = format!("write each one as `{title}`");
        let DeValue::Array(items) = value.get_ref() else {
            self.mistyped::<()>(key, value, "a list of tables", &hint);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| match item.get_ref() {
                DeValue::Table(table) => Some(Section::new(self.document, table, title, item.span())),
                _ => self.mistyped(key, item, "a table", &hint),
            })
            .collect()
    }

    /// Reports every key that no reader asked for.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        for (key, _) in self.table {
            if !asked.contains(key.get_ref().as_ref()) {
                self.document.report(
                    Problem::error(
                        self.document.place(key.span()),
                        format!("unknown key `{}` in {}", key.get_ref(), self.title),
                    )
                    .hint(unknown_hint(key.get_ref(), asked.iter().copied())),
                );
            }
        }
    }
}
