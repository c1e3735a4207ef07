//! One request to one mirror.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::address::Address;
use super::failure::Failure;
use super::proxy::{Proxies, ThroughProxy};
use super::resolver::Remembering;
use crate::rootfs::escaped;

/// The slowest that a mirror may be, in bytes a second: an index of 9 MB would take half an hour.
const SLOWEST: f64 = 5_000.0;

/// How long a mirror is waited for, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For a name to be resolved, and for a connection.
    pub(super) connect: Duration,
    /// For the next byte.
    pub(super) stall: Duration,
    /// For a file to come at a rate that gets somewhere: from then on, at least [`SLOWEST`] on average.
    pub(super) crawl: Duration,
    /// Between two attempts.
    pub(super) pause: Duration,
    /// Attempts at what broke off.
    pub(super) attempts: u32,
    /// Redirects that are followed.
    pub(super) redirects: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(20),
            crawl: Duration::from_secs(30),
            pause: Duration::from_millis(500),
            attempts: 3,
            redirects: 5,
        }
    }
}

/// Connections to mirrors, through the proxies that the environment names.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: Agent,
    https: Agent,
    limits: Limits,
}

/// What a mirror began to send.
pub(super) struct Answer {
    /// The first byte of the file that comes: what was asked for, or 0.
    pub(super) offset: u64,
    /// How many bytes come, if it says so.
    pub(super) length: Option<u64>,
    /// What it calls the content.
    pub(super) content_type: String,
    body: Box<dyn Read>,
    limits: Limits,
    asked: Instant,
    read: u64,
}

impl Client {
    pub(super) fn new(limits: Limits, proxies: &Proxies) -> Self {
        // Named, not left to a default of the process, which nobody may have installed.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = |proxy: Option<&Proxy>| {
            Agent::config_builder()
                .tls_config(tls.clone())
                .proxy(proxy.cloned())
                .user_agent(concat!("vezaimg/", env!("CARGO_PKG_VERSION")))
                .http_status_as_error(false)
                .max_redirects(limits.redirects)
                .timeout_resolve(Some(limits.connect))
                .timeout_connect(Some(limits.connect))
                .timeout_per_read(Some(limits.stall))
                .timeout_per_write(Some(limits.stall))
                .build()
        };
        let agent = |proxy: &Option<Proxy>| {
            let connector = ThroughProxy::new(config(None));
            Agent::with_parts(config(proxy.as_ref()), connector, Remembering::default())
        };
        Self { http: agent(&proxies.http), https: agent(&proxies.https), limits }
    }

    /// Breaks off whatever is under way.
    pub(super) fn stop(&self) {
        self.http.clone().shutdown();
        self.https.clone().shutdown();
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Asks for a file from this byte on; a mirror that cannot begin there begins at 0.
    pub(super) fn get(&self, mirror: &Address, path: &str, offset: u64) -> Result<Answer, Failure> {
        if let Some(path) = mirror.local(path) {
            return self.open(&path, offset);
        }
        let asked = Instant::now();
        let mut response = self.request(mirror, path, offset)?;
        let mut begins = 0;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if offset > 0 && range_start(response.headers()) == Some(offset) => {
                begins = offset;
            }
            // It has no such range, or sends another one.
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT if offset > 0 => {
                response = self.request(mirror, path, 0)?;
            }
            _ => {}
        }
        let status = response.status();
        match status {
            StatusCode::OK => {}
            StatusCode::PARTIAL_CONTENT if begins > 0 => {}
            _ if status.is_server_error() => return Err(Failure::broken(status.to_string())),
            _ => return Err(Failure::refused(status.to_string())),
        }
        let content_type = response.headers().get(header::CONTENT_TYPE).map(|value| escaped(value.as_bytes()));
        let length = response.body().content_length();
        Ok(Answer {
            offset: begins,
            length,
            content_type: content_type.unwrap_or_else(|| "no content type".to_owned()),
            body: Box::new(response.into_body().into_reader()),
            limits: self.limits,
            asked,
            read: 0,
        })
    }

    fn request(&self, mirror: &Address, path: &str, offset: u64) -> Result<Response<Body>, Failure> {
        let agent = if mirror.is_https() { &self.https } else { &self.http };
        let mut request = agent.get(mirror.join(path));
        if offset > 0 {
            request = request.header(header::RANGE, format!("bytes={offset}-"));
        }
        request.call().map_err(|error| Failure::of_http(error, &self.limits))
    }

    /// A file of this machine, as an answer.
    fn open(&self, path: &Path, offset: u64) -> Result<Answer, Failure> {
        let open = || {
            let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
            let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Err(io::Error::other("not a regular file"));
            }
            let offset = offset.min(metadata.len());
            file.seek(SeekFrom::Start(offset))?;
            Ok((file, offset, metadata.len() - offset))
        };
        let (file, offset, length) = open().map_err(|cause| Failure::refused(escaped(cause.to_string().as_bytes())))?;
        let content_type = "a file".to_owned();
        let (body, asked) = (Box::new(file), Instant::now());
        Ok(Answer { offset, length: Some(length), content_type, body, limits: self.limits, asked, read: 0 })
    }
}

impl Answer {
    /// The next bytes; none at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.body.read(buffer) {
                Ok(length) => {
                    self.read += length as u64;
                    let since = self.asked.elapsed();
                    if length > 0 && since > self.limits.crawl && (self.read as f64) < SLOWEST * since.as_secs_f64() {
                        return Err(Failure::slow());
                    }
                    return Ok(length);
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(Failure::of_http(cause.into(), &self.limits)),
            }
        }
    }
}

/// The first byte of `Content-Range: bytes 10-99/100`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}
