//! Extended headers of POSIX.1-2001: `LENGTH KEY=VALUE\n`, one record after the other.
//!
//! Records are split by their length and never by the newline, since a value may hold any byte: file capabilities do.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::sparse::Records as SparseRecords;
use crate::base::xattrs::Chosen;

/// What extended headers say about an entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    /// Whole seconds since 1970; a fraction is floored and an earlier time is 0.
    pub(super) mtime: Option<u64>,
    pub(super) xattrs: Chosen,
    pub(super) sparse: SparseRecords,
}

impl Extended {
    /// Adds what the header of the next entry says. An empty value takes a global one back.
    ///
    /// # Errors
    /// The end of a sentence that begins with the entry.
    pub(super) fn apply(&mut self, header: &[u8]) -> Result<(), String> {
        records(header, |key, value| self.record(key, value))
    }

    /// Adds what a global header says about all entries that follow.
    ///
    /// # Errors
    /// The end of a sentence that begins with the archive. A name, a size or an attribute for every entry makes no sense,
    /// and readers disagree about it: it is refused.
    pub(super) fn apply_global(&mut self, header: &[u8]) -> Result<(), String> {
        records(header, |key, value| match key {
            b"uid" | b"gid" | b"mtime" => self.record(key, value),
            b"comment" | b"charset" | b"hdrcharset" | b"atime" | b"ctime" | b"uname" | b"gname" => Ok(()),
            other => Err(format!("has a global header with the record `{}`", other.escape_ascii())),
        })
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        let malformed = || format!("has a pax record `{}` that is not a number", key.escape_ascii());
        let decimal = || if value.is_empty() { Ok(None) } else { decimal(value).map(Some).ok_or_else(malformed) };
        let bytes = || (!value.is_empty()).then(|| value.to_vec());
        match key {
            b"path" => self.path = bytes(),
            b"linkpath" => self.link = bytes(),
            b"size" => self.size = decimal()?,
            b"uid" => self.uid = decimal()?,
            b"gid" => self.gid = decimal()?,
            b"mtime" if value.is_empty() => self.mtime = None,
            b"mtime" => self.mtime = Some(seconds(value).ok_or_else(malformed)?),
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.xattrs.take(unescape_keyword(name), value.to_vec())?;
                } else if let Some(name) = key.strip_prefix(b"LIBARCHIVE.xattr.") {
                    let undecodable = || format!("has a pax record `{}` that is not base64", key.escape_ascii());
                    self.xattrs.take(percent_decode(name), base64(value).ok_or_else(undecodable)?)?;
                } else if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.record(key, value)?;
                }
            }
        }
        Ok(())
    }
}

/// Gives every record of a header to `each`, in order.
fn records(mut rest: &[u8], mut each: impl FnMut(&[u8], &[u8]) -> Result<(), String>) -> Result<(), String> {
    while !rest.is_empty() {
        let (key, value, after) = first_record(rest).ok_or("has a malformed pax header")?;
        each(key, value)?;
        rest = after;
    }
    Ok(())
}

/// The first record's key and value, and what follows it. The length counts itself, the space and the newline.
fn first_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..space])?).ok()?;
    let (record, after) = bytes.split_at_checked(length)?;
    let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    (equals > 0).then(|| (&pair[..equals], &pair[equals + 1..], after))
}

/// A number of decimal digits and nothing else.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

/// A time such as `1700000000.25` or `-0.5`, floored, and never before 1970.
fn seconds(text: &[u8]) -> Option<u64> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = decimal(parts.next()?)?;
    let fraction = parts.next().unwrap_or_default();
    let sound = fraction.iter().all(u8::is_ascii_digit);
    sound.then_some(if negative { 0 } else { whole })
}

/// GNU tar writes `%` and `=` in the name of an attribute as `%25` and `%3D`, and no other byte so.
fn unescape_keyword(name: &[u8]) -> Vec<u8> {
    decode_percent(name, |byte| matches!(byte, b'%' | b'='))
}

/// libarchive writes the name of an attribute as in an URL.
fn percent_decode(name: &[u8]) -> Vec<u8> {
    decode_percent(name, |_| true)
}

/// Turns `%XX` into the byte that it stands for, where `decodes` says so.
fn decode_percent(mut name: &[u8], decodes: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    while let Some((first, rest)) = name.split_first() {
        let escaped = match (first, rest) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match escaped.filter(|byte| decodes(*byte)) {
            Some(byte) => {
                decoded.push(byte);
                name = &rest[2..];
            }
            None => {
                decoded.push(*first);
                name = rest;
            }
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Base64 (RFC 4648) with or without padding: libarchive writes none.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const UNPADDED: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone),
    );
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let has_sound_end = text.len() - end <= 2;
    has_sound_end.then(|| UNPADDED.decode(&text[..end]).ok()).flatten()
}
