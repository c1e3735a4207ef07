//! What HAProxy calls a server.

use std::fmt;

/// The name of a server within its backend: `BACKEND/SERVER`.
///
/// Only words that mean themselves in a command of the runtime API get this far: no white space, which ends a word; no
/// `;`, which ends a command; no `/`, which ends the backend's name; no `\`, which quotes; no control characters; and
/// no `<<`, `@`, `#` or quotes, which newer versions give a meaning. HAProxy itself takes only letters, digits, `-`,
/// `_`, `.` and `:` in a name (`invalid_char` in its `src/tools.c`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName {
    /// The backend (or `listen` section) that holds the server.
    pub backend: String,
    /// The server's own name, which several backends may use.
    pub server: String,
}

impl ServerName {
    /// The longest of either part, in bytes; HAProxy sets no limit but the length of a line of its configuration.
    pub const LONGEST: usize = 255;

    /// The name, if both parts are of characters that HAProxy takes.
    pub fn new(backend: &str, server: &str) -> Option<Self> {
        (is_name(backend) && is_name(server)).then(|| Self { backend: backend.to_owned(), server: server.to_owned() })
    }
}

fn is_name(text: &str) -> bool {
    let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'));
    fits && !text.is_empty() && text.len() <= ServerName::LONGEST
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.backend, self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_with_its_backend() {
        let name = ServerName::new("api_pool", "backend-api-1:8080.x").unwrap();
        assert_eq!(name.to_string(), "api_pool/backend-api-1:8080.x");
    }

    #[test]
    fn what_would_mean_something_else_in_a_command_is_refused() {
        for part in
            ["", "a b", "a;show info", "a/b", "a\\", "a\n", "a\t", "\u{7f}", "ä", "<<", "@1", "#0", &"x".repeat(256)]
        {
            assert_eq!(ServerName::new(part, "a"), None, "{part:?}");
            assert_eq!(ServerName::new("a", part), None, "{part:?}");
        }
    }
}
