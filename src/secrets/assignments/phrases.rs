//! Directives whose words tell by their places which of them is a secret.

use super::values::{Setting, Value, judge};
use super::words::Word;
use crate::secrets::Secret;
use crate::secrets::placeholders::is_placeholder;

/// What a word of a directive is.
#[derive(Clone, Copy)]
enum Part {
    /// This word, in any case.
    Is(&'static str),
    Any,
    /// The name of the value that follows.
    Name,
    Value,
    /// Always a secret.
    Password,
    /// `USER:PASSWORD`.
    Login,
}

use Part::{Any, Is, Login, Name, Password};

/// Those of HAProxy, nginx, Apache, Redis' sentinel, and Traefik's like.
const DIRECTIVES: [&[Part]; 12] = [
    &[Is("stats"), Is("auth"), Login],
    &[Is("insecure-password"), Password],
    &[Is("setenv"), Name, Part::Value],
    &[Is("presetenv"), Name, Part::Value],
    &[Is("set-header"), Name, Part::Value],
    &[Is("add-header"), Name, Part::Value],
    &[Is("proxy_set_header"), Name, Part::Value],
    &[Is("fastcgi_param"), Name, Part::Value],
    &[Is("uwsgi_param"), Name, Part::Value],
    &[Is("scgi_param"), Name, Part::Value],
    &[Is("requestheader"), Any, Name, Part::Value],
    &[Is("auth-pass"), Any, Password],
];

/// What netrc(5) has of them.
const LOGINS: [&[Part]; 1] = [&[Is("password"), Password]];

/// A secret in the words of a directive.
pub(super) fn in_directive(words: &[Word]) -> Option<Secret> {
    find(words, &DIRECTIVES)
}

/// A secret in the words of a `.netrc`.
pub(super) fn in_login(words: &[Word]) -> Option<Secret> {
    find(words, &LOGINS)
}

fn find(words: &[Word], phrases: &[&[Part]]) -> Option<Secret> {
    (0..words.len()).find_map(|at| phrases.iter().find_map(|phrase| spoken(phrase, words.get(at..)?)))
}

/// The secret of a phrase that begins with the first of these words.
fn spoken(phrase: &[Part], words: &[Word]) -> Option<Secret> {
    let mut name = "";
    for (part, word) in phrase.iter().zip(words) {
        let text = word.text.trim_end_matches(';');
        let named = |password: &str| (!is_placeholder(password)).then_some(Secret::Named);
        match part {
            Is(known) if !text.eq_ignore_ascii_case(known) => return None,
            Is(_) | Any => {}
            Name => name = text,
            Part::Value => {
                return judge(name, Value { text, is_quoted: word.is_quoted }, Setting::Configuration);
            }
            Password => return named(text),
            Login => return text.split_once(':').and_then(|(_, password)| named(password)),
        }
    }
    None
}
