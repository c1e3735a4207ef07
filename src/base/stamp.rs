//! Whether a file is still what it was.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files as the kernel sees them: any write moves a file's ctime, which nobody can set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<[i64; 6]>)>);

impl Stamp {
    /// Of these files, now.
    pub fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Self {
        Self(paths.map(|path| (path.to_owned(), look(path))).collect())
    }

    /// Whether all of them are still the same, and as they were.
    pub fn still_holds(&self) -> bool {
        self.0.iter().all(|(path, stamp)| stamp.is_some() && look(path) == *stamp)
    }
}

fn look(path: &Path) -> Option<[i64; 6]> {
    let file = fs::metadata(path).ok()?;
    let number = |number: u64| number.cast_signed();
    Some([number(file.dev()), number(file.ino()), number(file.len()), file.mtime(), file.ctime(), file.ctime_nsec()])
}
