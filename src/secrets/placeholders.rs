//! What stands where a secret will be, and is none.

/// Words that stand for a value or say what it is to be.
const WORDS: [&str; 33] = [
    "auto",
    "basic",
    "bearer",
    "compat",
    "default",
    "disabled",
    "empty",
    "enabled",
    "false",
    "files",
    "key",
    "md5",
    "nil",
    "none",
    "null",
    "off",
    "optional",
    "pass",
    "passwd",
    "password",
    "pwd",
    "prompt",
    "required",
    "secret",
    "sha256",
    "sha512",
    "string",
    "token",
    "true",
    "undefined",
    "unset",
    "user",
    "yes",
];

/// What the text of a placeholder says somewhere.
const MARKS: [&str; 20] = [
    "${",
    "$(",
    "{{",
    "{%",
    "%(",
    "<%",
    "changeme",
    "change-me",
    "change_me",
    "dummy",
    "example",
    "fixme",
    "insert-",
    "insert_",
    "placeholder",
    "redacted",
    "replace",
    "xxxx",
    "your-",
    "your_",
];

/// Whether nobody could log in with it: a variable, a template's expression, stars, `changeme`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
    };
    let between = |open, close| lower.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_word);
    WORDS.contains(&lower.as_str())
        || MARKS.iter().any(|mark| lower.contains(mark))
        || lower.strip_prefix('$').is_some_and(|name| is_word(name) && !name.starts_with(|c: char| c.is_ascii_digit()))
        // `printf` and systemd: `%s`, `%d`, `%i`.
        || lower.strip_prefix('%').is_some_and(|rest| rest.len() == 1)
        || [("<", ">"), ("[", "]"), ("{", "}"), ("@", "@"), ("%", "%"), ("__", "__")]
            .into_iter()
            .any(|(open, close)| between(open, close))
        || is_monotonous(value.as_bytes())
}

/// Whether it is made of one or two characters: `***`, `...`, `00000000`.
pub(super) fn is_monotonous(value: &[u8]) -> bool {
    let mut kinds: Vec<_> = value.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_value_is_none() {
        let placeholders = [
            "",
            "${DB_PASSWORD}",
            "$DB_PASSWORD",
            "$(cat /run/key)",
            "{{ password }}",
            "<password>",
            "<your password>",
            "%s",
            "%i",
            "@PASSWORD@",
            "%PASSWORD%",
            "__PASSWORD__",
            "changeme",
            "CHANGE-ME",
            "your-password",
            "xxx",
            "xxxxxxxx",
            "****",
            "...",
            "password",
            "none",
        ];
        placeholders.iter().for_each(|value| assert!(is_placeholder(value), "{value}"));
        let values = ["hunter2", "$6$salt$hash", "p$ssw0rd", "correct-horse", "<hunter2", "s3cr3t!", "100%sure"];
        values.iter().for_each(|value| assert!(!is_placeholder(value), "{value}"));
    }
}
