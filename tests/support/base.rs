//! The Debian root file system that images of the tests stand on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::script;

/// The tar of a Debian with systemd, entries `./etc/…`, made by `base.sh` when it is not there yet.
pub(crate) fn base() -> &'static Path {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    BASE.get_or_init(|| {
        let output = Command::new(script("base.sh"))
            .arg(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .output()
            .expect("`base.sh` runs");
        assert!(output.status.success(), "`base.sh` failed:\n{}", String::from_utf8_lossy(&output.stderr));
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
    })
}
