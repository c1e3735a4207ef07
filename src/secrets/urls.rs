//! URLs with a password in front of the host, RFC 3986, section 3.2.1.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::placeholders::is_placeholder;
use super::shapes::constant;

/// Scheme, user, password and host.
static URL: LazyLock<Regex> = LazyLock::new(|| {
    constant(
        r#"\b[A-Za-z][0-9A-Za-z+.-]{1,30}://((?:\$?\{{1,2}[^}\s]{0,64}\}{1,2}|[^\s/?\#:@"'`<>,;(){}\[\]])*):([^\s/?\#@"'`]+)@([^\s/?\#"'`<>,]*)"#,
    )
});

/// Names of hosts that stand for others, RFC 2606.
const NOBODY: [&str; 4] = ["example.com", "example.net", "example.org", "example"];

/// Where the URLs of a text begin that have a password nobody would make up for an example.
pub(super) fn find(content: &[u8]) -> impl Iterator<Item = usize> {
    URL.captures_iter(content).filter_map(|url| {
        let part = |group| url.get(group).map(|part| String::from_utf8_lossy(part.as_bytes()));
        let (password, host) = (part(2)?, part(3)?);
        let host = host.rsplit_once(':').map_or(&*host, |(host, _)| host);
        let is_nobody = NOBODY
            .iter()
            .any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
        let is_secret = !host.is_empty() && !is_nobody && !is_placeholder(&password);
        is_secret.then(|| url.get(0).map(|url| url.start())).flatten()
    })
}
