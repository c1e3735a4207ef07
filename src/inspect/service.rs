//! The unit that an image names as its own, as systemd.unit(5) puts it together: the first file of its name, and every
//! drop-in, by file name over all directories.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Contents;
use crate::rootfs::TargetPath;
use crate::unit::{UnitFile, exec_program, exposure};

/// Where units are, the first directory of a file name counting; systemd.unit(5).
pub(super) const DIRECTORIES: [&str; 4] =
    ["etc/systemd/system/", "usr/local/lib/systemd/system/", "usr/lib/systemd/system/", "lib/systemd/system/"];

/// What the names of unit files end with, systemd.unit(5).
const SUFFIXES: [&str; 10] =
    [".service", ".socket", ".timer", ".target", ".mount", ".automount", ".path", ".slice", ".swap", ".scope"];

/// Whether a file is a unit, or a drop-in of one, by its path.
pub(crate) fn is_unit_file(path: &TargetPath) -> bool {
    let path = path.as_relative();
    DIRECTORIES.iter().filter_map(|directory| path.strip_prefix(directory.as_bytes())).any(|name| {
        match name.iter().position(|byte| *byte == b'/') {
            None => SUFFIXES.iter().any(|suffix| name.ends_with(suffix.as_bytes())),
            Some(slash) => name.get(..slash).is_some_and(|above| above.ends_with(b".d")) && name.ends_with(b".conf"),
        }
    })
}

/// No unit has more drop-ins than these; an image that has takes no more memory for it.
const MOST_DROP_INS: usize = 100;

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// What is read after it, in order.
    pub drop_ins: Vec<String>,
    /// Whom it runs as; root where it says nothing.
    pub user: Option<String>,
    /// The program that it starts.
    pub exec: Option<String>,
    /// How exposed it is, 0.0 to 10.0, as `systemd-analyze security` counts it.
    pub exposure: String,
    /// The word for it, such as `OK`.
    pub rating: &'static str,
}

impl Service {
    /// The unit of a name, if it is there and systemd could read it.
    pub(super) fn find(name: &str, contents: &Contents) -> Option<Self> {
        let (path, mut unit) =
            DIRECTORIES.iter().find_map(|directory| parsed(&format!("/{directory}{name}"), contents))?;
        let mut read = Vec::new();
        for path in drop_ins(name, contents).into_iter().take(MOST_DROP_INS) {
            if let Some((path, drop_in)) = parsed(&path, contents) {
                unit.apply(&drop_in);
                read.push(path);
            }
        }
        let exec = unit.list("Service", "ExecStart").last().and_then(|line| exec_program(line)).map(str::to_owned);
        let exposed = exposure(&unit);
        Some(Self {
            name: name.to_owned(),
            path,
            drop_ins: read,
            user: unit.last("Service", "User").filter(|user| !user.is_empty()).map(str::to_owned),
            exec,
            exposure: exposed.level.to_string(),
            rating: exposed.level.rating(),
        })
    }
}

fn parsed(path: &str, contents: &Contents) -> Option<(String, UnitFile)> {
    let text = contents.text(&TargetPath::parse(path).ok()?)?;
    Some((path.to_owned(), UnitFile::parse(text).ok()?))
}

/// Sorted by file name; of one name the unit's own comes before that of all services, and the first directory's counts.
fn drop_ins(name: &str, contents: &Contents) -> Vec<String> {
    let mut found = BTreeMap::new();
    for kind in [name, "service"] {
        for directory in DIRECTORIES {
            let Ok(directory) = TargetPath::parse(&format!("/{directory}{kind}.d")) else { continue };
            let files = contents.kept_within(&directory).filter(|path| path.parent().as_ref() == Some(&directory));
            for path in files.filter(|path| path.name().ends_with(b".conf")) {
                found.entry(path.name().to_vec()).or_insert_with(|| path.to_string());
            }
        }
    }
    found.into_values().collect()
}
