//! The layout's variables: defaults of `[vars]`, files of `--vars`, and `--set`, in that order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use minijinja::value::Value;
use toml::de::{DeTable, DeValue};

use crate::Result;
use crate::diagnostic::{Place, Problem, Source, nearest};
use crate::document::{Placed, at, read_source, syntax_problems, type_name, unknown_hint};
use crate::inventory::{self, Inventory};

/// A variable's value. Its type is that of the default in `[vars]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
}

impl Scalar {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Number(_) => "a whole number",
            Self::Flag(_) => "true or false",
        }
    }

    /// Reads `text` as a value of this value's type.
    fn parse_like(&self, text: &str) -> Option<Self> {
        match self {
            Self::Text(_) => Some(Self::Text(text.to_owned())),
            Self::Number(_) => text.trim().parse().ok().map(Self::Number),
            Self::Flag(_) => match text.trim() {
                "true" | "yes" | "on" => Some(Self::Flag(true)),
                "false" | "no" | "off" => Some(Self::Flag(false)),
                _ => None,
            },
        }
    }

    fn to_template(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(number) => Value::from(*number),
            Self::Flag(flag) => Value::from(*flag),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// The variables and their present values.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, Scalar>,
    /// Those that an extending layout gives their values, until it has: their defaults, and where it gives them.
    awaited: BTreeMap<String, (Scalar, Place)>,
    /// Those that a file or an argument gives, well or not.
    given: BTreeSet<String>,
}

impl Variables {
    /// The layout's `[vars]`: names and default values.
    pub(super) fn from_defaults(
        table: &DeTable<'_>,
        place: impl Fn(std::ops::Range<usize>) -> Place,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut values = BTreeMap::new();
        for (key, value) in table {
            match scalar(value.get_ref()) {
                Some(scalar) => {
                    values.insert(key.get_ref().to_string(), scalar);
                }
                None => problems.push(
                    Problem::error(
                        place(value.span()),
                        format!(
                            "variable `{}` is {}, expected a string, a whole number, true or false",
                            key.get_ref(),
                            type_name(value.get_ref())
                        ),
                    )
                    .hint("write each value as a variable of its own"),
                ),
            }
        }
        Self { values, awaited: BTreeMap::new(), given: BTreeSet::new() }
    }

    /// Takes a variable out until [`give`](Self::give) brings its value: nobody else may set it.
    pub(super) fn await_value(&mut self, name: &Placed<String>, problems: &mut Vec<Problem>) {
        match self.values.remove_entry(&name.value) {
            Some((key, default)) => {
                self.awaited.insert(key, (default, name.place.clone()));
            }
            None if self.awaited.contains_key(&name.value) => {}
            None => {
                let known = self.names().chain(self.awaited.keys().map(String::as_str));
                problems.push(
                    Problem::error(name.place.clone(), format!("the extended layout has no variable `{}`", name.value))
                        .hint(unknown_hint(&name.value, known)),
                );
            }
        }
    }

    /// Brings the value of one that was taken out. One that has no sound value keeps its default: nothing else is at fault
    /// for that.
    pub(super) fn give(
        &mut self,
        name: &Placed<String>,
        value: Option<&str>,
        place: &Place,
        problems: &mut Vec<Problem>,
    ) {
        let Some((default, _)) = self.awaited.remove(&name.value) else { return };
        let given = value.map(|value| default.parse_like(value));
        if given == Some(None) {
            let message = format!("variable `{}` is not {}", name.value, default.type_name());
            problems.push(Problem::error(place.clone(), message));
        }
        self.values.insert(name.value.clone(), given.flatten().unwrap_or(default));
    }

    /// Gives those that it has these values.
    pub(super) fn settle(&mut self, values: &BTreeMap<String, Scalar>) {
        for (name, value) in values {
            if let Some(there) = self.values.get_mut(name) {
                there.clone_from(value);
            }
        }
    }

    /// Takes the variables that it knows from a file of `--vars`: TOML, or the YAML of Ansible's `group_vars`, told by
    /// the file's extension. Other names there are Ansible's business, unless they look like a misspelt one.
    ///
    /// # Errors
    /// The file cannot be read. What is wrong inside it goes to `problems`.
    pub(super) fn read_file(&mut self, path: &Path, problems: &mut Vec<Problem>) -> Result<()> {
        let source = Arc::new(read_source(path, "a file of variables", "name an existing file with `--vars`")?);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => self.read_toml(&source, problems),
            _ => self.read_yaml(&source, problems),
        }
        Ok(())
    }

    /// Takes the variables that nothing else has given from an inventory: what one host has counts for the image, so that all
    /// who have it must agree.
    pub(super) fn read_inventory(
        &mut self,
        inventory: &Inventory,
        hosts: &[(&str, inventory::Variables)],
        problems: &mut Vec<Problem>,
    ) {
        let is_open = |key: &&str| !self.given.contains(*key);
        for key in self.names().filter(is_open).map(str::to_owned).collect::<Vec<_>>() {
            let mut values = hosts.iter().filter_map(|(host, variables)| Some((*host, variables.get(&key)?)));
            let Some((first, value)) = values.next() else { continue };
            let place = inventory.place_of("all", first);
            if let Some((other, _)) = values.find(|(_, other)| *other != value) {
                let message = format!("variable `{key}` of `{other}` is another than that of `{first}`");
                problems
                    .push(Problem::error(place, message).hint(format!("give one for the image with `--set {key}=…`")));
                continue;
            }
            self.take(&key, place, value.text().map(|text| Scalar::Text(text.to_owned())), problems);
        }
    }

    fn read_toml(&mut self, source: &Arc<Source>, problems: &mut Vec<Problem>) {
        let place = |span| Place { source: Arc::clone(source), span };
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        problems.extend(syntax_problems(source, &errors));
        for (key, value) in table.get_ref() {
            self.take(key.get_ref(), place(key.span()), scalar(value.get_ref()), problems);
        }
    }

    fn read_yaml(&mut self, source: &Arc<Source>, problems: &mut Vec<Problem>) {
        use yaml_serde::Value as Yaml;

        let place = |span| Place { source: Arc::clone(source), span };
        // A mapping refuses a key that stands twice.
        let table = match yaml_serde::from_str::<Option<yaml_serde::Mapping>>(&source.text) {
            Ok(table) => table.unwrap_or_default(),
            Err(error) => {
                let at = error.location().map_or(0, |location| location.index().min(source.text.len()));
                problems.push(
                    Problem::error(place(at..at), format!("not a file of variables: {error}"))
                        .hint("a file of variables is a mapping of names to values, as in Ansible's `group_vars`"),
                );
                return;
            }
        };
        for (key, value) in &table {
            // Variables have names: a number or a list as the key is Ansible's business.
            let Yaml::String(key) = key else { continue };
            let scalar = match value {
                Yaml::String(text) => Some(Scalar::Text(text.clone())),
                Yaml::Number(number) => number.as_i64().map(Scalar::Number),
                Yaml::Bool(flag) => Some(Scalar::Flag(*flag)),
                _ => None,
            };
            self.take(key, place(yaml_key(&source.text, key)), scalar, problems);
        }
    }

    /// Takes one `KEY=VALUE` of `--set`. The value may be a secret whatever the name is, so that no problem holds it.
    pub(super) fn set(&mut self, argument: &str, problems: &mut Vec<Problem>) {
        let shown = argument.find('=').and_then(|at| argument.get(..=at)).unwrap_or_default();
        let source = Arc::new(Source { name: "--set".to_owned(), text: shown.to_owned() });
        let place = |span| Place { source: Arc::clone(&source), span };
        let Some((key, value)) = argument.split_once('=') else {
            let problem = Problem::error(place(0..0), "`--set` wants KEY=VALUE");
            problems.push(problem.hint(format!("such as `--set {}=…`", self.example())).without_line());
            return;
        };
        let (name, behind) = (place(0..key.len()), place(shown.len()..shown.len()));
        if let Some((_, given)) = self.awaited.get(key) {
            let message = format!("variable `{key}` gets its value in [extends.vars]");
            let hint = format!("change what stands at {}, or set a variable that stands in it", at(given));
            problems.push(Problem::error(name, message).hint(hint));
            return;
        }
        let Some(default) = self.values.get(key) else {
            let known = self.values.keys().map(String::as_str);
            let message = format!("the layout has no variable `{key}`");
            problems.push(Problem::error(name, message).hint(unknown_hint(key, known)));
            return;
        };
        match default.parse_like(value) {
            Some(scalar) => self.assign(key, behind, scalar, problems),
            None => {
                let message = format!("variable `{key}` is not {}", default.type_name());
                problems.push(Problem::error(behind, message));
            }
        }
    }

    /// Takes one of a file. What the line says beside the name may be a secret, whatever the name is.
    fn take(&mut self, key: &str, place: Place, value: Option<Scalar>, problems: &mut Vec<Problem>) {
        let Some(default) = self.values.get(key) else {
            if let Some((_, given)) = self.awaited.get(key) {
                let message = format!("`{key}` is not used: [extends.vars] gives it its value");
                problems.push(Problem::warning(place, message).hint(format!("see {}", at(given))).without_line());
            } else if let Some(near) = nearest(key, self.values.keys().map(String::as_str)) {
                problems.push(
                    Problem::warning(place, format!("`{key}` is not a variable of the layout and is not used"))
                        .hint(format!("did you mean `{near}`?"))
                        .without_line(),
                );
            }
            return;
        };
        self.given.insert(key.to_owned());
        let fitting = value.and_then(|value| match (&value, default) {
            (Scalar::Text(text), _) => default.parse_like(text),
            (_, Scalar::Text(_)) => Some(Scalar::Text(value.to_string())),
            _ if std::mem::discriminant(&value) == std::mem::discriminant(default) => Some(value),
            _ => None,
        });
        match fitting {
            Some(scalar) => self.assign(key, place, scalar, problems),
            None => problems.push(
                Problem::error(place, format!("variable `{key}` is not {}", default.type_name()))
                    .hint("vaulted and structured values cannot enter an image; give a plain one with `--set`")
                    .without_line(),
            ),
        }
    }

    fn assign(&mut self, key: &str, place: Place, value: Scalar, problems: &mut Vec<Problem>) {
        self.given.insert(key.to_owned());
        if matches!(&value, Scalar::Text(text) if text.contains("{{") || text.contains("{%")) {
            problems.push(
                Problem::error(place, format!("variable `{key}` holds a template, which only Ansible can render"))
                    .hint(format!("give its value with `--set {key}=…`"))
                    .without_line(),
            );
            return;
        }
        self.values.insert(key.to_owned(), value);
    }

    /// A name that `--set` would take, for a hint.
    fn example(&self) -> &str {
        self.names().next().unwrap_or("name")
    }

    /// The names, for a hint.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.values.keys().map(String::as_str)
    }

    /// The values as templates see them.
    pub(super) fn context(&self) -> Value {
        let values = self.values.iter().map(|(key, value)| (key.clone(), value.to_template()));
        Value::from(values.collect::<BTreeMap<_, _>>())
    }

    /// The final values.
    pub(super) fn into_values(self) -> BTreeMap<String, Scalar> {
        self.values
    }
}

fn scalar(value: &DeValue<'_>) -> Option<Scalar> {
    match value {
        DeValue::String(text) => Some(Scalar::Text(text.to_string())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Scalar::Number),
        DeValue::Boolean(flag) => Some(Scalar::Flag(*flag)),
        _ => None,
    }
}

/// The bytes of a top-level key. The YAML reader keeps no places, so this looks for the line; a key written in a
/// form that it does not find is placed at the beginning.
fn yaml_key(text: &str, key: &str) -> std::ops::Range<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(['"', '\'']);
        if bare.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')) {
            let start = start + (line.len() - bare.len());
            return start..start + key.len();
        }
        start += line.len();
    }
    0..0
}
