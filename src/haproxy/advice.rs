//! What to write into HAProxy's configuration for a rollout.

/// The line of the section `global` that makes a unix socket with all rights.
pub const ADMIN_SOCKET: &str = "stats socket /run/haproxy/admin.sock mode 660 level admin";

/// What to do about a socket without the rights.
pub fn admin() -> String {
    format!("in the section `global` of haproxy.cfg, give the socket `level admin`, as in `{ADMIN_SOCKET}`")
}

/// The line of a backend that makes a drain hold for clients with a cookie too, from the name of the cookie and the
/// path of the map. While the map holds a server's cookie, a client that brings it is balanced like a new one, and
/// keeps its cookie.
pub fn drain_map(cookie: &str, path: &str) -> String {
    format!("ignore-persist if {{ req.cook({cookie}),map_str({path}) -m found }}")
}

/// What to do about a backend without the map.
pub fn map(backend: &str, cookie: &str, path: &str) -> String {
    let line = drain_map(cookie, path);
    format!("in `backend {backend}` of haproxy.cfg, add `{line}`; `{path}` has to be there, and may be empty")
}
