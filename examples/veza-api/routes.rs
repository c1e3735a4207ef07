//! What is there: each path, its methods, and what a request to it does.

use std::time::Duration;

use serde::Serialize;

use crate::http::request::Request;
use crate::http::response::Response;
use crate::service::Service;
use crate::websocket;

/// The longest pause that a client may ask for, in milliseconds.
const LONGEST: u64 = 60_000;

/// What a request leads to.
pub(crate) enum Action {
    /// This answer, whatever the body says.
    Respond(Response),
    /// Read the body, pause, then answer with [`slow`].
    Slow(Duration),
    /// Switch to the WebSocket protocol with this answer.
    Upgrade(Response),
}

/// What the request leads to.
pub(crate) fn action(request: &Request, service: &Service) -> Action {
    let allowed = match request.path.as_str() {
        "/api/v1/health" => "GET, HEAD, OPTIONS",
        "/api/v1/slow" => "POST, OPTIONS",
        "/ws" => "GET, OPTIONS",
        "*" => "GET, HEAD, POST, OPTIONS",
        path if is_segment(path) => "GET, HEAD, OPTIONS",
        _ => return Action::Respond(Response::error(404, "there is nothing at this path")),
    };
    match (request.method.as_str(), request.path.as_str()) {
        ("OPTIONS", _) => Action::Respond(Response::empty(204).header("Allow", allowed)),
        ("GET" | "HEAD", "/api/v1/health") => Action::Respond(health(service)),
        ("GET" | "HEAD", path) if is_segment(path) => Action::Respond(segment(service)),
        ("POST", "/api/v1/slow") => pause(request.query.as_deref()).map_or_else(
            || Action::Respond(Response::error(400, "`ms` is not a whole number of milliseconds up to 60000")),
            Action::Slow,
        ),
        ("GET", "/ws") => match websocket::accept(request) {
            // Who answers, as health tells it: what is echoed later is the client's own.
            Ok(response) => {
                Action::Upgrade(response.header("Veza-Host", &service.host).header("Veza-Version", &service.version))
            }
            Err(response) => Action::Respond(response),
        },
        _ => Action::Respond(Response::error(405, "this path does not take the method").header("Allow", allowed)),
    }
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    host: &'a str,
    version: &'a str,
    pid: u32,
    uptime_s: u64,
}

/// 200 while healthy, else 503; who answers, either way.
fn health(service: &Service) -> Response {
    let (code, status) = if service.healthy() { (200, "ok") } else { (503, "unhealthy") };
    let Service { host, version, pid, .. } = service;
    let body = Health { status, host, version, pid: *pid, uptime_s: service.uptime_s() };
    Response::json(code, &body).header("Cache-Control", "no-store")
}

/// What a streamer has under a track's own path.
fn is_segment(path: &str) -> bool {
    path.starts_with("/hls/")
}

#[derive(Serialize)]
struct Segment<'a> {
    host: &'a str,
    version: &'a str,
}

/// No music, but who answers.
fn segment(service: &Service) -> Response {
    let Service { host, version, .. } = service;
    Response::json(200, &Segment { host, version })
}

#[derive(Serialize)]
struct Slow<'a> {
    status: &'static str,
    host: &'a str,
    version: &'a str,
    bytes: u64,
    ms: u128,
}

/// The answer after a pause, with the bytes of the body that was read.
pub(crate) fn slow(service: &Service, bytes: u64, pause: Duration) -> Response {
    let Service { host, version, .. } = service;
    Response::json(200, &Slow { status: "ok", host, version, bytes, ms: pause.as_millis() })
}

/// The `ms` of a query, 300 where it has none; none when it is not a number or too large.
fn pause(query: Option<&str>) -> Option<Duration> {
    let fields = query.unwrap_or_default().split('&');
    let milliseconds = match fields.filter_map(|field| field.strip_prefix("ms=")).next() {
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
        Some(_) => return None,
        None => 300,
    };
    (milliseconds <= LONGEST).then(|| Duration::from_millis(milliseconds))
}
