//! `name: value` and `name = value`: one in a line, or several between the braces of JSON, YAML and TOML.

use super::words;

/// The pairs of a line that are looked at.
const MOST: usize = 10_000;

/// A name, and what stands behind its separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair<'l> {
    pub(super) name: &'l str,
    /// Without its quotes, and without what stands behind it.
    pub(super) value: &'l str,
    pub(super) is_quoted: bool,
}

/// The pairs of a line, read once from its beginning to its end. Where one stands between braces its value ends at a
/// comma, elsewhere with the line.
pub(super) fn read(line: &str) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    let mut rest = line;
    let mut depth = 0_usize;
    while pairs.len() < MOST {
        rest = begin(rest, &mut depth);
        if rest.is_empty() {
            break;
        }
        let Some((name, after)) = name(rest) else {
            rest = skip(rest);
            continue;
        };
        let Some(value) = behind_separator(after) else {
            rest = skip(after);
            continue;
        };
        let quoted = |quote| words::end_of(value.strip_prefix(quote)?, quote);
        if let Some((inside, after)) = quoted('"').or_else(|| quoted('\'')) {
            pairs.push(Pair { name, value: inside, is_quoted: true });
            rest = after;
        } else if value.starts_with(['{', '[']) {
            rest = value;
        } else {
            let end = if depth > 0 { value.find([',', '}', ']']).unwrap_or(value.len()) } else { value.len() };
            let (value, after) = value.split_at_checked(end).unwrap_or_default();
            pairs.push(Pair { name, value: bare(value), is_quoted: false });
            rest = after;
        }
    }
    pairs
}

/// What follows blanks, commas, braces and the dash of a list.
fn begin<'l>(text: &'l str, depth: &mut usize) -> &'l str {
    let mut rest = text;
    loop {
        let mut after = rest.chars();
        match after.next() {
            Some('{' | '[') => *depth += 1,
            Some('}' | ']') => *depth = depth.saturating_sub(1),
            Some(',') => {}
            Some('-') if after.as_str().starts_with(' ') => {}
            Some(blank) if blank.is_whitespace() => {}
            _ => return rest,
        }
        rest = after.as_str();
    }
}

/// What follows the next comma or brace.
fn skip(text: &str) -> &str {
    text.find([',', '{', '[', '}', ']']).and_then(|at| text.get(at..)).unwrap_or_default()
}

/// A name, and what follows it: bare, in quotes, or an index, as in php-fpm's `env[NAME]`.
fn name(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            // What is no name is passed over as a whole: a sentence may hold commas.
            return words::end_of(inside, quote);
        }
    }
    // npm's `//registry.example/:_authToken=…`; what is skipped next is looked at once more, and nothing behind it.
    let registry = text.split([',', ' ']).next().filter(|registry| registry.starts_with("//"));
    let behind = registry.and_then(|registry| text.get(registry.find("/:")? + 2..));
    let text = behind.unwrap_or(text);
    let end = text.find(|character| !is_of_names(character)).unwrap_or(text.len());
    let (name, after) = text.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let index = after.strip_prefix('[').and_then(|rest| rest.split_once(']')).filter(|(index, _)| is_name(index));
    Some(index.unwrap_or((name, after)))
}

/// The value behind `=`, `:` or `=>`; `http://…`, `mod::name` and `a == b` have none.
fn behind_separator(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let value = text.strip_prefix("=>").or_else(|| text.strip_prefix(['=', ':']))?;
    let is_other = value.starts_with(['=', ':', '>']) || (text.starts_with(':') && value.starts_with('/'));
    (!is_other).then(|| value.trim_start())
}

/// Whether a text could be what something is called.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_of_names)
}

fn is_of_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

/// A value in no quotes, without the comment and the marks behind it.
pub(super) fn bare(value: &str) -> &str {
    let value = value.trim();
    let is_note =
        |at: usize| value.get(at + 1..).is_some_and(|rest| rest.starts_with(['#', ';']) || rest.starts_with("// "));
    let end = value.match_indices([' ', '\t']).find(|(at, _)| is_note(*at)).map_or(value.len(), |(at, _)| at);
    value.get(..end).unwrap_or(value).trim_end().trim_end_matches([',', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_wherever_they_stand_in_a_line() {
        let all = |line| read(line).iter().map(|pair| format!("{}>{}", pair.name, pair.value)).collect::<Vec<_>>();
        assert_eq!(all("name: a value # note"), ["name>a value"]);
        assert_eq!(all("name = value\t# note"), ["name>value"]);
        assert_eq!(all("name = value ; note"), ["name>value"]);
        assert_eq!(all("- 'name' = \"a \\\" value\" # note"), ["name>a \\\" value"]);
        assert_eq!(all("{\"a\":\"x, b: y\",\"b\":{\"c\":1,d: e},'f':[g]}"), ["a>x, b: y", "c>1", "d>e"]);
        assert_eq!(all("env[NAME] = value"), ["NAME>value"]);
        assert_eq!(all("//registry.example/:_authToken=value"), ["_authToken>value"]);
        assert_eq!(all("name => value,"), ["name>value"]);
        for none in ["http://a/b", "mod::name", "a == b", "two words", "\"a, b: c\"", ""] {
            assert_eq!(all(none), [""; 0], "{none}");
        }
    }
}
