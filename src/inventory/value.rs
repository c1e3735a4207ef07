//! The value of a variable.

use yaml_serde::Value as Yaml;

/// The value of a variable, as far as anybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string, a number, true or false, or nothing: as text.
    Plain(String),
    /// A list or a mapping, which nobody here asks for.
    Structured,
    /// Encrypted by `ansible-vault`: nothing of it is kept.
    Vaulted,
}

impl Value {
    pub(super) fn of(yaml: &Yaml) -> Self {
        match scalar(yaml) {
            Some(text) => Self::Plain(text),
            None if is_vaulted(yaml) => Self::Vaulted,
            None => Self::Structured,
        }
    }

    /// The text of a plain value.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Structured | Self::Vaulted => None,
        }
    }
}

/// The text of what is neither a list nor a mapping.
pub(super) fn scalar(yaml: &Yaml) -> Option<String> {
    match yaml {
        Yaml::Null => Some(String::new()),
        Yaml::Bool(flag) => Some(flag.to_string()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::String(text) => Some(text.clone()),
        Yaml::Sequence(_) | Yaml::Mapping(_) => None,
        // `!unsafe`: a string that is no template.
        Yaml::Tagged(tagged) if tagged.tag == "!unsafe" => scalar(&tagged.value),
        Yaml::Tagged(_) => None,
    }
}

fn is_vaulted(yaml: &Yaml) -> bool {
    matches!(yaml, Yaml::Tagged(tagged) if tagged.tag == "!vault" || tagged.tag == "!vault-encrypted")
}
