//! `veza-api`: a small service that behaves like a real one, to be put into an image and loaded while it is swapped.
//!
//! ```text
//! main ─▶ config ─▶ listener ─▶ http::connection ─▶ routes ─▶ http::response
//!  signals  the       accepts,    keep-alive and       what     or websocket
//!           environment  bounded    HTTP/1 framing       is there
//! ```
//!
//! A thread a connection and no framework: it must be static, small, and run under the strictest unit that the layouts
//! render, where raising a limit or reading `/proc/sys` is refused. It knows nothing of vezaimg.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a service speaks to the journal through its stderr")]

mod config;
mod failure;
mod host;
mod http;
mod listener;
mod log;
mod routes;
mod service;
mod signals;
mod usage;
mod websocket;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::{Config, OnStop};
use failure::Failure;
use listener::Listener;
use log::{Event, Log};
use service::Service;
use signals::{Signals, Wake};

/// How long a graceful stop waits for what is in flight.
const GRACE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match usage::answer(&arguments) {
        Ok(Some(text)) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) => serve(),
        Err(failure) => Err(failure),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        failure.code()
    })
}

/// Serves until a signal or the appointed crash.
fn serve() -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let config = Config::from_environment(|name| env::var_os(name))?;
    let (on_stop, crash_at) = (config.on_stop, config.crash_after.map(|after| started + after));
    let signals = Signals::catch()?;
    let log = Log::open(&config.log_dir)?;
    let service = Arc::new(Service::new(config, host::name(), log, started));
    let listener = Listener::start(&service)?;
    let address = listener.address();
    service.log.write(&Event::Start { address, host: &service.host, version: &service.version, pid: service.pid });
    eprintln!("veza-api {} listens on {address}", service.version);

    loop {
        match signals.wait(crash_at)? {
            Wake::Toggle => {
                let health = if service.toggle_health() { "healthy" } else { "unhealthy" };
                eprintln!("veza-api: SIGUSR1, {health} from now on");
            }
            Wake::Due => {
                eprintln!("veza-api: crashing as `VEZA_CRASH_AFTER` says");
                return Ok(ExitCode::from(101));
            }
            Wake::Stop(signal) => {
                let unfinished = match on_stop {
                    OnStop::Graceful => stop(&service, listener),
                    OnStop::AtOnce => service.connections.open(),
                };
                service.log.write(&Event::Stop { signal, unfinished, uptime_s: service.uptime_s() });
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// Refuses new connections, then waits for the open ones; returns how many were still open at the end.
fn stop(service: &Service, listener: Listener) -> usize {
    service.begin_stop();
    listener.close();
    service.connections.wait_until_none(GRACE)
}
