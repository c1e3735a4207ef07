//! What a package says of itself: the `control.tar` of its `.deb`.

use std::collections::{BTreeMap, BTreeSet};

use super::paragraph::Paragraph;
use super::replaces::Replaced;
use crate::rootfs::TargetPath;

/// The control data that a shell runs.
pub(super) const SCRIPTS: [&str; 5] = ["config", "postinst", "postrm", "preinst", "prerm"];

/// A file of `control.tar`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ControlFile {
    pub(super) content: Vec<u8>,
    /// Seconds since 1970.
    pub(super) mtime: u64,
}

/// A package's control data.
#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    /// The fields of `control`.
    pub(super) fields: Paragraph,
    /// The other files by name: scripts, `md5sums`, `triggers` and so on.
    pub(super) files: BTreeMap<String, ControlFile>,
    /// The `Replaces` field.
    pub(super) replaces: Vec<Replaced>,
    /// The configuration files that the package ships, in its own order.
    pub(super) conffiles: Vec<TargetPath>,
}

impl Control {
    /// Makes sense of the files of a `control.tar`.
    ///
    /// # Errors
    /// The end of a sentence that begins with the package.
    pub(super) fn new(mut files: BTreeMap<String, ControlFile>) -> Result<Self, String> {
        let control = files.remove("control").ok_or("has no `control` in its `control.tar`")?;
        let text = String::from_utf8(control.content).map_err(|_| "has a `control` that is not UTF-8")?;
        let fields = Paragraph::parse(&text).map_err(|what| format!("has a `control` that {what}"))?;
        let replaces = fields.get("Replaces").map_or(Ok(Vec::new()), Replaced::parse_all)?;
        let conffiles = files.get("conffiles").map_or(Ok(Vec::new()), |file| conffiles(&file.content))?;
        Ok(Self { fields, files, replaces, conffiles })
    }

    /// A file of `control.tar` as text; empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.files.get(name).map_or_else(String::new, |file| String::from_utf8_lossy(&file.content).into_owned())
    }

    /// Whether the package may be installed for several architectures at once, so that dpkg files it under both names.
    pub(super) fn is_multi_arch_same(&self) -> bool {
        self.fields.get("Multi-Arch") == Some("same")
    }
}

/// Reads the list of configuration files, deb-conffiles(5). Those with a flag are to be removed, and not shipped.
fn conffiles(text: &[u8]) -> Result<Vec<TargetPath>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "has a `conffiles` that is not UTF-8")?;
    let mut seen = BTreeSet::new();
    let mut paths = Vec::new();
    for line in text.lines().map(str::trim_end).filter(|line| line.starts_with('/')) {
        let unsound = |what| format!("lists the conffile `{}`, which {what}", line.escape_debug());
        let path = TargetPath::parse(line).map_err(|error| unsound(error.reason()))?;
        if line.contains(char::is_control) {
            return Err(unsound("has a control character"));
        }
        if seen.insert(path.clone()) {
            paths.push(path);
        }
    }
    Ok(paths)
}
