//! One table of a document.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Document, Placed, shown, type_name, unknown_hint};
use crate::diagnostic::{Place, Problem};

/// One table of the document. Each reader notes the key that it was asked for; [`finish`](Self::finish) reports the
/// keys that nobody asked for.
pub(crate) struct Section<'a> {
    document: &'a Document,
    table: &'a DeTable<'a>,
    title: &'static str,
    /// The header's bytes, for what is missing.
    span: Range<usize>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(document: &'a Document, table: &'a DeTable<'a>, title: &'static str, span: Range<usize>) -> Self {
        Self { document, table, title, span, asked: RefCell::default() }
    }

    pub(crate) fn place(&self) -> Place {
        self.document.place(self.span.clone())
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// Notes that a key is not there; `example` is a value of it as TOML.
    pub(crate) fn missing<T>(&self, key: &'static str, example: &str) -> Option<T> {
        self.document.report(
            Problem::error(self.place(), format!("`{key}` is missing from {}", self.title))
                .hint(format!("add `{key} = {example}`")),
        );
        None
    }

    /// Notes a value of a wrong type, or one whose meaning is wrong.
    pub(crate) fn refuse<T>(&self, place: Place, message: String, hint: &str) -> Option<T> {
        let problem = Problem::error(place, message);
        self.document.report(if hint.is_empty() { problem } else { problem.hint(hint) });
        None
    }

    fn mistyped<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str, hint: &str) -> Option<T> {
        let found = type_name(value.get_ref());
        self.refuse(self.document.place(value.span()), format!("`{key}` is {found}, expected {expected}"), hint)
    }

    fn string(&self, key: &str, value: &Spanned<DeValue<'_>>, hint: &str) -> Option<Placed<String>> {
        let DeValue::String(text) = value.get_ref() else {
            return self.mistyped(key, value, "a string", hint);
        };
        let place = self.document.place(value.span());
        self.document.render(text, &place).map(|value| Placed { value, place })
    }

    /// Whether the key is there, whatever its value.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// A string, or nothing.
    pub(crate) fn text(&self, key: &'static str) -> Option<Placed<String>> {
        self.text_or(key, "put it in quotes")
    }

    /// A string, or nothing; `hint` is the way out for whoever wrote a value of another type.
    pub(crate) fn text_or(&self, key: &'static str, hint: &str) -> Option<Placed<String>> {
        self.string(key, self.value(key)?, hint)
    }

    /// A string that must be there and hold something.
    pub(crate) fn required_text(&self, key: &'static str, example: &str) -> Option<Placed<String>> {
        let Some(value) = self.value(key) else { return self.missing(key, example) };
        let text = self.string(key, value, "put it in quotes")?;
        if text.value.is_empty() {
            return self.refuse(
                self.document.place(value.span()),
                format!("`{key}` is empty"),
                &format!("such as {example}"),
            );
        }
        Some(text)
    }

    /// A list of strings, or one string; empty when it is not there.
    pub(crate) fn texts(&self, key: &'static str) -> Vec<Placed<String>> {
        self.value(key).map(|value| self.strings(key, value)).unwrap_or_default()
    }

    /// A list of strings, or one string, that must be there and hold something.
    pub(crate) fn required_texts(&self, key: &'static str, example: &str) -> Vec<Placed<String>> {
        let Some(value) = self.value(key) else { return self.missing(key, example).unwrap_or_default() };
        if matches!(value.get_ref(), DeValue::Array(items) if items.is_empty()) {
            self.refuse::<()>(
                self.document.place(value.span()),
                format!("`{key}` is empty"),
                &format!("such as `{key} = {example}`"),
            );
        }
        self.strings(key, value)
    }

    /// How many values the key's list has, sound or not; one where it is no list.
    pub(crate) fn count(&self, key: &'static str) -> usize {
        self.value(key).map_or(0, |value| value.get_ref().as_array().map_or(1, |items| items.len()))
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

    /// A whole number, written as such; or, where strings are templates, as one that gives a number.
    pub(crate) fn number<T: TryFrom<i64>>(&self, key: &'static str, example: &str, range: &str) -> Option<Placed<T>> {
        let Some(value) = self.value(key) else { return self.missing(key, example) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(_) if self.document.has_templates() => {
                self.string(key, value, "")?.value.trim().parse().ok()
            }
            _ => return self.mistyped(key, value, "a whole number", &format!("such as `{key} = {example}`")),
        };
        match number.and_then(|number| T::try_from(number).ok()) {
            Some(number) => Some(Placed { value: number, place: self.document.place(value.span()) }),
            None => {
                self.refuse(self.document.place(value.span()), format!("`{key}` is not a whole number {range}"), "")
            }
        }
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else { return default };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => self.mistyped(key, value, "true or false", "").unwrap_or(default),
        }
    }

    /// A table of strings and lists of strings whose keys are free: key, place of the key, values.
    pub(crate) fn free_table(&self, key: &'static str) -> Vec<(Placed<String>, Vec<Placed<String>>)> {
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

    /// A table whose keys are free, of one string each: key and value.
    pub(crate) fn free_texts(&self, key: &'static str) -> Vec<(Placed<String>, Placed<String>)> {
        let one = |(name, mut values): (Placed<String>, Vec<Placed<String>>)| {
            let value = values.pop();
            match (values.is_empty(), value) {
                (true, value) => value.map(|value| (name, value)),
                _ => self.refuse(name.place, format!("`{}` has several values", name.value), "write one string"),
            }
        };
        self.free_table(key).into_iter().filter_map(one).collect()
    }

    /// A table below this one, or nothing.
    pub(crate) fn table(&self, key: &'static str, title: &'static str) -> Option<Section<'a>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.document, table, title, value.span())),
            _ => self.mistyped(key, value, "a table", &format!("write it as `{title}`")),
        }
    }

    /// A table below this one that must be there; `example` is a line of it.
    pub(crate) fn required_table(&self, key: &'static str, title: &'static str, example: &str) -> Option<Section<'a>> {
        if self.has(key) {
            return self.table(key, title);
        }
        let hint = format!("add `{title}` with `{example}`");
        self.refuse(self.place(), format!("{} has no `{title}`", self.title), &hint)
    }

    /// The tables of a list, such as `[[user]]`.
    pub(crate) fn tables(&self, key: &'static str, title: &'static str) -> Vec<Section<'a>> {
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
    pub(crate) fn finish(self) {
        let asked = self.asked.into_inner();
        for (key, _) in self.table {
            if !asked.contains(key.get_ref().as_ref()) {
                self.document.report(
                    Problem::error(
                        self.document.place(key.span()),
                        format!("unknown key `{}` in {}", shown(key.get_ref()), self.title),
                    )
                    .hint(unknown_hint(key.get_ref(), asked.iter().copied())),
                );
            }
        }
    }
}
