//! Whether a value is one that systemd would take.

use super::kinds::{Kind, Measure};
use super::{exec_program, names, quantities, syscalls, words};
use crate::diagnostic::nearest;

/// Why a value is not one of its kind.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The end of "takes ...".
    pub(super) expected: String,
    /// The part of the value that is wrong.
    pub(super) given: String,
    /// What to write instead.
    pub(super) hint: Option<String>,
}

type Check = Result<(), Wrong>;

/// Checks a value that is not empty.
pub(super) fn check(kind: Kind, value: &str) -> Check {
    let list = value.strip_prefix('~').unwrap_or(value);
    match kind {
        Kind::Any => Ok(()),
        Kind::Boolean => holds(names::boolean(value).is_some(), value, "`yes` or `no`"),
        Kind::BooleanOr(choices) if names::boolean(value).is_some() || choices.contains(&value) => Ok(()),
        Kind::BooleanOr(choices) => Err(choice(value, &["yes", "no"], choices)),
        Kind::OneOf(choices) if choices.contains(&value) => Ok(()),
        Kind::OneOf(choices) => Err(choice(value, choices, &[])),
        Kind::OneOfOr(choices, prefixes) => {
            let known = choices.contains(&value) || prefixes.iter().any(|prefix| value.starts_with(prefix));
            if known { Ok(()) } else { Err(choice(value, choices, prefixes)) }
        }
        Kind::BooleanOrSomeOf(_) if names::boolean(value).is_some() => Ok(()),
        Kind::SomeOf(choices) | Kind::BooleanOrSomeOf(choices) => {
            each_word(value, |word| if choices.contains(&word) { Ok(()) } else { Err(choice(word, choices, &[])) })
        }
        Kind::Span => holds(quantities::is_span(value), value, "a span of time such as `30s` or `1min 30s`"),
        Kind::Mode => holds(names::mode(value).is_some(), value, "an octal mode such as `0077`"),
        Kind::CpuWeight if value == "idle" => Ok(()),
        Kind::CpuWeight => number(value, 1, 10_000),
        Kind::Number(least, most) => number(value, least, most),
        Kind::Memory => {
            let known = value == "infinity" || quantities::is_percentage(value) || quantities::is_size(value);
            holds(known, value, "bytes such as `512M`, a percentage, or `infinity`")
        }
        Kind::Tasks => {
            let known = value == "infinity" || quantities::is_percentage(value) || quantities::is_digits(value);
            holds(known, value, "a number of tasks, a percentage, or `infinity`")
        }
        Kind::Percent => holds(quantities::is_percentage(value), value, "a percentage such as `20%`"),
        Kind::Limit(measure) => limit(value, measure),
        Kind::Signal => signal(value),
        Kind::Errno => holds(syscalls::is_error(value), value, "the name of an errno such as `EPERM`, or `kill`"),
        Kind::Capabilities => each_word(list, capability),
        Kind::Syscalls => list.split_whitespace().try_for_each(syscall),
        Kind::Architectures => each_word(value, |word| one_of(word, &names::ARCHITECTURES, "architectures")),
        Kind::Families if value == "none" => Ok(()),
        Kind::Families => each_word(list, |word| match names::family(word) {
            Some(_) => Ok(()),
            None => {
                Err(unknown(word, &word.to_ascii_uppercase(), names::FAMILIES, "address families such as `AF_INET`"))
            }
        }),
        Kind::Namespaces if names::boolean(value).is_some() => Ok(()),
        Kind::Namespaces => each_word(list, |word| one_of(word, &names::NAMESPACES, "kinds of namespace")),
        Kind::Networks => value.split_whitespace().try_for_each(|word| {
            holds(words::networks(word).is_some(), word, "networks such as `10.0.0.0/8`, `any` or `localhost`")
        }),
        Kind::Device => device(value),
        Kind::Path => path(value, value),
        Kind::Paths => each_word(value, |word| path(word, word.trim_start_matches(['-', '+']))),
        Kind::Mounts => each_word(value, |word| {
            let source = word.strip_prefix('-').unwrap_or(word);
            path(word, source.split(':').next().unwrap_or(source))
        }),
        Kind::WorkingDirectory if matches!(value, "~" | "-~") => Ok(()),
        Kind::WorkingDirectory | Kind::EnvironmentFile => path(value, value.strip_prefix('-').unwrap_or(value)),
        Kind::PathCondition => path(value, value.trim_start_matches(['|', '!', ' '])),
        Kind::Environment => each_word(value, variable),
        Kind::Command => command(value),
        Kind::Units => each_word(value, unit_name),
    }
}

fn wrong(given: &str, expected: impl Into<String>, hint: Option<String>) -> Wrong {
    Wrong { expected: expected.into(), given: given.to_owned(), hint }
}

fn holds(known: bool, given: &str, expected: &str) -> Check {
    if known { Ok(()) } else { Err(wrong(given, expected, None)) }
}

/// A word that is none of some choices, of which there are few enough to list them.
fn choice(given: &str, choices: &[&str], more: &[&str]) -> Wrong {
    let all = || choices.iter().chain(more).copied();
    let quoted: Vec<_> = all().map(|choice| format!("`{choice}`")).collect();
    let expected = match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    };
    wrong(given, expected, nearest(&given.to_ascii_lowercase(), all()).map(|near| format!("write `{near}`")))
}

/// A word that is none of many names; `folded` is how those names write it.
fn unknown(given: &str, folded: &str, known: impl IntoIterator<Item = &'static str>, expected: &str) -> Wrong {
    wrong(given, expected, nearest(folded, known).map(|near| format!("write `{near}`")))
}

fn one_of(word: &str, known: &[&'static str], expected: &str) -> Check {
    if known.contains(&word) {
        return Ok(());
    }
    Err(unknown(word, &word.to_ascii_lowercase(), known.iter().copied(), expected))
}

fn each_word(value: &str, check: impl Fn(&str) -> Check) -> Check {
    match words::split_strictly(value) {
        Ok(words) => words.iter().try_for_each(|word| check(word)),
        Err(_) => {
            let hint = "close the quote, and double a backslash that means itself";
            Err(wrong(value, "words whose quotes are closed", Some(hint.to_owned())))
        }
    }
}

fn number(value: &str, least: i64, most: i64) -> Check {
    let known = value.parse().is_ok_and(|number: i64| (least..=most).contains(&number));
    holds(known, value, &format!("a whole number from {least} to {most}"))
}

fn limit(value: &str, measure: Measure) -> Check {
    let one = |text: &str| {
        text == "infinity"
            || match measure {
                Measure::Count => quantities::is_digits(text),
                Measure::Bytes => quantities::is_size(text),
                Measure::Time => quantities::is_span(text),
            }
    };
    let expected = match measure {
        Measure::Count => "a number, `SOFT:HARD`, or `infinity`",
        Measure::Bytes => "bytes such as `512M`, `SOFT:HARD`, or `infinity`",
        Measure::Time => "a span of time such as `30s`, `SOFT:HARD`, or `infinity`",
    };
    let (soft, hard) = value.split_once(':').unwrap_or((value, value));
    holds(one(soft) && one(hard), value, expected)?;
    let crossed = soft.parse::<u64>().is_ok_and(|soft| hard.parse::<u64>().is_ok_and(|hard| soft > hard));
    holds(!crossed, value, "a soft limit that is no higher than the hard one")
}

/// A name with or without `SIG`, a number, or a distance from the ends of the real-time signals.
fn signal(value: &str) -> Check {
    const REAL_TIME: u8 = 30;
    let name = value.strip_prefix("SIG").unwrap_or(value);
    let distance = |rest: &str, sign| match rest.strip_prefix(sign) {
        Some(number) => number.parse().is_ok_and(|number: u8| number <= REAL_TIME),
        None => rest.is_empty(),
    };
    let real_time = name.strip_prefix("RTMIN").is_some_and(|rest| distance(rest, '+'))
        || name.strip_prefix("RTMAX").is_some_and(|rest| distance(rest, '-'));
    let number = value.parse().is_ok_and(|number: u8| (1..=64).contains(&number));
    let full = format!("SIG{name}");
    if real_time || number || names::SIGNALS.contains(&full.as_str()) {
        return Ok(());
    }
    let folded = value.to_ascii_uppercase();
    let folded = format!("SIG{}", folded.strip_prefix("SIG").unwrap_or(&folded));
    Err(unknown(value, &folded, names::SIGNALS, "a signal such as `SIGTERM`"))
}

fn capability(word: &str) -> Check {
    if names::capability(word).is_some() {
        return Ok(());
    }
    let folded = word.to_ascii_uppercase();
    let folded = format!("CAP_{}", folded.strip_prefix("CAP_").unwrap_or(&folded));
    Err(unknown(word, &folded, names::CAPABILITIES, "capabilities such as `CAP_NET_BIND_SERVICE`"))
}

/// A system call or a group, perhaps with what it shall return: `ptrace:EPERM`.
fn syscall(word: &str) -> Check {
    let (name, error) = word.split_once(':').map_or((word, None), |(name, error)| (name, Some(error)));
    if let Some(error) = error {
        holds(syscalls::is_error(error), word, "an errno such as `EPERM`, or `kill`, behind the colon")?;
    }
    let known = || syscalls::groups().chain(syscalls::names());
    if known().any(|known| known == name) {
        return Ok(());
    }
    Err(unknown(name, name, known(), "system calls and groups such as `@system-service`"))
}

fn device(value: &str) -> Check {
    let (node, access) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    holds(words::is_device(node), node, "a device such as `/dev/null`, or a class such as `char-rtc`")?;
    let rights = access.trim();
    holds(rights.chars().all(|right| "rwm".contains(right)), rights, "some of `r`, `w` and `m` behind the device")
}

/// A path that may begin with a specifier; `given` is how the file writes it.
fn path(given: &str, path: &str) -> Check {
    let hint = |text: &str| Some(text.to_owned());
    if !path.starts_with(['/', '%']) {
        return Err(wrong(given, "an absolute path", hint("begin it with `/`")));
    }
    if path.split('/').any(|component| component == "..") {
        return Err(wrong(given, "a path without `..`", hint("write the path that it leads to")));
    }
    Ok(())
}

fn variable(word: &str) -> Check {
    let valid = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if word.split_once('=').is_some_and(|(name, _)| valid(name)) {
        return Ok(());
    }
    let hint = "quote a value that has blanks: `\"NAME=some words\"`";
    // What it assigns may be a secret.
    let shown = word.split_once('=').map_or_else(|| word.to_owned(), |(name, _)| format!("{name}=…"));
    Err(wrong(&shown, "assignments such as `NAME=value`", Some(hint.to_owned())))
}

/// The program is an absolute path, or a bare name that systemd looks for.
fn command(value: &str) -> Check {
    match exec_program(value) {
        None => Err(wrong(value, "a command line", Some("write the path of a program".to_owned()))),
        Some(program) if program.starts_with('/') || program.starts_with('%') || !program.contains('/') => Ok(()),
        Some(program) => Err(wrong(program, "a program's absolute path", Some("begin it with `/`".to_owned()))),
    }
}

fn unit_name(word: &str) -> Check {
    const TYPES: [&str; 11] =
        ["service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope"];
    if word.contains('%') {
        return Ok(());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    let known = word.rsplit_once('.').is_some_and(|(name, kind)| !name.is_empty() && TYPES.contains(&kind));
    if known && word.bytes().all(plain) {
        return Ok(());
    }
    let hint = (!word.contains('.')).then(|| format!("write `{word}.service` or `{word}.target`"));
    Err(wrong(word, "units by their full names", hint))
}
