//! Paths that two packages have, with nothing that says whose is to stand.

use crate::error::Error;
use crate::rootfs::TargetPath;

/// How many are told.
const MOST_TOLD: usize = 20;

/// The conflicts found so far.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    told: Vec<String>,
    count: usize,
}

impl Conflicts {
    /// Adds a path that is in both packages.
    pub(super) fn add(&mut self, path: &TargetPath, first: &str, second: &str) {
        self.count += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(format!("`{path}` is in `{first}` and in `{second}`"));
        }
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.count > 0
    }

    /// The error, if there are any; messages call the packages' lock `name`.
    pub(super) fn into_error(self, name: &str) -> Option<Error> {
        let more = self.count.checked_sub(self.told.len()).filter(|more| *more > 0);
        let paths = if self.count == 1 { "a path".to_owned() } else { format!("{} paths", self.count) };
        let error =
            Error::invalid(format!("packages of `{name}` share {paths}, and do not say that they replace each other"));
        let told = self.told.into_iter().chain(more.map(|more| format!("and {more} more")));
        let hint = "take one of them out of the layout's `packages`, or out of the image with `without`; `vezaimg lock` \
                    makes the lock again";
        (self.count > 0).then(|| told.fold(error, Error::cause).hint(hint))
    }
}
