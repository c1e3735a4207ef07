//! The layouts that the binary carries.

use crate::diagnostic::Source;

/// A file of the repository's `layouts/`.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedFile {
    /// Its path below `layouts/`.
    pub name: &'static str,
    /// Its content.
    pub content: &'static str,
}

impl EmbeddedFile {
    pub(super) fn source(&self) -> Source {
        Source { name: format!("<embedded>/{}", self.name), text: self.content.to_owned() }
    }
}

/// The name of the layout that is built when none is named.
pub const DEFAULT: &str = "backend-api.toml";

/// All layouts of the repository, with what they refer to.
pub const EMBEDDED: &[EmbeddedFile] = &[
    EmbeddedFile { name: DEFAULT, content: include_str!("../../layouts/backend-api.toml") },
    EmbeddedFile { name: "backend-api.lock", content: include_str!("../../layouts/backend-api.lock") },
    EmbeddedFile { name: "stream-server.toml", content: include_str!("../../layouts/stream-server.toml") },
    EmbeddedFile { name: "stream-server.lock", content: include_str!("../../layouts/stream-server.lock") },
    EmbeddedFile { name: "haproxy.toml", content: include_str!("../../layouts/haproxy.toml") },
    EmbeddedFile { name: "haproxy.cfg", content: include_str!("../../layouts/haproxy.cfg") },
    EmbeddedFile { name: "haproxy.lock", content: include_str!("../../layouts/haproxy.lock") },
    EmbeddedFile { name: "service.toml", content: include_str!("../../layouts/service.toml") },
    EmbeddedFile { name: "appliance.toml", content: include_str!("../../layouts/appliance.toml") },
];
