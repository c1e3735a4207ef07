//! What is built from.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::workspace::Workspace;

/// A base in one of the forms that a build reads.
pub(crate) struct Base {
    /// What people call the form.
    pub(crate) form: &'static str,
    pub(crate) path: PathBuf,
}

/// The base in several forms, and a small program to go with it.
pub(crate) struct Fixture {
    bases: Vec<Base>,
    size: u64,
    /// Holds the program; the layout is the one in vezaimg itself.
    pub(crate) workspace: Workspace,
    /// A directory on the disk, which `/tmp` need not be.
    pub(crate) scratch: TempDir,
}

impl Fixture {
    /// With this tar, or else with the one that `tests/support/base.sh` makes.
    pub(crate) fn new(base: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        let plain = match base {
            Some(path) => path.canonicalize().map_err(|error| format!("cannot read `{}`: {error}", path.display()))?,
            None => debian()?,
        };
        let scratch = TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR"))?;
        let mut bases = Vec::new();
        for (form, program, arguments) in [
            ("zstd tar", "zstd", &["-3", "-q", "-c", "-T0"][..]),
            ("gzip tar", "gzip", &["-6", "-c"][..]),
            ("xz tar", "xz", &["-2", "-c", "-T0"][..]),
        ] {
            let path = scratch.path().join(program);
            let mut compress = Command::new(program);
            compress.args(arguments).stdin(File::open(&plain)?).stdout(File::create(&path)?);
            let status = compress.status().map_err(|error| format!("cannot run `{program}`: {error}"))?;
            if !status.success() {
                return Err(format!("`{program}` failed").into());
            }
            bases.push(Base { form, path });
        }
        let size = fs::metadata(&plain)?.len();
        bases.insert(0, Base { form: "plain tar", path: plain });
        Ok(Self { bases, size, workspace: Workspace::new(), scratch })
    }

    /// The plain tar first, then the same compressed.
    pub(crate) fn bases(&self) -> &[Base] {
        &self.bases
    }

    /// The plain tar.
    pub(crate) fn tar(&self) -> &Path {
        &self.bases[0].path
    }

    /// Bytes of the plain tar.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

/// The Debian that the tests stand on.
fn debian() -> Result<PathBuf, Box<dyn Error>> {
    let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/base.sh"));
    let output = script.arg(env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("`tests/support/base.sh` made no base; name one with `--base`".into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim_end()))
}
