//! The layouts that the binary carries.

/// A file of the repository's `layouts/`.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedFile {
    /// Its path below `layouts/`.
    pub name: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// The name of the layout that is built when none is named.
pub const DEFAULT: &str = "backend-api.toml";

/// All layouts of the repository, with what they refer to.
pub const EMBEDDED: &[EmbeddedFile] = &[
    EmbeddedFile { name: DEFAULT, content: include_str!("../../layouts/backend-api.toml") },
    EmbeddedFile { name: "backend-api.lock", content: include_str!("../../layouts/backend-api.lock") },
];
