//! The templates in a layout's strings and files: minijinja, set up as Ansible sets Jinja up.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, context, syntax::SyntaxConfig, value::Value};

use super::variables::Variables;
use crate::diagnostic::{Place, Problem};
use crate::document::{shown, unknown_hint};
use crate::inventory::{self, Inventory};

/// The steps that a template may take; a page of configuration needs some thousands.
const MOST_STEPS: u64 = 1_000_000;

/// What renders a layout's templates: the engine, and the variables that they may name.
pub(super) struct Templates {
    environment: Environment<'static>,
    context: Value,
    names: Vec<String>,
}

impl Templates {
    pub(super) fn new(variables: &Variables) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(MOST_STEPS));
        environment.add_filter("word", word);
        environment.add_function("fail", fail);
        // As Ansible sets Jinja up, so that its users' templates render the same.
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self { environment, context: variables.context(), names: variables.names().map(str::to_owned).collect() }
    }

    /// The same with `groups` and `hostvars`, as Ansible's templates know them; both are empty where there is no inventory.
    pub(super) fn with_inventory(
        mut self,
        inventory: Option<&Inventory>,
        hosts: &[(&str, inventory::Variables)],
    ) -> Self {
        let groups: BTreeMap<String, Vec<String>> = inventory
            .into_iter()
            .flat_map(|inventory| inventory.groups().filter_map(|group| Some((group, inventory.hosts_of(group)?))))
            .map(|(group, hosts)| (group.to_owned(), hosts.into_iter().map(str::to_owned).collect()))
            .collect();
        let seen_of = |variables: &inventory::Variables| -> BTreeMap<_, _> {
            variables.iter().map(|(key, value)| (key.clone(), seen(value))).collect()
        };
        let hostvars: BTreeMap<_, _> = hosts.iter().map(|(host, variables)| (*host, seen_of(variables))).collect();
        self.context = context! { groups, hostvars, ..self.context };
        self.names.extend(["groups", "hostvars"].map(str::to_owned));
        self
    }

    /// Renders a template that stands at the place.
    ///
    /// # Errors
    /// It does not parse, names what is not defined, or does not end: every problem of it.
    pub(super) fn render(&self, template: &str, place: &Place) -> Result<String, Vec<Problem>> {
        if !template.contains(['{', '}']) {
            return Ok(template.to_owned());
        }
        let compiled = self.environment.template_from_str(template).map_err(|error| {
            let detail = error.detail().unwrap_or("it does not parse");
            vec![Problem::error(line_of(place, template, error.line()), format!("not a template: {detail}"))]
        })?;
        let mut unknown: Vec<_> = compiled.undeclared_variables(false).into_iter().collect();
        unknown
            .retain(|name| !self.names.contains(name) && self.environment.globals().all(|(global, _)| global != name));
        unknown.sort_unstable();
        if !unknown.is_empty() {
            let known = self.names.iter().map(String::as_str);
            let undefined = |name: &String| {
                Problem::error(within(place, name), format!("undefined variable `{name}`"))
                    .hint(unknown_hint(name, known.clone()))
            };
            return Err(unknown.iter().map(undefined).collect());
        }
        compiled.render(&self.context).map_err(|error| {
            let detail = match error.kind() {
                minijinja::ErrorKind::OutOfFuel => "it does not end within a million steps".to_owned(),
                kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
            };
            vec![Problem::error(
                line_of(place, template, error.line()),
                format!("cannot render the template: {detail}"),
            )]
        })
    }
}

/// `{{ value | word }}`: a value that is one word of a configuration file, so that nobody writes a second one with it.
fn word(value: String) -> Result<String, minijinja::Error> {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"'#\\`$".contains(&byte);
    if !value.is_empty() && value.bytes().all(fits) {
        return Ok(value);
    }
    fail(format!("`{}` is not one word", shown(&value)))
}

/// `{{ fail("why") }}`: what a template says of values that make no sense together.
fn fail(why: String) -> Result<String, minijinja::Error> {
    Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, why))
}

/// A variable of the inventory as templates see it. To name one that nobody can read here is an error.
fn seen(value: &inventory::Value) -> Value {
    let why = match value {
        inventory::Value::Plain(text) if !text.contains("{{") && !text.contains("{%") => {
            return Value::from(text.as_str());
        }
        inventory::Value::Plain(_) => "a variable of the inventory holds a template, which only Ansible can render",
        inventory::Value::Structured => "a variable of the inventory is a list or a mapping",
        inventory::Value::Vaulted => "a variable of the inventory is vaulted",
    };
    Value::from(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, why))
}

/// The line of a template that is a file of its own; of a string in a layout the string.
fn line_of(place: &Place, template: &str, number: Option<usize>) -> Place {
    let index = number.and_then(|number| number.checked_sub(1)).filter(|_| place.source.text == template);
    let mut lines = template.split_inclusive('\n').scan(0, |end, line| {
        *end += line.len();
        Some((*end - line.len(), line))
    });
    match index.and_then(|index| lines.nth(index)) {
        Some((start, line)) => {
            let start = start + (line.len() - line.trim_start().len());
            Place { source: Arc::clone(&place.source), span: start..start + line.trim().len() }
        }
        None => place.clone(),
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
