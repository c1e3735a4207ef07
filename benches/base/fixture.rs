//! What is built from: the default layout with a lock as of now, the sample service, and stores in three states.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::peak::{self, Ran};

/// A directory with everything, on the disk, which `/tmp` need not be.
pub(crate) struct Fixture {
    scratch: TempDir,
    binary: PathBuf,
}

impl Fixture {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let scratch = TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR"))?;
        let binary = Path::new(env!("CARGO_BIN_EXE_vezaimg")).with_file_name("examples").join("veza-api");
        if !binary.exists() {
            return Err(format!("there is no `{}`: run `cargo build --release --examples`", binary.display()).into());
        }
        let fixture = Self { scratch, binary };
        checked(fixture.vezaimg("store").arg("init"))?;
        checked(fixture.vezaimg("store").arg("lock"))?;
        checked(&mut fixture.build("store", &fixture.binary))?;
        Ok(fixture)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.join("layouts/backend-api.lock")
    }

    /// Everything in the store but what earlier builds made of it.
    pub(crate) fn cold(&self) -> Result<Ran, Box<dyn Error>> {
        fs::remove_dir_all(self.join("store/records"))?;
        self.timed("store", &self.binary)
    }

    /// Another binary on the same base.
    pub(crate) fn warm(&self, number: usize) -> Result<Ran, Box<dyn Error>> {
        let other = self.join("veza-api");
        fs::copy(&self.binary, &other)?;
        // What follows a program's last section is nobody's, and changes its digest.
        writeln!(fs::OpenOptions::new().append(true).open(&other)?, "{number}")?;
        self.timed("store", &other)
    }

    /// Nothing in the store.
    pub(crate) fn empty(&self) -> Result<Ran, Box<dyn Error>> {
        let store = self.join("empty");
        if store.exists() {
            fs::remove_dir_all(store)?;
        }
        self.timed("empty", &self.binary)
    }

    /// The least that a warm build's work takes: the frames copied, the binary compressed, the image hashed.
    pub(crate) fn floor(&self) -> Result<Duration, Box<dyn Error>> {
        let image = self.join("image.tar.zst");
        let run = |command: &mut Command| -> Result<Duration, Box<dyn Error>> { Ok(checked(command)?.lasted) };
        let copy = run(Command::new("cp").arg("--reflink=never").arg(&image).arg(self.join("floor.copy")))?;
        let zstd = run(Command::new("zstd")
            .args(["-q", "-f", "-9", "-T0", "-o"])
            .arg(self.join("floor.zst"))
            .arg(&self.binary))?;
        let hash = run(Command::new("sha256sum").arg(&image))?;
        Ok(copy + zstd + hash)
    }

    pub(crate) fn image_size(&self) -> Result<u64, Box<dyn Error>> {
        Ok(fs::metadata(self.join("image.tar.zst"))?.len())
    }

    fn timed(&self, store: &str, binary: &Path) -> Result<Ran, Box<dyn Error>> {
        let ran = checked(&mut self.build(store, binary))?;
        let out = self.join("out");
        let image = fs::read_dir(&out)?.filter_map(|entry| Some(entry.ok()?.path()));
        let image = image.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "zst"));
        fs::rename(image.ok_or("no image")?, self.join("image.tar.zst"))?;
        fs::remove_dir_all(out)?;
        Ok(ran)
    }

    fn build(&self, store: &str, binary: &Path) -> Command {
        let mut command = self.vezaimg(store);
        command.args(["build", "--release", "bench", "--binary"]).arg(binary);
        command
    }

    fn vezaimg(&self, store: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vezaimg"));
        command.current_dir(self.scratch.path()).env("VEZAIMG_CACHE", self.join(store));
        command
    }
}

/// Runs a command that must work.
pub(crate) fn checked(command: &mut Command) -> Result<Ran, Box<dyn Error>> {
    let program = command.get_program().display().to_string();
    let ran = peak::run(command).map_err(|error| format!("cannot run `{program}`: {error}"))?;
    if !ran.output.status.success() {
        return Err(format!("`{program}` failed:\n{}", String::from_utf8_lossy(&ran.output.stderr)).into());
    }
    Ok(ran)
}
