//! Data source names with passwords, as libraries of databases take them.
//!
//! | form | such as |
//! | --- | --- |
//! | libpq, section 32.1.1.1 | `host=db user=app password='…'` |
//! | ODBC, ADO.NET, JDBC | `Server=db;Uid=app;Pwd=…;`, `?user=app&password=…` |
//! | go-sql-driver/mysql | `app:…@tcp(db:3306)/app` |

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::placeholders::{is_placeholder, is_reference};
use super::shapes::constant;

/// What of a line is looked at on either side of a password, in bytes.
const AROUND: usize = 256;

/// Nobody has a password of three characters.
const SHORTEST: usize = 4;

/// A password that is given by its key, with what quotes it.
static KEYED: LazyLock<Regex> = LazyLock::new(|| {
    constant(
        r#"(?i)\b(?:password|pwd)(?:=|[ ]=[ ])('(?:[^'\\\n]|\\.){1,128}'|\{[^}\n]{1,128}\}|[^\s;&"'`,(){}<>]{1,128})"#,
    )
});

/// The key of another part, which tells that the password is one of a data source.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    constant(
        r#"(?i)(?:^|[\s;&?"'`=])(?:host|hostaddr|server|data source|dsn|driver|address|db|dbname|database|initial catalog|user id|uid|user|username|sslmode|port)[ ]?=[ ]?[^\s;&"'`,()]"#,
    )
});

/// Where the address of go-sql-driver's names begins.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| constant(r"@(?:tcp6?|udp|unix|cloudsql(?:-[a-z]{1,12})?)\("));

/// Where the data source names of a text have passwords.
pub(super) fn find(content: &[u8]) -> impl Iterator<Item = usize> {
    let keyed = KEYED.captures_iter(content).filter_map(|found| {
        let (whole, value) = (found.get(0)?, found.get(1)?);
        let password = String::from_utf8_lossy(value.as_bytes());
        let is_quoted = password.starts_with(['\'', '{']);
        let password = password.trim_matches(['\'', '{', '}']);
        let is_secret =
            password.len() >= SHORTEST && !is_placeholder(password) && (is_quoted || !is_reference(password));
        (is_secret && is_of_source(content, whole.start(), whole.end())).then_some(whole.start())
    });
    let addressed = ADDRESS.find_iter(content).filter_map(|found| {
        let line = line_before(content, found.start());
        let text = String::from_utf8_lossy(line);
        let login = text.rsplit([' ', '\t', '"', '\'', '`', '=', '(']).next()?;
        let (user, password) = login.rsplit_once("//").map_or(login, |(_, login)| login).split_once(':')?;
        (!user.is_empty() && !is_placeholder(password)).then(|| found.start())
    });
    keyed.chain(addressed)
}

/// Whether a password stands beside other parts, each parted from the next as in a name and not as in a call.
fn is_of_source(content: &[u8], start: usize, end: usize) -> bool {
    let before = line_before(content, start);
    let after = line_after(content, end);
    let is_of_call = |byte: Option<&u8>| matches!(byte, Some(b',' | b'(' | b')'));
    let last = before.iter().rfind(|byte| !byte.is_ascii_whitespace());
    // Nothing but a part or a mark stands before it.
    let is_first = matches!(last, None | Some(b';' | b'&' | b'?' | b'"' | b'\'' | b'`' | b'='));
    let follows = || OTHER.find_iter(before).last().is_some();
    !is_of_call(last) && !is_of_call(after.first()) && (follows() || (is_first && OTHER.is_match(after)))
}

fn line_before(content: &[u8], at: usize) -> &[u8] {
    let before = content.get(at.saturating_sub(AROUND)..at).unwrap_or_default();
    before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn line_after(content: &[u8], at: usize) -> &[u8] {
    let after = content.get(at..content.len().min(at.saturating_add(AROUND))).unwrap_or_default();
    after.split(|byte| *byte == b'\n').next().unwrap_or_default()
}
