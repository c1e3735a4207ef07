//! Words of others on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with `\u{fffd}` for every character that could move the cursor, hide or reorder what stands around it:
/// control characters (a terminal takes those of C1 for escape sequences too), Unicode's format characters such as
/// bidirectional overrides and those of no width, separators other than a space, and what no standard assigns. A tab
/// stays, and so do letters of every script with their marks.
pub fn printable(text: &str) -> Cow<'_, str> {
    match text.contains(is_unprintable) {
        true => text.replace(is_unprintable, "\u{fffd}").into(),
        false => text.into(),
    }
}

/// JSON with an escape for each of these characters: in what is written on one line they stand in strings alone.
pub(super) fn ascii_where_unprintable(json: String) -> String {
    if !json.contains(is_unprintable) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if !is_unprintable(character) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Nothing that is written to a string fails.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

fn is_unprintable(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control() && character != '\t';
    }
    // The standard library knows them, by the version of Unicode that it was made with. Behind a letter, a combining mark
    // is none of them.
    let mut behind_a_letter = [b'a', 0, 0, 0, 0];
    let length = character.encode_utf8(&mut behind_a_letter[1..]).len();
    str::from_utf8(&behind_a_letter[..=length]).is_ok_and(|text| text.escape_debug().nth(1) == Some('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_show_something_else_is_replaced_and_letters_are_not() {
        for text in [
            "",
            "plain, with `ticks` \\ and \"quotes\"",
            "a\tb",
            "Főtanúsítvány",
            "e\u{301}",
            "日本語",
            "😀",
            "العربية",
            "ไทย้",
        ] {
            assert_eq!(printable(text), text);
        }
        let unprintable = [
            '\0',
            '\x1b',
            '\n',
            '\r',
            '\x7f',
            '\u{80}',
            '\u{9b}',
            '\u{a0}',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{e0041}',
            '\u{e000}',
        ];
        for character in unprintable {
            assert_eq!(printable(&format!("a{character}b")), "a\u{fffd}b", "{character:?}");
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"a\u{202e}": ["\u{9b}2J", "\u{e0041}", "\x1b", "\x7f", "ő", "\t"]});
        let shown = ascii_where_unprintable(value.to_string());
        assert_eq!(shown, r#"{"a\u202e":["\u009b2J","\udb40\udc41","\u001b","\u007f","ő","\t"]}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
