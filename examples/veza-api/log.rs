//! The log: a file of JSON lines in the log directory.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Once;

use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;

/// What is logged; the `event` key tells which.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event<'a> {
    /// The service listens.
    Start {
        /// Where: with `PORT=0`, the only place that tells the port.
        address: SocketAddr,
        host: &'a str,
        version: &'a str,
        pid: u32,
    },
    /// A request was answered.
    Request {
        peer: SocketAddr,
        /// None when the request could not be read so far; the same holds for `path`.
        #[serde(skip_serializing_if = "Option::is_none")]
        method: Option<&'a str>,
        /// Without the query, which may hold what does not belong into a log.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<&'a str>,
        status: u16,
        /// Bytes of the request's body, chunk framing left out.
        bytes_in: u64,
        /// Milliseconds from the end of the request's head to the end of the answer.
        ms: u128,
    },
    /// The service ends because of a signal.
    Stop {
        signal: &'static str,
        /// Connections that were still open.
        unfinished: usize,
        uptime_s: u64,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339, UTC, milliseconds.
    time: String,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

/// The open log file.
pub(crate) struct Log {
    file: File,
    complaint: Once,
}

impl Log {
    /// Opens `veza-api.log` in `directory` for appending, creating it with mode 0640.
    ///
    /// # Errors
    /// The directory is missing or not writable.
    pub(crate) fn open(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join("veza-api.log");
        let opened = OpenOptions::new().append(true).create(true).mode(0o640).open(&path);
        let file = opened.map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => "create the directory, or name another in `VEZA_LOG_DIR`",
                _ => "make the directory writable for the service's user, or name another in `VEZA_LOG_DIR`",
            };
            Failure::failed(format!("cannot open the log `{}`", path.display())).cause(error).hint(hint)
        })?;
        Ok(Self { file, complaint: Once::new() })
    }

    /// Appends one line by one write, so that threads never mix theirs.
    ///
    /// A log that cannot be written, on a full disk say, stops nothing: the first failure is told on stderr.
    pub(crate) fn write(&self, event: &Event<'_>) {
        let line = Line { time: format!("{:.3}", Timestamp::now()), event };
        let written = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            (&self.file).write_all(&bytes)
        });
        if let Err(error) = written {
            self.complaint.call_once(|| eprintln!("veza-api: cannot write the log\ncause: {error}"));
        }
    }
}
