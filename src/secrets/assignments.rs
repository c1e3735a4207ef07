//! Values that have names: `NAME=VALUE` of environments, units and configurations, `name: value` of YAML and JSON.
//!
//! A name that says `password`, `secret`, `token` or the like makes a secret of any value that is no placeholder, no
//! path and no switch. Where values become environment variables, one as random as a key is a secret whatever its name.

mod telling;

use telling::{Says, says};

use super::Secret;
use super::placeholders::{is_monotonous, is_placeholder};
use super::randomness::{is_hex, is_random};
use crate::rootfs::TargetPath;
use crate::unit;

/// What of a line is looked at, in bytes: longer ones are data.
const LONGEST: usize = 16 << 10;

/// What systemd's own credentials begin with that are no secret, systemd.system-credentials(7).
const SYSTEMS_OWN: [&str; 6] = ["firstboot.", "network.", "sysctl.", "sysusers.", "tmpfiles.", "udev."];

/// How the lines of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// systemd.syntax(7): directives, of which some have lists of assignments.
    Unit,
    /// Variables of an environment: `NAME=VALUE`.
    Environment,
    /// `name = value`, `name value`.
    Configuration,
    /// `name: value`, `"name": "value"`, `name = "value"`.
    Document,
    /// Nothing but `export NAME=VALUE`.
    Other,
}

impl Reader {
    /// The one for a file of this name at this place.
    pub(super) fn of(path: &TargetPath) -> Self {
        let in_directory = |name: &[u8]| path.ancestors().any(|above| above.name() == name);
        let in_etc = path.as_relative().starts_with(b"etc/");
        let name = path.name();
        let extension = name.rsplit(|byte| *byte == b'.').next().filter(|rest| rest.len() < name.len());
        match extension.unwrap_or_default() {
            // The names of databases stand there, `passwd: files`.
            _ if name == b"nsswitch.conf" => Self::Other,
            b"service" | b"socket" | b"timer" | b"mount" | b"netdev" | b"network" => Self::Unit,
            b"conf" if in_directory(b"systemd") => Self::Unit,
            b"env" | b"sh" => Self::Environment,
            _ if path.as_relative() == b"etc/environment" || in_directory(b"default") => Self::Environment,
            b"conf" | b"cfg" | b"cnf" | b"ini" | b"properties" => Self::Configuration,
            b"yaml" | b"yml" | b"json" | b"toml" => Self::Document,
            b"" if in_etc => Self::Document,
            _ => Self::Other,
        }
    }

    /// What a line is found to hold.
    pub(super) fn find(self, line: &[u8]) -> Option<Secret> {
        let line = String::from_utf8_lossy(line.get(..line.len().min(LONGEST))?);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) || line.starts_with("//") {
            return None;
        }
        match self {
            Self::Unit => in_unit(line),
            Self::Environment => variable(line.strip_prefix("export ").unwrap_or(line)),
            Self::Configuration => {
                let plain = || split(line, &[':']).or_else(|| two_words(line));
                let named = || plain().and_then(|(name, value)| judge(name, value, false));
                variable(line).or_else(named).or_else(|| of_haproxy(line))
            }
            Self::Document => {
                let (name, value) = split(line.strip_prefix("- ").unwrap_or(line), &['=', ':'])?;
                judge(name, value, false)
            }
            Self::Other => variable(line.strip_prefix("export ")?),
        }
    }
}

/// `NAME=VALUE` of an environment.
fn variable(line: &str) -> Option<Secret> {
    let (name, value) = split(line, &['='])?;
    judge(name, value, true)
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
    let of_directive = split(line, &['=']).filter(|_| !names_one).and_then(|(name, value)| judge(name, value, false));
    let of_words = || {
        let words = unit::words(value);
        let mut assigned = words.iter().filter_map(|word| word.trim_start_matches('-').split_once('='));
        assigned.find_map(|(name, value)| judge(name, value, matches!(directive, "Environment" | "")))
    };
    of_directive.or_else(of_words)
}

/// `stats auth USER:PASSWORD` and `user NAME insecure-password PASSWORD`.
fn of_haproxy(line: &str) -> Option<Secret> {
    let words: Vec<_> = line.split_whitespace().take(16).collect();
    let password = words.windows(3).find_map(|words| match words {
        ["stats", "auth", login] => login.split_once(':').map(|(_, password)| password),
        [_, "insecure-password", password] => Some(password),
        _ => None,
    });
    password.filter(|password| !is_placeholder(password.trim_matches('"'))).map(|_| Secret::Named)
}

/// The name and the value on both sides of the first separator, without quotes and what stands behind the value.
fn split<'l>(line: &'l str, separators: &[char]) -> Option<(&'l str, &'l str)> {
    let line = line.trim_start_matches(['"', '\'']);
    let end = line.find(|character: char| !is_of_names(character))?;
    let (name, rest) = line.split_at_checked(end)?;
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let separator = rest.chars().next().filter(|character| separators.contains(character))?;
    let value = rest.get(1..)?;
    // `http://…` and `mod::name` assign nothing.
    if name.is_empty() || value.starts_with(['=', ':', '>']) || (separator == ':' && value.starts_with('/')) {
        return None;
    }
    Some((name, bare(value.trim())))
}

fn is_of_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

/// A line of two words, as `requirepass VALUE`.
fn two_words(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once([' ', '\t'])?;
    let value = value.trim();
    name.chars().all(is_of_names).then_some((name, bare(value)))
}

/// A value without its quotes, and without what stands behind it.
fn bare(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default();
        }
    }
    let value = value.split([' ', '\t']).next().filter(|_| value.contains(" #")).unwrap_or(value);
    value.trim_end_matches([',', ';'])
}

/// What a name and a value are together. Whether a random value counts is for `is_environment` to say.
fn judge(name: &str, value: &str, is_environment: bool) -> Option<Secret> {
    if !could_be_secret(value) {
        return None;
    }
    match says(name) {
        Says::Secret => Some(Secret::Named),
        Says::Key if is_random(value) || is_hex(value) => Some(Secret::Named),
        Says::Nothing if is_environment && is_random(value) => Some(Secret::Random),
        Says::Key | Says::Nothing | Says::Public => None,
    }
}

/// Whether a value is one at all, and not where another is found, what another is called, or a switch.
fn could_be_secret(value: &str) -> bool {
    /// Nobody has a password of three characters; a limit may be of five digits.
    const SHORTEST: usize = 4;
    const SHORTEST_NUMBER: usize = 6;
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let least = if is_number { SHORTEST_NUMBER } else { SHORTEST };
    let is_path = ["./", "../", "~/", "@/", "file:", "-/"].iter().any(|start| value.starts_with(start))
        // Of base64 one value in 64 begins so.
        || value.strip_prefix('/').is_some_and(|rest| !is_random(rest))
        // `%d/token` and `$CREDENTIALS_DIRECTORY/token`, systemd.exec(5).
        || (value.starts_with(['%', '$']) && value.contains('/'));
    let is_version = value.trim_start_matches(['^', '~', '=', 'v']).bytes().all(|it| it.is_ascii_digit() || it == b'.')
        && value.contains('.');
    let is_digest = ["sha256", "sha384", "sha512"].iter().any(|kind| value.starts_with(kind));
    // `getenv("TOKEN")`, `!vault`, `[[`.
    let is_call = value.split_once('(').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_of_names));
    value.len() >= least
        && !value.contains(char::is_whitespace)
        && !value.contains("://")
        && !is_path
        && !is_call
        && !is_version
        && !is_digest
        && !value.starts_with(['!', '[', '{', '|', '>', '&', '*', '\\'])
        && !is_monotonous(value.as_bytes())
        && !is_placeholder(value)
}
