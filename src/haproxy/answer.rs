//! Answers of the runtime API: where each ends, and what a complaint means.
//!
//! HAProxy ends every answer with an empty line, and closes after the last one of a line. Complaints are sentences;
//! they have no codes.

use super::{Failure, Kind, Result, advice};
use crate::rootfs::escaped;

/// What is shown of a text that was not expected, in characters.
const SHOWN: usize = 160;

/// The answers to the commands of one line, one after the other.
pub(super) struct Answers<'a> {
    rest: &'a str,
}

impl<'a> Answers<'a> {
    /// # Errors
    /// What does not come from the runtime API of a process that serves.
    pub(super) fn of(text: &'a str) -> Result<Self> {
        let start = text.trim_start();
        if text.is_empty() {
            return Err(Failure::new(Kind::Lost, "the connection was closed without an answer"));
        }
        if start.starts_with("HTTP/") || start.starts_with('<') {
            return Err(unexpected(text)
                .hint("this is a port for HTTP: name the `stats socket` of the section `global` instead"));
        }
        // Only a master has `show proc`; the commands that there are follow an unknown one.
        if start.starts_with("Unknown command") && text.contains("show proc ") {
            return Err(Failure::new(
                Kind::Refused,
                "this is the socket of HAProxy's master process, which knows no server",
            )
            .hint("name a `stats socket` of the section `global`, not the socket of the option `-S`"));
        }
        Ok(Self { rest: text })
    }

    /// The next answer, without the empty line that ends it.
    pub(super) fn next(&mut self) -> Result<&'a str> {
        if let Some(rest) = self.rest.strip_prefix('\n') {
            self.rest = rest;
            return Ok("");
        }
        let (answer, rest) = self.rest.split_once("\n\n").ok_or_else(broken)?;
        self.rest = rest;
        Ok(answer)
    }

    /// The last answer, whose own fields may hold empty lines.
    pub(super) fn last(self) -> Result<&'a str> {
        match self.rest {
            "\n" => Ok(""),
            rest => rest.strip_suffix("\n\n").ok_or_else(broken),
        }
    }
}

/// What a complaint means, where the answer should have been another.
pub(super) fn complaint(answer: &str) -> Failure {
    let text = answer.trim();
    known_complaint(text).unwrap_or_else(|| refused(Kind::Refused, text))
}

/// What a text means that should have been a table or a list: a complaint that is known to be HAProxy's, or nothing of
/// its.
pub(super) fn unexpected(answer: &str) -> Failure {
    let text = answer.trim();
    known_complaint(text).unwrap_or_else(|| match text {
        "" => Failure::new(Kind::NotHaproxy, "the answer is empty"),
        _ => Failure::new(Kind::NotHaproxy, "the answer is not HAProxy's").cause(shown(text)),
    })
}

fn known_complaint(text: &str) -> Option<Failure> {
    let unknown =
        ["No such server", "No such backend", "Can't find backend", "Unknown map identifier", "Unknown ACL identifier"];
    if text.starts_with("Permission denied") {
        return Some(Failure::new(Kind::Denied, "the socket does not allow it").hint(advice::admin()));
    }
    if unknown.iter().any(|known| text.starts_with(known)) {
        return Some(refused(Kind::Unknown, text));
    }
    text.starts_with("Unknown command").then(|| refused(Kind::Refused, "Unknown command"))
}

fn refused(kind: Kind, text: &str) -> Failure {
    Failure::new(kind, "HAProxy refused").cause(shown(text.lines().next().unwrap_or_default()))
}

/// A field that is malformed, of a table that is named.
pub(super) fn malformed(what: &str, value: &str) -> Failure {
    Failure::new(Kind::NotHaproxy, format!("{what} is malformed")).cause(shown(value))
}

fn broken() -> Failure {
    Failure::new(Kind::Lost, "the connection was closed in the middle of an answer")
}

/// A text for people, in backticks: escaped, and cut.
pub(super) fn shown(text: &str) -> String {
    format!("`{}`", short(text))
}

/// A text for people: escaped, and cut.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", escaped(text.get(..end).unwrap_or_default().as_bytes())),
        None => escaped(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_with_an_empty_line() {
        let mut answers = Answers::of("a\nb\n\n\nc\n\nd").unwrap();
        assert_eq!((answers.next().unwrap(), answers.next().unwrap(), answers.next().unwrap()), ("a\nb", "", "c"));
        assert_eq!(answers.next().unwrap_err().kind(), Kind::Lost);
    }

    #[test]
    fn the_last_answer_may_hold_empty_lines() {
        let mut answers = Answers::of("a\n\nb\n\nc\n\n").unwrap();
        answers.next().unwrap();
        assert_eq!(answers.last().unwrap(), "b\n\nc");
        assert_eq!(Answers::of("\n").unwrap().last().unwrap(), "");
        assert_eq!(Answers::of("a\n").unwrap().last().unwrap_err().kind(), Kind::Lost);
    }

    #[test]
    fn what_other_services_say_is_told_apart() {
        let kind = |text: &str| Answers::of(text).err().map(|failure| failure.kind());
        assert_eq!(kind(""), Some(Kind::Lost));
        assert_eq!(kind("HTTP/1.1 400 Bad request\r\n\r\n"), Some(Kind::NotHaproxy));
        assert_eq!(kind("<html>"), Some(Kind::NotHaproxy));
        assert_eq!(kind("Unknown command\n  show proc  : show processes status\n"), Some(Kind::Refused));
        assert_eq!(kind("Unknown command\n  show info\n"), None);
    }

    #[test]
    fn complaints_have_their_kinds() {
        let cases = [
            ("Permission denied\n", Kind::Denied, Kind::Denied),
            ("No such server.\n", Kind::Unknown, Kind::Unknown),
            ("No such backend.", Kind::Unknown, Kind::Unknown),
            ("Unknown map identifier. Please use #<id> or <file>.", Kind::Unknown, Kind::Unknown),
            ("Unknown command, but maybe", Kind::Refused, Kind::Refused),
            ("Require 'backend/server'.", Kind::Refused, Kind::NotHaproxy),
            ("SSH-2.0-OpenSSH_9.2", Kind::Refused, Kind::NotHaproxy),
        ];
        for (text, complained, read) in cases {
            assert_eq!((complaint(text).kind(), unexpected(text).kind()), (complained, read), "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_cannot_move_the_cursor() {
        let failure = unexpected(&format!("\u{1b}[2J{}", "é".repeat(1_000_000)));
        assert_eq!(failure.to_string(), format!("the answer is not HAProxy's: `\\x1b[2J{}…`", "é".repeat(156)));
    }
}
