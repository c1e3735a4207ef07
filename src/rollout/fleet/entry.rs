//! Where clients come in through the balancer.

use std::fmt;

use crate::haproxy::is_endpoint;
use crate::rootfs::escaped;

/// The address at which the balancer takes requests, in plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(String);

impl Entry {
    /// Reads `http://HOST` or `http://HOST:PORT`, an IPv6 address in brackets.
    ///
    /// # Errors
    /// It is none: why, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = escaped(text.as_bytes());
        if text.starts_with("https:") || text.starts_with("wss:") {
            return Err(format!(
                "`{shown}` is behind TLS, which is not spoken here: name the balancer's `http://` address"
            ));
        }
        let authority = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        match authority.map(|authority| Self(authority.to_owned())) {
            Some(entry) if is_endpoint(&entry.endpoint()) => Ok(entry),
            _ => Err(format!(
                "`{shown}` is no address of a balancer, such as `http://lb.example` or `http://10.0.0.5:8080`"
            )),
        }
    }

    /// What a request names as its host: the port is left out where it was.
    pub fn authority(&self) -> &str {
        &self.0
    }

    /// `HOST:PORT`, to connect to.
    pub fn endpoint(&self) -> String {
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        match self.0.rsplit_once(':') {
            Some((_, port)) if is_port(port) => self.0.clone(),
            _ => format!("{}:80", self.0),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_as_it_was_written_and_connected_to_at_its_port() {
        for (text, written, endpoint) in [
            ("http://lb.example", "http://lb.example", "lb.example:80"),
            ("http://lb.example/", "http://lb.example", "lb.example:80"),
            ("http://lb.example:80", "http://lb.example:80", "lb.example:80"),
            ("http://10.0.0.5:8080", "http://10.0.0.5:8080", "10.0.0.5:8080"),
            ("http://[::1]", "http://[::1]", "[::1]:80"),
            ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
        ] {
            let entry = Entry::parse(text).unwrap();
            assert_eq!((&*entry.to_string(), &*entry.endpoint()), (written, endpoint));
        }
    }

    #[test]
    fn what_is_no_entry_is_refused_in_a_sentence() {
        let tls = "`https://lb` is behind TLS, which is not spoken here: name the balancer's `http://` address";
        assert_eq!(Entry::parse("https://lb").unwrap_err(), tls);
        for text in [
            "",
            "lb",
            "lb:80",
            "http://",
            "http://:80",
            "http://lb:0",
            "http://lb:",
            "http://a/b",
            "http://a b",
            "ftp://a",
        ] {
            let told = format!("`{text}` is no address of a balancer, such as ");
            assert!(Entry::parse(text).unwrap_err().starts_with(&told), "{text}");
        }
    }
}
