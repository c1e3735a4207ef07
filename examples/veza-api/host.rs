//! The name of the host that answers.

use std::fs;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The node name of uname(2), which is the container's.
///
/// `uname -n` is asked because std has no uname; a root file system without coreutils has at least `/etc/hostname`.
/// `/proc/sys/kernel/hostname` is out of reach under `ProcSubset=pid`.
///
/// # Errors
/// Neither gives a name.
pub(crate) fn name() -> Result<String, Failure> {
    let uname = || {
        let output = Command::new("uname").arg("-n").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        one_line(&String::from_utf8(output.stdout).ok()?)
    };
    let file = || one_line(&fs::read_to_string("/etc/hostname").ok()?);
    uname().or_else(file).ok_or_else(|| {
        Failure::failed("the host has no name").hint("install `uname`, or write the name into `/etc/hostname`")
    })
}

fn one_line(text: &str) -> Option<String> {
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
