//! Whether the lock beside a layout is the layout's own.

use super::{Lock, checksum};
use crate::binary::Architecture;
use crate::layout::{DebianBase, LockFile};
use crate::{Error, Result};

impl Lock {
    /// The lock of a layout with this `[base]` and architecture; `command` is what makes it anew.
    ///
    /// # Errors
    /// There is none, it is unsound, or it was made from another `[base]` or for another architecture.
    pub fn of_layout(
        lock_file: &LockFile,
        base: &DebianBase,
        architecture: Architecture,
        command: &str,
    ) -> Result<Self> {
        let name = lock_file.name();
        let Some(text) = lock_file.read()? else {
            return Err(Error::invalid(format!("there is no `{name}`, which pins the packages of [base]"))
                .hint(format!("run `{command}` to make it, and keep it beside the layout in version control")));
        };
        let lock = Self::parse(text, command)?;
        if lock.base != checksum(base) {
            return Err(Error::invalid(format!("`{name}` was made from another [base] than the layout has now"))
                .hint(format!("run `{command}` to pin what [base] asks for")));
        }
        let architecture = architecture.debian();
        if lock.architecture != architecture {
            let message = format!("`{name}` is for `{}`, and the layout for `{architecture}`", lock.architecture);
            return Err(Error::invalid(message).hint(format!("run `{command}` to pin packages of that architecture")));
        }
        Ok(lock)
    }
}
