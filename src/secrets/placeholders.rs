//! What stands where a secret will be, and is none.

/// Words that stand for a value or say what it is to be.
const WORDS: [&str; 39] = [
    "auto",
    "anonymous",
    "basic",
    "bearer",
    "compat",
    "default",
    "disabled",
    "empty",
    "enabled",
    "false",
    "files",
    "include",
    "key",
    "md5",
    "nil",
    "none",
    "null",
    "off",
    "omit",
    "optional",
    "pass",
    "passwd",
    "password",
    "pwd",
    "prompt",
    "read",
    "required",
    "same-origin",
    "secret",
    "sha256",
    "sha512",
    "string",
    "token",
    "true",
    "undefined",
    "unset",
    "user",
    "write",
    "yes",
];

/// What the text of a placeholder says somewhere.
const MARKS: [&str; 22] = [
    "${",
    "$(",
    "#{",
    "{{",
    "{%",
    "%(",
    // HAProxy's samples.
    "%[",
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
    let between = |open, close| lower.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_word);
    WORDS.contains(&lower.as_str())
        || MARKS.iter().any(|mark| lower.contains(mark))
        || lower.ends_with("...")
        || is_of_variables(&lower)
        // `printf` and systemd: `%s`, `%d`, `%i`.
        || lower.strip_prefix('%').is_some_and(|rest| rest.len() == 1)
        || [("<", ">"), ("[", "]"), ("{", "}"), ("@", "@"), ("%", "%"), ("__", "__")]
            .into_iter()
            .any(|(open, close)| between(open, close))
        || is_monotonous(value.as_bytes())
}

/// Whether it could say what a value is to be.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
}

/// Whether it is made of a shell's variables alone: `$USER-$SUFFIX`.
fn is_of_variables(value: &str) -> bool {
    let is_name = |part: &str| is_word(part) && !part.starts_with(|character: char| character.is_ascii_digit());
    value.strip_prefix('$').is_some_and(|rest| rest.split('$').all(is_name))
}

/// What programs call the places that values come from.
const PLACES: [&str; 29] = [
    "args",
    "argv",
    "bun",
    "config",
    "configuration",
    "data",
    "deno",
    "env",
    "environ",
    "environment",
    "import",
    "local",
    "locals",
    "module",
    "options",
    "opts",
    "os",
    "params",
    "process",
    "props",
    "req",
    "request",
    "secrets",
    "self",
    "settings",
    "state",
    "this",
    "values",
    "var",
];

/// Whether it is code that says where a value comes from: `env.TOKEN`, `os.environ["TOKEN"]`, `getenv("TOKEN")`.
pub(super) fn is_reference(value: &str) -> bool {
    let is_of_names = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.' | ':');
    let end = value.find(|character| !is_of_names(character)).unwrap_or(value.len());
    let Some((path, behind)) = value.split_at_checked(end).filter(|(path, _)| !path.is_empty()) else { return false };
    let root = path.split_once('.').map(|(root, _)| root.to_ascii_lowercase());
    let is_place = root.is_some_and(|root| PLACES.contains(&root.as_str()));
    let is_indexed = ["[\"", "['", "[$"].iter().any(|open| behind.starts_with(open));
    let is_call = behind.starts_with('(');
    is_indexed || is_call || (is_place && (behind.is_empty() || behind.starts_with([' ', '|', '?', ')'])))
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
    fn code_says_where_a_value_comes_from() {
        let code =
            ["env.DB_TOKEN", "os.environ[\"X\"]", "process.env.SECRET", "getenv(\"X\")", "ENV['X']", "var.db_password"];
        code.iter().for_each(|value| assert!(is_reference(value), "{value}"));
        let values = ["hunter2", "env", "my.pass", "env.TOKEN!", "hunter[2]", "", "=(x)"];
        values.iter().for_each(|value| assert!(!is_reference(value), "{value}"));
    }

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
