//! What the file API does not tell of a container's kept files, as a container notes it in its own configuration.
//!
//! `user.vezaimg.unseen`: `{"links": {"/var/log/now": "app.log"}, "special": ["/var/log/socket"], "extended": {…}}`. The file
//! API makes the target of every link absolute. Of a named pipe it says that it is a file, and reading that holds incusd,
//! and any stop of the container, for ever.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::extended::{ByPath, Extended};
use super::note::{self, LARGEST};
use crate::Error;
use crate::incus::{Client, InstanceName};
use crate::rootfs::TargetPath;

const KEY: &str = "user.vezaimg.unseen";

/// Links, special files and attributes among the kept ones, by their absolute paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unseen {
    /// What relative links hold.
    #[serde(default)]
    pub(super) links: BTreeMap<String, String>,
    /// Sockets, named pipes and devices.
    #[serde(default)]
    pub(super) special: BTreeSet<String>,
    /// Special bits and extended attributes.
    #[serde(default)]
    pub(super) extended: ByPath,
}

impl Unseen {
    /// What is noted on a container; without a note, nothing.
    pub(super) fn of(client: &Client, name: &InstanceName) -> crate::Result<Self> {
        note::read(&super::volume::instance(client, name)?.config, KEY, name)
    }

    /// What is noted on a container.
    ///
    /// # Errors
    /// Refused: it is too much.
    pub(super) fn text(&self, name: &InstanceName) -> crate::Result<String> {
        note::text(self, |length| {
            Error::refused(format!(
                "the kept files of `{name}` have too many relative links, special files and extended attributes: their \
                 list has {length} bytes, and {LARGEST} are the most"
            ))
        })
    }

    /// Notes it on a container.
    pub(super) fn note(&self, client: &Client, name: &InstanceName) -> crate::Result<()> {
        let text = self.text(name)?;
        Ok(client.change_instance(name, &mut |settings| note::put(&mut settings.config, KEY, self, &text))?)
    }

    pub(super) fn is_special(&self, path: &TargetPath) -> bool {
        absolute(path).is_some_and(|path| self.special.contains(&path))
    }

    /// The attributes of the file or directory at a path, with the path as it is noted.
    pub(super) fn extended(&self, path: &TargetPath) -> Option<(&String, &Extended)> {
        self.extended.get_key_value(&absolute(path)?)
    }

    /// What a link holds of which the file API shows this.
    pub(super) fn target<'a>(&'a self, path: &TargetPath, shown: &'a [u8]) -> &'a [u8] {
        let noted = absolute(path).and_then(|path| self.links.get(&path)).map(String::as_bytes);
        // It may have changed since it was noted.
        noted.filter(|noted| is_shown_as(path, noted, shown)).unwrap_or(shown)
    }
}

fn absolute(path: &TargetPath) -> Option<String> {
    Some(format!("/{}", str::from_utf8(path.as_relative()).ok()?))
}

/// Whether the file API shows this of the link at `path` that holds `target`: itself when it is absolute, else what Go's
/// `filepath.Join` makes of it and the link's directory.
pub(super) fn is_shown_as(path: &TargetPath, target: &[u8], shown: &[u8]) -> bool {
    if target.first() == Some(&b'/') || target == shown {
        return target == shown;
    }
    let parent = path.parent().unwrap_or_else(TargetPath::root);
    let mut whole: Vec<&[u8]> = Vec::new();
    for part in parent.as_relative().split(|byte| *byte == b'/').chain(target.split(|byte| *byte == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => drop(whole.pop()),
            part => whole.push(part),
        }
    }
    shown.strip_prefix(b"/").is_some_and(|shown| shown == whole.join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_target_counts_as_long_as_it_is_what_is_shown() {
        let path = TargetPath::parse("/var/log/now").unwrap();
        let links = [("/var/log/now".to_owned(), "app.log".to_owned())].into();
        let unseen = Unseen { links, ..Unseen::default() };
        assert_eq!(unseen.target(&path, b"/var/log/app.log"), b"app.log");
        assert_eq!(unseen.target(&path, b"/var/log/other.log"), b"/var/log/other.log");
        assert_eq!(Unseen::default().target(&path, b"/var/log/app.log"), b"/var/log/app.log");
    }

    #[test]
    fn incus_shows_targets_as_go_joins_them() {
        let path = TargetPath::parse("/srv/k/link").unwrap();
        for (target, shown) in [
            ("env", "/srv/k/env"),
            ("../k/./env", "/srv/k/env"),
            ("../../../../x", "/x"),
            ("a//b/", "/srv/k/a/b"),
            ("..", "/srv"),
            ("../..", "/"),
            ("/a/../b", "/a/../b"),
        ] {
            assert!(is_shown_as(&path, target.as_bytes(), shown.as_bytes()), "{target}");
        }
        assert!(!is_shown_as(&path, b"env", b"/srv/env"));
        assert!(!is_shown_as(&path, b"/srv/k/./env", b"/srv/k/env"));
    }
}
