//! `Authorization: Basic …` and `Authorization: Bearer …` that a configuration sends, RFC 7235.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Secret;
use super::encoded::is_login;
use super::placeholders::{is_placeholder, is_reference};
use super::shapes::constant;

/// The scheme and what follows it, however a file parts them from the header's name.
static AUTHORIZATION: LazyLock<Regex> = LazyLock::new(|| {
    constant(r#"(?i)authorization["']?\s*!?[:=,]?>?\s*["']?(basic|bearer|token)\\?\s+([0-9a-z._~+/=${}-]{8,})"#)
});

/// The login of a line.
pub(super) fn find(line: &str) -> Option<Secret> {
    let found = AUTHORIZATION.captures_iter(line.as_bytes()).any(|header| {
        let part = |group| header.get(group).map_or("".into(), |part| String::from_utf8_lossy(part.as_bytes()));
        let (scheme, value) = (part(1), part(2));
        match scheme.eq_ignore_ascii_case("basic") {
            true => is_login(&value),
            false => {
                let has_digits = value.bytes().any(|byte| byte.is_ascii_digit());
                has_digits && !is_placeholder(&value) && !is_reference(&value)
            }
        }
    });
    found.then_some(Secret::Login)
}
