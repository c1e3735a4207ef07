//! Addresses of mirrors.

use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use ureq::http::Uri;

use crate::rootfs::escaped;
use crate::{Error, Result};

/// The address of a mirror, below which its files lie: `http:`, `https:` or `file:`, and no slash at the end.
///
/// It is shown without the credentials that may stand in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// It is not an absolute URL of one of the three schemes, or has a query or a fragment.
    pub fn parse(text: &str) -> Result<Self> {
        let trimmed = text.trim_end_matches('/');
        let is_sound = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"'<>\\`".contains(&byte));
        let fits = match trimmed.split_once(':') {
            Some(("http" | "https", rest)) => {
                rest.starts_with("//") && trimmed.parse::<Uri>().is_ok_and(|uri| has_host(&uri))
            }
            Some(("file", rest)) => {
                (rest.starts_with("///") || (rest.starts_with('/') && !rest.starts_with("//")))
                    && unescaped(rest).is_some()
            }
            _ => false,
        };
        if is_sound && fits {
            return Ok(Self(trimmed.to_owned()));
        }
        Err(Error::invalid(format!(
            "`{}` is not the address of a mirror",
            escaped(masked(text, text.len()).as_bytes())
        ))
        .hint("such as `http://HOST/debian`, `bookworm-security=https://HOST/debian-security` or `file:///srv/debian`"))
    }

    /// The address of a file below it.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// The address of a directory below it.
    pub(super) fn below(&self, directory: &str) -> Self {
        Self(self.join(directory))
    }

    /// The path of a file below it, when it is one of this machine.
    pub(super) fn local(&self, path: &str) -> Option<PathBuf> {
        let directory = unescaped(self.0.strip_prefix("file:")?.trim_start_matches('/'))?;
        let root = PathBuf::from("/").join(std::ffi::OsString::from_vec(directory));
        Some(root.join(path))
    }

    /// Whether it is reached through TLS.
    pub(super) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Where the same mirror has the suite: security updates have an archive of their own, by custom beside the other.
    pub(super) fn of_suite(&self, suite: &str) -> Self {
        match self.0.strip_suffix("/debian") {
            Some(above) if suite.ends_with("-security") => Self(format!("{above}/debian-security")),
            _ => self.clone(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[authority..].find('/').map_or(self.0.len(), |at| authority + at);
        f.write_str(&masked(&self.0, end))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Whether there is a host, perhaps with a port, and no `@` behind it: that would be a password with a slash in it.
fn has_host(uri: &Uri) -> bool {
    let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else { return false };
    let behind = authority.as_str().rsplit_once(authority.host()).map_or("", |(_, behind)| behind);
    (behind.is_empty() || authority.port_u16().is_some()) && !uri.path().contains('@')
}

/// A URL without the credentials that end by an `@` before `end`.
fn masked(url: &str, end: usize) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    match url.get(start..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{}***{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

/// The bytes of a path whose `%XX` stand for themselves; none for one that cannot be.
fn unescaped(path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits =
            str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|byte| *byte != 0)?);
        rest = after;
    }
    Some(bytes)
}
