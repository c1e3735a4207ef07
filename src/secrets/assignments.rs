//! Values that have names: `NAME=VALUE` of environments, units and configurations, `name: value` of YAML and JSON.
//!
//! ```text
//! line ─┬▶ words ─┬▶ NAME=VALUE, --name VALUE ─┐
//!       │         └▶ phrases of directives ────┼──▶ values: what a name and a value are together
//!       └▶ pairs: name: value, {name: value} ──┘
//!             └▶ listed: `name:` in one line, `value:` in another
//! ```
//!
//! A name that says `password`, `secret`, `token` or the like makes a secret of any value that is no placeholder, no
//! path and no switch. Where values become environment variables, one as random as a key is a secret whatever its name.

mod listed;
mod pairs;
mod phrases;
mod telling;
mod values;
mod words;

pub(super) use listed::Listed;

use super::Secret;
use super::headers;
use super::placeholders::is_placeholder;
use super::readers::Reader;
use crate::unit;
use pairs::{Pair, bare, is_name};
use telling::{Says, says};
use values::{Setting, Value, judge};
use words::Word;

/// What of a line is looked at, in bytes: longer ones are data.
pub(super) const LONGEST: usize = 64 << 10;

/// What systemd's own credentials begin with that are no secret, systemd.system-credentials(7).
const SYSTEMS_OWN: [&str; 6] = ["firstboot.", "network.", "sysctl.", "sysusers.", "tmpfiles.", "udev."];

/// What ends a word of a shell's besides blanks.
const ENDS_IN_SHELL: [char; 5] = [';', '&', '|', '(', '`'];

/// What ends a word of a document's lists.
const ENDS_IN_LISTS: [char; 5] = [',', '[', ']', '{', '}'];

/// The assignments that one word may hold within each other: `--env=DB_PASSWORD=…`.
const MOST_WITHIN: usize = 3;

/// What a line is found to hold. `listed` remembers what the lines before it have begun.
pub(super) fn find(reader: Reader, line: &[u8], listed: &mut Listed) -> Option<Secret> {
    let line = String::from_utf8_lossy(line.get(..line.len().min(LONGEST))?);
    let line = line.trim();
    if line.is_empty() || reader.is_comment(line) {
        return None;
    }
    let found = match reader {
        Reader::Unit => in_unit(line),
        Reader::Environment => in_shell(line),
        Reader::Configuration => in_configuration(line),
        Reader::Document => in_document(line, listed),
        Reader::Logins => phrases::in_login(&words::split(line, &[])),
        Reader::PostgresLogins => of_postgres(line),
        Reader::Other => return line.strip_prefix("export ").and_then(in_shell),
    };
    found.or_else(|| headers::find(line))
}

/// Whether a value of this name may be a secret.
pub(super) fn may_name_secret(name: &str) -> bool {
    matches!(says(name), Says::Secret | Says::Key | Says::Login)
}

/// Whether a line gives something whose name calls it secret any value.
pub(super) fn names_secret(line: &str) -> bool {
    let line = line.get(..LONGEST).unwrap_or(line).trim();
    pairs::read(line).iter().any(|pair| says(pair.name) == Says::Secret && !is_placeholder(pair.value))
}

/// A directive, and the assignments in its words. A line that goes on the one before has words alone.
fn in_unit(line: &str) -> Option<Secret> {
    let (directive, value) = match line.split_once('=') {
        Some((name, value)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => (name, value),
        _ => ("", line),
    };
    if directive == "SetCredential" {
        let (id, value) = value.split_once(':')?;
        let is_known = SYSTEMS_OWN.iter().any(|own| id.starts_with(own));
        return (!is_known && !is_placeholder(value)).then_some(Secret::Named);
    }
    // `LoadCredential=` names a file, `ImportCredential=` a pattern.
    let names_one = directive.ends_with("Credential") || directive == "PassEnvironment";
    let value = value.trim();
    let of_directive = judge(directive, Value { text: bare(value), is_quoted: false }, Setting::Configuration);
    let is_environment = matches!(directive, "Environment" | "");
    let setting = if is_environment { Setting::Environment } else { Setting::Configuration };
    let words = || match directive {
        // Of a mount: as in fstab(5).
        "Options" => words::split(value, &[',']),
        // A quote of systemd's takes in the blanks of its word.
        _ => unit::words(value).into_iter().map(|text| Word { is_quoted: text.contains(' '), text }).collect(),
    };
    let of_words = || in_words(&words(), setting, Setting::Configuration);
    of_directive.filter(|_| !names_one).or_else(of_words)
}

/// Variables that are set alone, before a command or for it, and the options of commands.
fn in_shell(line: &str) -> Option<Secret> {
    let alone = || pairs::read(line).first().copied().filter(|pair| line.starts_with(pair.name));
    let spaced = || alone().filter(|_| !line.contains(':')).and_then(|pair| of_pair(&pair, Setting::Environment));
    in_words(&words::split(line, &ENDS_IN_SHELL), Setting::Environment, Setting::Script).or_else(spaced)
}

fn in_configuration(line: &str) -> Option<Secret> {
    let words = words::split(line, &[',']);
    let of_pairs = || {
        let pairs = pairs::read(line);
        pairs.iter().find_map(|pair| of_pair(pair, Setting::Environment))
    };
    in_words(&words, Setting::Configuration, Setting::Configuration)
        .or_else(of_pairs)
        .or_else(|| two_words(line))
        .or_else(|| phrases::in_directive(&words))
}

fn in_document(line: &str, listed: &mut Listed) -> Option<Secret> {
    let pairs = pairs::read(line);
    let of_list = listed.take(line, &pairs);
    let of_pairs = || pairs.iter().find_map(|pair| of_pair(pair, Setting::Document));
    // Most lines of long documents have nothing that words could assign.
    let has_words = line.contains('=') || line.contains("--");
    let of_words = || in_words(&words::split(line, &ENDS_IN_LISTS), Setting::Document, Setting::Script);
    of_list.or_else(of_pairs).or_else(|| has_words.then(of_words).flatten())
}

fn of_pair(pair: &Pair<'_>, setting: Setting) -> Option<Secret> {
    judge(pair.name, Value { text: pair.value, is_quoted: pair.is_quoted }, setting)
}

/// The assignments and the options of words, and of the words within what is quoted: `sh -c "…"`.
fn in_words(words: &[Word], assigned: Setting, optional: Setting) -> Option<Secret> {
    let of_one = |words: &[Word]| (0..words.len()).find_map(|at| in_word(words.get(at..)?, assigned, optional));
    let is_command = |word: &&Word| word.is_quoted && word.text.contains(' ');
    let within = || words.iter().filter(is_command).find_map(|word| of_one(&words::split(&word.text, &ENDS_IN_SHELL)));
    of_one(words).or_else(within)
}

/// `NAME=VALUE`, `--name=VALUE`, or `--name` with the word behind it.
fn in_word(words: &[Word], assigned: Setting, optional: Setting) -> Option<Secret> {
    let (word, behind) = words.split_first()?;
    let text = word.text.trim_start_matches('-');
    let is_option = text.len() < word.text.len();
    if is_option && is_name(text) {
        let value = behind.first().filter(|value| !value.text.starts_with('-'))?;
        return judge(text, Value { text: &value.text, is_quoted: value.is_quoted }, optional);
    }
    let setting = if is_option { optional } else { assigned };
    let mut rest = text;
    for _ in 0..MOST_WITHIN {
        let (name, text) = rest.split_once('=')?;
        if !is_name(name) {
            return None;
        }
        if let Some(secret) = judge(name, Value { text, is_quoted: word.is_quoted }, setting) {
            return Some(secret);
        }
        rest = text;
    }
    None
}

/// A line of two words, as `requirepass VALUE`.
fn two_words(line: &str) -> Option<Secret> {
    let (name, value) = line.split_once([' ', '\t']).filter(|(name, _)| is_name(name))?;
    let value = value.trim().trim_end_matches(';');
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let value = Value { text: quoted.unwrap_or_else(|| bare(value)), is_quoted: quoted.is_some() };
    judge(name, value, Setting::Configuration)
}

/// `host:port:database:user:password`, where a backslash stands before a colon that parts nothing.
fn of_postgres(line: &str) -> Option<Secret> {
    let password = line.replace("\\:", "").splitn(5, ':').nth(4).map(is_placeholder)?;
    (!password).then_some(Secret::Named)
}
