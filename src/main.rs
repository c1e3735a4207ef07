//! The `vezaimg` command.

use std::process::ExitCode;

use vezaimg::Result;
use vezaimg::cli::{self, Invocation, Request};
use vezaimg::commands::{build, cache, check, diff, drill, init, inspect, lock, prune, rollout, status, verify};
use vezaimg::ui::Console;

fn main() -> ExitCode {
    let Invocation { quiet, request } = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(stop) => return Console::stop(&stop.text, stop.is_error),
    };
    let console = Console::new(quiet);
    match run(request, &console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&error);
            ExitCode::from(error.class() as u8)
        }
    }
}

fn run(request: Request, console: &Console) -> Result<()> {
    match request {
        Request::Build(request) => build::run(&request, console),
        Request::Check(request) => check::run(&request, console),
        Request::Lock(request) => lock::run(&request, console),
        Request::Init(request) => init::run(&request, console),
        Request::Inspect(request) => inspect::run(&request, console),
        Request::Diff(request) => diff::run(&request, console),
        Request::Verify(request) => verify::run(&request, console),
        Request::Rollout(request) => rollout::run(&request, console),
        Request::Status(request) => status::run(&request, console),
        Request::Drill(request) => drill::run(&request, console),
        Request::Prune(request) => prune::run(&request, console),
        Request::Cache(request) => cache::run(&request, console),
        Request::Completions(script) => console.result(script.trim_end()),
    }
}
