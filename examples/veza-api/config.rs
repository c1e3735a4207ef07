//! The configuration: environment variables and nothing else.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;

/// What SIGTERM and SIGINT do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// Finish what is in flight, then exit.
    Graceful,
    /// Exit, whatever is in flight.
    AtOnce,
}

/// The service's configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where to listen; port 0 takes a free one.
    pub(crate) address: SocketAddr,
    /// The directory of the log file.
    pub(crate) log_dir: PathBuf,
    /// What SIGTERM and SIGINT do.
    pub(crate) on_stop: OnStop,
    /// Whether health answers 200 at the start.
    pub(crate) healthy: bool,
    /// How long after the start to crash, if at all.
    pub(crate) crash_after: Option<Duration>,
    /// The version to report.
    pub(crate) version: String,
}

impl Config {
    /// The configuration that the environment gives. An empty variable counts as unset, as in env files that name
    /// every variable.
    ///
    /// # Errors
    /// Every variable with a bad value (exit code 2); else every required variable that is not set (exit code 1).
    pub(crate) fn from_environment(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let mut variables = Variables { get: &get, wrong: Vec::new() };

        let port = variables.read("PORT", "a port number from 0 to 65535", |text| text.parse().ok());
        let listen = variables.read("VEZA_LISTEN", "an IP address such as `0.0.0.0` or `[::]`", ip_address);
        let on_stop = variables.read("VEZA_ON_SIGTERM", "`graceful` or `at-once`", on_stop);
        let unhealthy = variables.read("VEZA_UNHEALTHY", "`0` or `1`", zero_or_one);
        let crash_after = variables.read("VEZA_CRASH_AFTER", "a whole number of seconds", |text| text.parse().ok());
        let version = variables.read("VEZA_VERSION", "printable and at most 128 bytes", version);
        let required = variables.read("VEZA_REQUIRE_ENV", "names of variables separated by commas", names);
        if !variables.wrong.is_empty() {
            let hint = "`veza-api --help` lists the variables and their defaults";
            return Err(Failure::all_invalid(variables.wrong).hint(hint));
        }

        let mut missing = required.unwrap_or_default();
        missing.retain(|name| get(name).is_none());
        if !missing.is_empty() {
            let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(Failure::failed(format!("the environment lacks {names}"))
                .hint("`VEZA_REQUIRE_ENV` asks for it: set it in the unit's EnvironmentFile="));
        }

        Ok(Self {
            address: SocketAddr::new(listen.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port.unwrap_or(8080)),
            log_dir: get("VEZA_LOG_DIR").map_or_else(|| PathBuf::from("/var/log/veza"), PathBuf::from),
            on_stop: on_stop.unwrap_or(OnStop::Graceful),
            healthy: !unhealthy.unwrap_or(false),
            crash_after: crash_after.map(|seconds: u32| Duration::from_secs(seconds.into())),
            version: version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        })
    }
}

/// The environment being read, and what is wrong with it so far.
struct Variables<'a> {
    get: &'a dyn Fn(&str) -> Option<OsString>,
    wrong: Vec<String>,
}

impl Variables<'_> {
    /// The variable's value, if it is set and `parse` takes it; what `parse` refuses is noted.
    fn read<T>(&mut self, name: &str, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = (self.get)(name)?;
        let parsed = value.to_str().and_then(parse);
        if parsed.is_none() {
            let shown = value.to_string_lossy();
            self.wrong.push(format!("`{name}` is `{}`, expected {expected}", shown.escape_debug()));
        }
        parsed
    }
}

/// An address, an IPv6 one with or without brackets.
fn ip_address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn on_stop(text: &str) -> Option<OnStop> {
    match text {
        "graceful" => Some(OnStop::Graceful),
        "at-once" => Some(OnStop::AtOnce),
        _ => None,
    }
}

fn zero_or_one(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn version(text: &str) -> Option<String> {
    (text.len() <= 128 && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// Names as POSIX allows them for a shell's variables.
fn names(text: &str) -> Option<Vec<String>> {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    text.split(',').map(str::trim).map(|name| is_name(name).then(|| name.to_owned())).collect()
}
