//! The plain commands of a shell script, and its plain variables.

use std::collections::BTreeMap;

/// Words that may stand before a command.
const BEFORE: [&str; 12] =
    ["!", "if", "then", "else", "elif", "do", "while", "until", "exec", "command", "in_sysroot", "env"];

/// The commands of a script, each by its words: without quotes, redirections and comments; variables that are assigned a
/// plain word replaced by it.
pub(super) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut variables = BTreeMap::new();
    let mut commands = Vec::new();
    for line in script.replace("\\\n", " ").lines() {
        for words in split(line) {
            let mut words = words.into_iter().peekable();
            while let Some(word) = words.next_if(|word| BEFORE.contains(&word.as_str()) || assignment(word).is_some()) {
                if let Some((name, value)) = assignment(&word) {
                    let value = expand(value, &variables);
                    variables.insert(name.to_owned(), value);
                }
            }
            let words = words.map(|word| expand(&word, &variables));
            let command: Vec<_> = words.filter(|word| !word.is_empty()).collect();
            if !command.is_empty() {
                commands.push(command);
            }
        }
    }
    commands
}

/// The commands of a line: words between separators that are not quoted.
fn split(line: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), String::new());
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), inside) => word.push(inside),
            (None, '"' | '\'') => quote = Some(character),
            (None, '#') if word.is_empty() => break,
            (None, ';' | '&' | '|' | '(' | ')' | '`') => {
                words.push(std::mem::take(&mut word));
                commands.push(std::mem::take(&mut words));
            }
            (None, space) if space.is_whitespace() => words.push(std::mem::take(&mut word)),
            (None, other) => word.push(other),
        }
    }
    words.push(word);
    commands.push(words);
    for words in &mut commands {
        // A redirection and what follows it.
        let end = words.iter().position(|word| word.contains(['<', '>'])).unwrap_or(words.len());
        words.truncate(end);
        words.retain(|word| !word.is_empty());
    }
    commands
}

/// `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let sound = name.bytes().next().is_some_and(first) && name.bytes().all(|byte| first(byte) || byte.is_ascii_digit());
    sound.then_some((name, value))
}

/// The word with `$NAME` and `${NAME}` replaced where the value is known.
fn expand(word: &str, variables: &BTreeMap<String, String>) -> String {
    let mut pieces = word.split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let (name, rest) = match piece.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            Some(braced) => braced,
            None => piece.split_at(piece.find(|character| !is_name(character)).unwrap_or(piece.len())),
        };
        match variables.get(name) {
            Some(value) if value.len() + text.len() < 4096 => text.extend([value.as_str(), rest]),
            _ => text.extend(["$", piece]),
        }
    }
    text
}
