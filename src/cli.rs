//! The command line: what clap parses, turned into requests once. No clap type leaves this module.

mod arguments;
mod requests;

use clap::{CommandFactory, Parser};

use self::arguments::{Cli, Command, RollbackArgs, RolloutArgs, StatusArgs};
use crate::commands::{build, cache, check, diff, drill, init, inspect, lock, prune, rollout, status, verify};

/// What was asked for.
#[derive(Debug)]
pub enum Request {
    /// `vezaimg build`.
    Build(build::Request),
    /// `vezaimg check`.
    Check(check::Request),
    /// `vezaimg lock`.
    Lock(lock::Request),
    /// `vezaimg init`.
    Init(init::Request),
    /// `vezaimg inspect`.
    Inspect(inspect::Request),
    /// `vezaimg diff`.
    Diff(diff::Request),
    /// `vezaimg verify`.
    Verify(verify::Request),
    /// `vezaimg rollout` and `vezaimg rollback`.
    Rollout(rollout::Request),
    /// `vezaimg status`.
    Status(status::Request),
    /// `vezaimg drill`.
    Drill(drill::Request),
    /// `vezaimg prune`.
    Prune(prune::Request),
    /// `vezaimg cache`.
    Cache(cache::Request),
    /// `vezaimg completions`: the script itself.
    Completions(String),
}

/// A command line that was understood.
#[derive(Debug)]
pub struct Invocation {
    /// Only warnings, errors and the result.
    pub quiet: bool,
    /// What was asked for.
    pub request: Request,
}

/// Why there is no request: help, a version, or a usage error, ready to print.
#[derive(Debug)]
pub struct Stop {
    /// What to print, with colours.
    pub text: String,
    /// Whether it goes to stderr, with exit code 2.
    pub is_error: bool,
}

/// Reads the process's arguments.
///
/// # Errors
/// Help or a version was asked for, or the arguments cannot be understood.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Invocation, Stop> {
    let stop = |error: clap::Error| Stop { text: error.render().ansi().to_string(), is_error: error.use_stderr() };
    let cli = Cli::try_parse_from(arguments).map_err(stop)?;
    let request = match cli.command {
        Command::Build(args) => Request::Build(args.into()),
        Command::Check(args) => {
            Request::Check(check::Request { layout: args.layout.into(), unit: args.unit, json: args.json })
        }
        Command::Lock(args) => Request::Lock(args.into()),
        Command::Init { directory } => Request::Init(init::Request { directory }),
        Command::Inspect(args) => Request::Inspect(args.into()),
        Command::Diff(args) => Request::Diff(args.into()),
        Command::Verify(args) => Request::Verify(args.into()),
        Command::Rollout(RolloutArgs { image, signers, course }) => {
            Request::Rollout(course.into_request(Some(image), signers))
        }
        Command::Rollback(RollbackArgs { course }) => Request::Rollout(course.into_request(None, None)),
        Command::Status(StatusArgs { scope, json }) => Request::Status(status::Request { scope: scope.into(), json }),
        Command::Drill(args) => Request::Drill(args.into()),
        Command::Prune(args) => Request::Prune(prune::Request {
            scope: args.scope.into(),
            keep: args.keep,
            dry_run: args.dry_run,
            json: args.json,
        }),
        Command::Cache(args) => Request::Cache(args.into()),
        Command::Completions { shell } => Request::Completions(completions(shell)),
    };
    Ok(Invocation { quiet: cli.quiet, request })
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vezaimg", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
