//! Layouts that extend others, so that what they share stands once.
//!
//! ```text
//! backend-api.toml ──extends──▶ service.toml ──extends──▶ appliance.toml
//!   its own variables,            user, directories,        [base], [network]
//!   and which of the other's      unit, health
//!   they stand for
//! ```
//!
//! They are joined table by table: a value of the extending layout stands in place of the extended one's, and a list goes
//! on where the extended one's ends, lists of tables such as `[[file]]` included; an empty list drops that one.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::files::Files;
use super::template::Templates;
use super::variables::Variables;
use crate::diagnostic::{Problem, Source};
use crate::document::{Document, Placed, Section, Texts, shown, syntax_problems};

/// The most layouts in a row.
const MOST_LAYOUTS: usize = 8;

/// A layout and those that it extends, each the next.
pub(super) struct Chain {
    own: Link,
    extended: Vec<Link>,
}

struct Link {
    source: Arc<Source>,
    /// `[extends.vars]`: variables of the extended layout, and the templates of their values.
    given: Vec<(Placed<String>, Placed<String>)>,
}

impl Chain {
    /// Reads the texts of a layout and of those that it extends. None when one of them cannot be had or is no TOML.
    pub(super) fn read(source: Source, files: &Files, problems: &mut Vec<Problem>) -> Option<Self> {
        let (own, mut next) = Link::read(source, files, true, problems)?;
        let mut extended = Vec::new();
        while let Some(source) = next {
            let (link, after) = Link::read(source, files, extended.len() + 2 < MOST_LAYOUTS, problems)?;
            extended.push(link);
            next = after;
        }
        Some(Self { own, extended })
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.own).chain(&self.extended)
    }

    /// The names of the layouts that it extends.
    pub(super) fn extended(&self) -> impl Iterator<Item = &str> {
        self.extended.iter().map(|link| link.source.name.as_str())
    }

    pub(super) fn texts(&self) -> Texts {
        let extended = self.extended.iter().map(|link| Arc::clone(&link.source));
        Texts::new(Arc::clone(&self.own.source), extended.collect())
    }

    /// Takes out of the variables those that get their values here.
    pub(super) fn await_given(&self, variables: &mut Variables, problems: &mut Vec<Problem>) {
        self.links().flat_map(|link| &link.given).for_each(|(name, _)| variables.await_value(name, problems));
    }

    /// Gives them, layout by layout.
    pub(super) fn give(&self, variables: &mut Variables, problems: &mut Vec<Problem>) {
        for link in self.links() {
            let templates = Templates::new(variables);
            for (name, template) in &link.given {
                let value = templates.render(&template.value, &template.place).map_err(|found| problems.extend(found));
                variables.give(name, value.ok().as_deref(), &template.place, problems);
            }
        }
    }
}

impl Link {
    /// Reads what a layout says of the one that it extends, and the text of that one if it `may` be there.
    fn read(source: Source, files: &Files, may: bool, problems: &mut Vec<Problem>) -> Option<(Self, Option<Source>)> {
        let source = Arc::new(source);
        let (root, errors) = DeTable::parse_recoverable(&source.text);
        let document = Document::plain(Arc::clone(&source));
        syntax_problems(&source, &errors).into_iter().for_each(|problem| document.report(problem));
        let (mut given, mut extended) = (Vec::new(), None);
        if errors.is_empty()
            && let Some(section) =
                Section::new(&document, root.get_ref(), "the layout", 0..0).table("extends", "[extends]")
        {
            extended = section.required_text("layout", "\"service.toml\"").and_then(|name| {
                if Path::new(&name.value).file_name() != Some(name.value.as_ref()) {
                    let message = format!("`{}` is not beside the layout", shown(&name.value));
                    return section.refuse(name.place, message, "a layout extends one of its own directory");
                }
                if may {
                    return files.text(&section, &name, "layout");
                }
                let message = format!("more than {MOST_LAYOUTS} layouts extend one another");
                section.refuse(name.place, message, "does one of them extend itself?")
            });
            given = section.free_texts("vars");
            section.finish();
        }
        let found = document.into_problems();
        let is_sound = found.is_empty();
        problems.extend(found);
        is_sound.then_some((Self { source, given }, extended))
    }
}

/// The tables of texts that were laid out, an extending layout's before those of the one that it extends.
pub(super) fn joined(texts: &[String]) -> DeTable<'_> {
    // Each was parsed before, for what it extends, and is sound.
    let mut tables = texts.iter().map(|text| DeTable::parse_recoverable(text).0.into_inner());
    let mut whole = tables.next().unwrap_or_default();
    tables.for_each(|extended| join(&mut whole, extended));
    whole
}

fn join<'a>(table: &mut DeTable<'a>, extended: DeTable<'a>) {
    for (key, theirs) in extended {
        let Some(ours) = table.get_mut(key.get_ref().as_ref()) else {
            table.insert(key, theirs);
            continue;
        };
        let (span, of_theirs) = (ours.span(), theirs.span());
        match (ours.get_mut(), theirs.into_inner()) {
            (DeValue::Table(ours), DeValue::Table(theirs)) => join(ours, theirs),
            // Nothing goes on where nothing is: an empty list drops the other.
            (DeValue::Array(ours), _) if ours.is_empty() => {}
            (ours @ DeValue::Array(_), theirs @ (DeValue::Array(_) | DeValue::String(_)))
            | (ours @ DeValue::String(_), theirs @ DeValue::Array(_)) => {
                let own = Spanned::new(span, std::mem::replace(ours, DeValue::Array(DeArray::new())));
                *ours = DeValue::Array(items(Spanned::new(of_theirs, theirs)).chain(items(own)).collect());
            }
            _ => {}
        }
    }
}

/// The items of a list, and one string as a list of it.
fn items<'a>(value: Spanned<DeValue<'a>>) -> impl Iterator<Item = Spanned<DeValue<'a>>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Array(items) => items.into_iter().collect::<Vec<_>>(),
        one => vec![Spanned::new(span, one)],
    }
    .into_iter()
}
