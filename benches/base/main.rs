//! How long a build from a lock takes, beside the public tools that do the same or no more than its work needs.
//!
//! `cargo bench --bench base -- [--runs N] [--skip-mirror]`
//!
//! - **warm**: only the binary changed. The floor is a copy of the base's frames, `zstd` of the binary and `sha256sum`.
//! - **cold**: the .debs are in the store, nothing is compressed yet. Beside it `mmdebstrap` with the same packages and
//!   those that they need to be installed, from a `copy:` repository on the same disk.
//! - **empty**: nothing is in the store. Beside it `mmdebstrap` from the same mirrors.
//!
//! All runs alternate, so that a busy machine is busy for all of them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

mod fixture;
mod mmdebstrap;
mod table;

#[path = "../../tests/memory/peak.rs"]
mod peak;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Parser;

use self::fixture::Fixture;
use self::mmdebstrap::Mmdebstrap;
use self::table::{Case, Table};

/// Compares builds from a lock with mmdebstrap, zstd and sha256sum.
#[derive(Parser)]
struct Options {
    /// How often everything is run
    #[arg(long, default_value = "3")]
    runs: NonZeroUsize,
    /// Leave out what needs the network
    #[arg(long)]
    skip_mirror: bool,
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
    eprintln!("preparing: a lock as of now, its packages, and a repository of them for mmdebstrap");
    let fixture = Fixture::new()?;
    let peer = Mmdebstrap::new(&fixture)?;
    let mut warm = Case::new("warm, only the binary changed", "cp, zstd -9 and sha256sum");
    let mut cold = Case::new("cold, .debs in the store", "mmdebstrap, copy:");
    let mut empty = Case::new("empty store, from the mirror", "mmdebstrap, mirror");
    for number in 1..=options.runs.get() {
        eprintln!("run {number} of {}", options.runs);
        cold.push(fixture.cold()?, peer.copied()?);
        warm.push(fixture.warm(number)?, fixture.floor()?);
        if !options.skip_mirror {
            empty.push(fixture.empty()?, peer.fetched()?);
        }
    }
    let cases = [(warm, "at most 2"), (cold, "at most 0.1"), (empty, "at most 0.125")];
    print!("{}", Table { cases: &cases, image: fixture.image_size()?, packages: peer.packages() });
    Ok(())
}
