//! The public tools.

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use vezaimg::archive::Compression;

use crate::fixture::Fixture;
use crate::peak;

/// `zstd` at the same level and on as many threads, into a file.
pub(crate) fn zstd(fixture: &Fixture, compression: &Compression) -> Result<Duration, Box<dyn Error>> {
    let mut zstd = Command::new("zstd");
    zstd.args(["-q", "-f", "--ultra", &format!("-{}", compression.level()), &format!("-T{}", compression.jobs())]);
    timed(zstd.arg("-o").arg(fixture.scratch.path().join("floor.zst")).arg(fixture.tar()))
}

/// `sha256sum` of the tar.
pub(crate) fn sha256sum(fixture: &Fixture) -> Result<Duration, Box<dyn Error>> {
    timed(Command::new("sha256sum").arg(fixture.tar()))
}

fn timed(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    let program = command.get_program().display().to_string();
    let ran = peak::run(command).map_err(|error| format!("cannot run `{program}`: {error}"))?;
    if !ran.output.status.success() {
        return Err(format!("`{program}` failed: {}", String::from_utf8_lossy(&ran.output.stderr)).into());
    }
    Ok(ran.lasted)
}
