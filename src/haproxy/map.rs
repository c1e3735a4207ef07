//! HAProxy's lists of patterns: maps, and those that only ACLs use.

/// A list of patterns, from `show map` and `show acl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Its number, which a reload may change.
    pub id: u64,
    /// The file that it was loaded from, or its name where newer versions have maps without one; none for an inline list.
    pub file: Option<String>,
    /// How many entries it holds; none before HAProxy 2.4, which does not say.
    pub entries: Option<u64>,
    /// Whether a map function uses it (`map_str(…)`).
    pub map: bool,
    /// Whether an ACL uses it (`-f FILE`, or inline patterns).
    pub acl: bool,
}
