//! Where HAProxy listens to its runtime API.

use std::fmt;
use std::path::PathBuf;

use crate::incus::InstanceName;

/// A socket of HAProxy's runtime API, as a fleet file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `tcp:HOST:PORT`.
    Tcp(String),
    /// `unix:PATH`.
    Unix(PathBuf),
    /// `incus:CONTAINER/HOST:PORT`, or `incus:CONTAINER/PATH`: reached from inside a container.
    Incus {
        /// The container in which HAProxy runs.
        instance: InstanceName,
        /// `HOST:PORT`, or the absolute path of a unix socket, as seen there.
        endpoint: String,
    },
}

impl Address {
    /// Reads `tcp:HOST:PORT`, `unix:PATH`, `incus:CONTAINER/HOST:PORT` or `incus:CONTAINER/PATH`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "tcp" => is_endpoint(rest).then(|| Self::Tcp(rest.to_owned())),
            "unix" => is_path(rest).then(|| Self::Unix(rest.into())),
            "incus" => {
                let (instance, endpoint) = rest.split_at_checked(rest.find('/')?)?;
                let instance = InstanceName::parse(instance)?;
                let endpoint = match endpoint.strip_prefix('/') {
                    Some(bare) if is_endpoint(bare) => bare,
                    _ if is_path(endpoint) => endpoint,
                    _ => return None,
                };
                Some(Self::Incus { instance, endpoint: endpoint.to_owned() })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(endpoint) => write!(f, "tcp:{endpoint}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Incus { instance, endpoint } => write!(f, "incus:{instance}/{}", endpoint.trim_start_matches('/')),
        }
    }
}

/// `HOST:PORT`, with an IPv6 address in brackets.
pub(crate) fn is_endpoint(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ipv6) => {
            return ipv6.parse::<std::net::Ipv6Addr>().is_ok() && port.parse::<u16>().is_ok_and(|port| port > 0);
        }
        None => host,
    };
    let fits = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    fits && !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_it_was_read() {
        for text in [
            "tcp:127.0.0.1:9100",
            "tcp:lb-1.example:9100",
            "tcp:[::1]:9100",
            "unix:/run/haproxy/admin.sock",
            "incus:haproxy-1/127.0.0.1:9100",
            "incus:haproxy-1/run/haproxy/admin.sock",
        ] {
            assert_eq!(Address::parse(text).map(|address| address.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:9100",
            "tcp:",
            "tcp:9100",
            "tcp:host:0",
            "tcp:host:65536",
            "tcp:a b:1",
            "tcp:[::g]:1",
            "unix:run/x",
            "unix:/",
            "unix:/a b",
            "incus:haproxy-1",
            "incus:-x/127.0.0.1:1",
            "incus:x/",
            "http:x:1",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
