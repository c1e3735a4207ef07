//! Texts for people, which are no values.

/// Words that sentences have and passphrases drawn by lot do not.
const OF_SENTENCES: [&str; 26] = [
    "a", "an", "and", "are", "be", "by", "for", "from", "if", "in", "is", "must", "new", "no", "not", "of", "on", "or",
    "per", "the", "this", "to", "used", "when", "with", "your",
];

/// Whether a text of several words is written for people: it begins or ends as a sentence does, or has the words that
/// hold sentences together. `correct horse battery staple` is none.
pub(super) fn is_prose(text: &str) -> bool {
    let has_digits = text.contains(|character: char| character.is_ascii_digit());
    let is_connected = text.split_whitespace().any(|word| OF_SENTENCES.contains(&word.to_ascii_lowercase().as_str()));
    is_connected || (!has_digits && (begins_or_ends_as_a_sentence(text) || !text.is_ascii()))
}

/// Whether one word or more are what people read beside a field, as in translations: `Passwort`, `hasło`.
pub(super) fn is_label(text: &str) -> bool {
    let text = text.trim_end_matches(['.', ':', '…', '?', '!', '*', ' ']);
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'));
    let mut letters = text.chars();
    let is_capitalised = letters.next().is_some_and(char::is_uppercase) && letters.all(|c| !c.is_uppercase());
    is_word && (is_capitalised || !text.is_ascii())
}

fn begins_or_ends_as_a_sentence(text: &str) -> bool {
    let mut letters = text.chars().filter(|character| !matches!(character, '¿' | '¡'));
    let begins = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none_or(char::is_lowercase);
    begins || text.trim_end().ends_with(['.', ':', '…', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_labels_are_no_passphrases() {
        for text in ["Mot de passe oublié ?", "Enter a password", "the password of the database", "hasło użytkownika"]
        {
            assert!(is_prose(text), "{text}");
        }
        for text in ["correct horse battery staple", "My Dog Rex 2019"] {
            assert!(!is_prose(text), "{text}");
        }
        ["Passwort", "Contraseña:", "hasło", "密码密码", "Kennwort?"]
            .iter()
            .for_each(|text| assert!(is_label(text), "{text}"));
        ["hunter2", "Hunter2", "swordfish", "hunterTwo", ""].iter().for_each(|text| assert!(!is_label(text), "{text}"));
    }
}
