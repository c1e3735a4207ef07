//! The templates in a layout's strings and files: minijinja, set up as Ansible sets Jinja up.

use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Value};

use super::variables::Variables;
use crate::diagnostic::{Place, Problem};
use crate::document::unknown_hint;

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
        // As Ansible sets Jinja up, so that its users' templates render the same.
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self { environment, context: variables.context(), names: variables.names().map(str::to_owned).collect() }
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
            vec![Problem::error(place.clone(), format!("not a template: {detail}"))]
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
            vec![Problem::error(place.clone(), format!("cannot render the template: {detail}"))]
        })
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
