//! Package URLs, <https://github.com/package-url/purl-spec>.

use std::fmt;

/// A package URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purl(String);

impl Purl {
    /// `pkg:TYPE/NAMESPACE/NAME@VERSION`; an empty version is left out. A namespace may have several segments.
    pub(super) fn new(kind: &str, namespace: &str, name: &str, version: &str) -> Self {
        let segments = namespace.split('/').filter(|segment| !segment.is_empty()).chain([name]);
        let path: Vec<_> = segments.map(encoded).collect();
        let at = if version.is_empty() { "" } else { "@" };
        Self(format!("pkg:{kind}/{}{at}{}", path.join("/"), encoded(version)))
    }

    /// With one more qualifier, of which the keys come in their order; an empty value is left out.
    pub(super) fn qualified(self, key: &str, value: &str) -> Self {
        let mark = if self.0.contains('?') { '&' } else { '?' };
        match value {
            "" => self,
            value => Self(format!("{}{mark}{key}={}", self.0, encoded(value))),
        }
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands for itself stays; every other byte is `%XX`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_with_signs_of_its_own_is_encoded() {
        let purl = Purl::new("deb", "debian", "libstdc++6", "1:12.2.0-14+deb12u1~bpo1");
        let purl = purl.qualified("arch", "amd64").qualified("distro", "debian-12");
        assert_eq!(
            purl.to_string(),
            "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1~bpo1?arch=amd64&distro=debian-12"
        );
    }

    #[test]
    fn a_module_without_a_version_has_none() {
        let purl = Purl::new("golang", "github.com/lib", "pq", "").qualified("arch", "");
        assert_eq!(purl.to_string(), "pkg:golang/github.com/lib/pq");
    }
}
