//! A lock as text.

use std::fmt;

use super::{FORMAT, Lock, Suite};
use crate::debian::Package;

/// The file, to the byte: the same lock is the same text.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, architecture, epoch, suites, packages } = self;
        writeln!(
            f,
            "# The Debian packages underneath the layout's image. Written by `vezaimg lock`; not to be edited."
        )?;
        writeln!(f, "version = {FORMAT}")?;
        writeln!(f, "base = \"{base}\"")?;
        writeln!(f, "architecture = \"{architecture}\"")?;
        writeln!(f, "epoch = {} # {epoch}", epoch.seconds())?;
        for Suite { name, date } in suites {
            writeln!(f, "\n[[suite]]\nname = \"{name}\"\ndate = \"{date}\"")?;
        }
        for Package { name, version, architecture, suite, file, size, sha256 } in packages {
            writeln!(f, "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"")?;
            writeln!(f, "architecture = \"{architecture}\"\nsuite = \"{suite}\"\nfile = \"{file}\"")?;
            writeln!(f, "size = {size}\nsha256 = \"{sha256}\"")?;
        }
        Ok(())
    }
}
