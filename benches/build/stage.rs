//! The build, and each part of its work alone.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use vezaimg::archive::{Compression, Hashed, Segment};
use vezaimg::base;
use vezaimg::rootfs::{Body, Entry, Kind, Metadata, Mode, PathError, TargetPath, Xattrs};
use vezaimg::ui::Silent;

use crate::fixture::Fixture;
use crate::peak::{self, Ran};

/// As a build reads: see `archive::Segment`.
const CHUNK: usize = 256 << 10;

/// `vezaimg build` as a process of its own, into an empty directory.
pub(crate) fn build(fixture: &Fixture, compression: &Compression) -> Result<Ran, Box<dyn Error>> {
    let out = fixture.scratch.path().join("out");
    let mut vezaimg = fixture.workspace.command();
    vezaimg.args(["build", "--binary", "app", "--base"]).arg(fixture.tar()).arg("--out").arg(&out);
    vezaimg.args(["--level", &compression.level().to_string(), "--jobs", &compression.jobs().to_string()]);
    let ran = peak::run(&mut vezaimg)?;
    if !ran.output.status.success() {
        return Err(format!("the build failed:\n{}", String::from_utf8_lossy(&ran.output.stderr)).into());
    }
    fs::remove_dir_all(out)?;
    Ok(ran)
}

/// Every entry of a base and all of its content, put to no use.
pub(crate) fn read(base: &Path) -> Result<Duration, Box<dyn Error>> {
    let mut buffer = vec![0; CHUNK];
    let started = Instant::now();
    base::open(&[base.to_owned()])?.read(&Silent, &mut |path, entry| {
        let Kind::File(body) = entry.kind else { return Ok(()) };
        while body.reader.read(&mut buffer).map_err(|error| unread(&path, error))? > 0 {}
        Ok(())
    })?;
    Ok(started.elapsed())
}

fn unread(path: &TargetPath, error: io::Error) -> vezaimg::Error {
    vezaimg::Error::failed(format!("cannot read `{path}`")).cause(error)
}

/// The sha256 of the tar, from memory.
pub(crate) fn hash(fixture: &Fixture) -> Result<Duration, Box<dyn Error>> {
    let tar = fs::read(fixture.tar())?;
    let started = Instant::now();
    let mut hashed = Hashed::new(io::sink());
    tar.chunks(CHUNK).try_for_each(|chunk| hashed.write_all(chunk))?;
    hashed.finish();
    Ok(started.elapsed())
}

/// The tar as the one file of a segment, from memory to nowhere; its digest is taken meanwhile.
pub(crate) fn compress(fixture: &Fixture, compression: &Compression) -> Result<Duration, Box<dyn Error>> {
    let tar = fs::read(fixture.tar())?;
    let metadata = Metadata { mode: Mode::from_bits(0o644), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
    let kind = Kind::File(Body { size: tar.len() as u64, reader: &mut tar.as_slice() });
    let started = Instant::now();
    let mut segment = Segment::new(io::sink(), compression, "");
    segment.append(&TargetPath::parse("/base.tar").map_err(PathError::reason)?, Entry { metadata, kind })?;
    segment.finish()?;
    Ok(started.elapsed())
}
