//! The command line: there is none but `--help` and `--version`.

use std::ffi::OsString;

use crate::failure::Failure;

const HELP: &str = "\
A small HTTP service that stands for a real one.

Usage: veza-api [--help | --version]

Routes:
  GET  /api/v1/health        200, or 503 while unhealthy
  POST /api/v1/slow?ms=300   reads the body, waits, answers (at most 60000 ms, 16 MiB)
  GET  /ws                   WebSocket that echoes text and binary messages;
                             its handshake says Veza-Host and Veza-Version
  GET  /hls/TRACK/PART       who answers, in the place of a streamer's part of a track

Environment (an empty variable counts as unset):
  PORT               port to listen on; 0 takes a free one [default: 8080]
  VEZA_LISTEN        address to listen on, such as 127.0.0.1 or [::] [default: 0.0.0.0]
  VEZA_LOG_DIR       directory of veza-api.log, JSON lines [default: /var/log/veza]
  VEZA_ON_SIGTERM    graceful: finish what is in flight, 10 s at most; at-once [default: graceful]
  VEZA_UNHEALTHY     1: start unhealthy [default: 0]
  VEZA_CRASH_AFTER   seconds from the start to an exit with code 101
  VEZA_VERSION       version to report [default: that of the package]
  VEZA_REQUIRE_ENV   names of variables, separated by commas, without which it does not start

Signals: SIGTERM and SIGINT stop; SIGUSR1 turns healthy into unhealthy and back.
Exit codes: 0 stopped; 1 failed; 2 invalid argument or variable; 101 crashed as told.
";

/// The text that the arguments ask for; none when they ask for the service itself.
///
/// # Errors
/// Any argument but a single `--help` or `--version`.
pub(crate) fn answer(arguments: &[OsString]) -> Result<Option<String>, Failure> {
    let Some(first) = arguments.first() else { return Ok(None) };
    match (first.to_str(), arguments.get(1)) {
        (Some("--help" | "-h"), None) => Ok(Some(HELP.to_owned())),
        (Some("--version" | "-V"), None) => Ok(Some(format!("veza-api {}\n", env!("CARGO_PKG_VERSION")))),
        (Some("--help" | "-h" | "--version" | "-V"), Some(second)) => Err(unexpected(second)),
        _ => Err(unexpected(first)),
    }
}

fn unexpected(argument: &OsString) -> Failure {
    Failure::invalid(format!("unexpected argument `{}`", argument.to_string_lossy().escape_debug()))
        .hint("it is configured by environment variables, which `veza-api --help` lists")
}
