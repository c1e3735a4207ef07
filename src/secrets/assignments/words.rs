//! The words of a line, as shells part them.

/// The words of a line that are looked at: whoever has more of them has no configuration.
const MOST: usize = 400;

/// A word without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether a part of it stood in quotes, so that a blank is its own.
    pub(super) is_quoted: bool,
}

/// Parts a line at blanks and at `ends` outside of quotes. A quote that nothing closes is a character as any other.
pub(super) fn split(line: &str, ends: &[char]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word { text: String::new(), is_quoted: false };
    let mut unclosed = String::new();
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => word.text.extend(rest.next()),
            '"' | '\'' if !unclosed.contains(character) => match end_of(rest.as_str(), character) {
                Some((inside, after)) => {
                    word.text.push_str(inside);
                    word.is_quoted = true;
                    rest = after.chars();
                }
                None => unclosed.push(character),
            },
            _ if character.is_whitespace() || ends.contains(&character) => end(&mut word, &mut words),
            _ => word.text.push(character),
        }
        if words.len() == MOST {
            return words;
        }
    }
    end(&mut word, &mut words);
    words
}

fn end(word: &mut Word, words: &mut Vec<Word>) {
    let ended = std::mem::replace(word, Word { text: String::new(), is_quoted: false });
    words.extend((ended.is_quoted || !ended.text.is_empty()).then_some(ended));
}

/// What stands before a quote that no backslash escapes, and what behind it.
pub(super) fn end_of(text: &str, quote: char) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let at = text.find(|character: char| {
        let ends = character == quote && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    })?;
    Some((text.get(..at)?, text.get(at + quote.len_utf8()..)?))
}
