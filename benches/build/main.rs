//! How long a build takes beside the least that its work takes on the same machine.
//!
//! `cargo bench --bench build -- [--runs N] [--level N] [--jobs N] [--base FILE]`
//!
//! A build has to compress its base and to hash it. The floor is the time of the public tools that do just that, one
//! after the other: `zstd` at the same level with as many threads, and `sha256sum`. A build also reads the tar, checks
//! every entry, writes an image and its manifest, and waits for the disk. All runs alternate, so that a busy machine is
//! busy for all of them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

mod fixture;
mod floor;
mod stage;
mod table;

#[path = "../../tests/memory/peak.rs"]
mod peak;
#[path = "../../tests/support/workspace.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests' own, of which little is needed")]
mod workspace;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vezaimg::archive::{Codec, Compression};

use self::fixture::Fixture;
use self::table::{Round, Table};

/// Compares vezaimg's build with zstd and sha256sum on the same tar.
#[derive(Parser)]
struct Options {
    /// How often everything is run
    #[arg(long, default_value = "5")]
    runs: NonZeroUsize,
    /// The level of zstd
    #[arg(long, default_value_t = Codec::Zstd.default_level())]
    level: i32,
    /// Threads that compress [default: one a processor]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// A root file system in a plain tar [default: the Debian of the tests, made when it is not there]
    #[arg(long)]
    base: Option<PathBuf>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let jobs = match options.jobs {
        Some(jobs) => jobs,
        None => std::thread::available_parallelism()?,
    };
    let compression = Compression::new(Codec::Zstd, Some(options.level), jobs)?;
    eprintln!("preparing: the base, and the same base compressed in three ways");
    let fixture = Fixture::new(options.base.as_deref())?;
    let mut rounds = Vec::new();
    for number in 1..=options.runs.get() {
        eprintln!("run {number} of {}", options.runs);
        rounds.push(Round {
            build: stage::build(&fixture, &compression)?,
            zstd: floor::zstd(&fixture, &compression)?,
            sha256sum: floor::sha256sum(&fixture)?,
            reads: fixture.bases().iter().map(|base| stage::read(&base.path)).collect::<Result<_, _>>()?,
            hash: stage::hash(&fixture)?,
            compress: stage::compress(&fixture, &compression)?,
        });
    }
    print!("{}", Table { fixture: &fixture, compression: &compression, rounds: &rounds });
    Ok(())
}
