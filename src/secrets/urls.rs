//! URLs with a password in front of the host, RFC 3986, section 3.2.1.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::placeholders::is_placeholder;
use super::shapes::constant;

/// Scheme and user.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    constant(r#"\b[A-Za-z][0-9A-Za-z+.-]{1,30}://(?:\$?\{{1,2}[^}\s]{0,64}\}{1,2}|[^\s/?\#:@"'`<>,;(){}\[\]])*:"#)
});

/// What follows the user is looked at so far, in bytes.
const LONGEST: usize = 512;

/// Names of hosts that stand for others, RFC 2606.
const NOBODY: [&str; 4] = ["example.com", "example.net", "example.org", "example"];

/// Where the URLs of a text begin that have a password nobody would make up for an example.
pub(super) fn find(content: &[u8]) -> impl Iterator<Item = usize> {
    LOGIN.find_iter(content).filter_map(|login| {
        let rest = content.get(login.end()..content.len().min(login.end() + LONGEST))?;
        let rest = String::from_utf8_lossy(rest);
        has_password(&rest).then_some(login.start())
    })
}

/// Whether what follows a user and a colon is a password and a host.
fn has_password(rest: &str) -> bool {
    let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '`');
    let rest = rest.split(ends).next().unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let split = match authority.rsplit_once('@') {
        Some(split) => Some(split),
        // Nobody has percent-encoded it; but `host:8080/path@2` has no password.
        None if is_port(authority) => None,
        None => rest.split("://").next().and_then(|rest| rest.rsplit_once('@')),
    };
    let Some((password, host)) = split else { return false };
    let host = host.split(['/', '?', '#', '<', '>', ',']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let is_nobody =
        NOBODY.iter().any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    !host.is_empty() && !is_nobody && !is_placeholder(password)
}

/// Whether it is a port, or stands for one.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) || text.eq_ignore_ascii_case("port") || is_placeholder(text)
}
