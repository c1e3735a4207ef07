//! What a name and its value are together.

use super::telling::{Says, is_same, says};
use crate::secrets::Secret;
use crate::secrets::encoded::is_login;
use crate::secrets::placeholders::{is_monotonous, is_placeholder, is_reference};
use crate::secrets::prose::{is_label, is_prose};
use crate::secrets::randomness::{is_hex, is_key_in_hex, is_random};

/// What of a value is looked at, in bytes: nobody has a longer password.
const LONGEST: usize = 1 << 10;

/// A value as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'v> {
    pub(super) text: &'v str,
    pub(super) is_quoted: bool,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// It becomes an environment variable.
    Environment,
    /// It sets what a program does.
    Configuration,
    /// In YAML, JSON or TOML, which may be texts for people too.
    Document,
    /// An option of a command in a script, which may be one of its description.
    Script,
}

/// What a name and a value are together. Where it becomes an environment variable, a random value counts whatever its
/// name is.
pub(super) fn judge(name: &str, value: Value<'_>, setting: Setting) -> Option<Secret> {
    let said = says(name);
    if said == Says::Public || (said == Says::Nothing && setting != Setting::Environment) {
        return None;
    }
    let mut end = value.text.len().min(LONGEST);
    while !value.text.is_char_boundary(end) {
        end -= 1;
    }
    let text = value.text.get(..end)?;
    // `"clientSecret": "client_secret"` tells what another calls it.
    if is_same(name, text) || !could_be_secret(Value { text, ..value }, setting) {
        return None;
    }
    match said {
        Says::Secret => Some(Secret::Named),
        Says::Key if is_random(text) || is_hex(text) => Some(Secret::Named),
        Says::Login if is_login(text) => Some(Secret::Named),
        Says::Login | Says::Nothing if setting == Setting::Environment && (is_random(text) || is_key_in_hex(text)) => {
            Some(Secret::Random)
        }
        Says::Key | Says::Login | Says::Nothing | Says::Public => None,
    }
}

/// Whether a value is one at all, and not where another is found, what another is called, or a switch.
fn could_be_secret(value: Value<'_>, setting: Setting) -> bool {
    /// Nobody has a password of three characters; a limit may be of five digits.
    const SHORTEST: usize = 4;
    const SHORTEST_NUMBER: usize = 6;
    let Value { text, is_quoted } = value;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let least = if is_number { SHORTEST_NUMBER } else { SHORTEST };
    let is_path = ["./", "../", "~/", "@/", "file:", "-/"].iter().any(|start| text.starts_with(start))
        || is_resource(text)
        // Of base64 one value in 64 begins so.
        || text.strip_prefix('/').is_some_and(|rest| !is_random(rest))
        // `%d/token` and `$CREDENTIALS_DIRECTORY/token`, systemd.exec(5).
        || (text.starts_with(['%', '$']) && text.contains('/'));
    let is_version = text.trim_start_matches(['^', '~', '=', 'v']).bytes().all(|it| it.is_ascii_digit() || it == b'.')
        && text.contains('.');
    let is_digest = ["sha256", "sha384", "sha512"].iter().any(|kind| text.starts_with(kind));
    let is_sentence = text.contains(char::is_whitespace) && (!is_quoted || is_prose(text));
    let is_text = match setting {
        Setting::Environment | Setting::Configuration => false,
        Setting::Document => is_label(text),
        Setting::Script => text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
    };
    text.len() >= least
        && !is_sentence
        && !is_text
        && !text.contains("://")
        && !is_path
        && !is_reference(text)
        && !is_version
        && !is_digest
        && (is_quoted || !is_mark(text, setting))
        && !is_monotonous(text.as_bytes())
        && !is_placeholder(text)
}

/// Whether it begins something else: `!vault`, a block, a list or an alias of YAML, `<FILE>` of a usage.
fn is_mark(text: &str, setting: Setting) -> bool {
    let mut rest = text.chars();
    let first = rest.next();
    let is_word = || rest.clone().all(|character| character.is_ascii_alphabetic() || character == '_');
    match setting {
        Setting::Environment | Setting::Configuration => false,
        Setting::Document => match first {
            Some('[' | '{' | '<' | '\\') => true,
            Some('|' | '>') => text.len() <= 3,
            Some('!' | '&' | '*') => is_word(),
            _ => false,
        },
        Setting::Script => matches!(first, Some('[' | '{' | '<' | '>' | '|' | '&' | '\\')),
    }
}

/// Whether it names what a cloud keeps: `projects/app/secrets/db/versions/1`, `arn:aws:…`.
fn is_resource(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    let is_path = text.matches('/').count() >= 2 && text.bytes().all(plain) && !is_random(text);
    is_path || text.starts_with("arn:")
}
