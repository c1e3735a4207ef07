//! The outside of a `.deb`: an `ar` archive of three members in a fixed order, deb(5).
//!
//! ```text
//! !<arch>\n
//! debian-binary    "2.0\n"
//! control.tar[.gz|.xz|.zst]
//! data.tar[.gz|.xz|.zst]
//! ```
//!
//! A member is a header of 60 bytes and its content, filled up to an even length with a newline. Members whose names
//! begin with `_` are there for others and are left alone.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::decompress::Compression;
use crate::rootfs::escaped;

const MAGIC: &[u8] = b"!<arch>\n";
/// The length of a member's header in bytes.
const HEADER: usize = 60;
/// The most members that a `.deb` may have: three, and some of other people's.
const MOST_MEMBERS: usize = 16;
/// The longest `debian-binary` in bytes: a version, and lines to come.
const LONGEST_FORMAT: u64 = 1024;

/// Where a member's content stands, in bytes, and how it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) compression: Compression,
}

/// The two members that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Members {
    pub(super) control: Member,
    pub(super) data: Member,
}

/// Why a file is not a `.deb`.
#[derive(Debug)]
pub(super) enum Unsound {
    /// The disk's answer.
    Unread(io::Error),
    /// The end of a sentence that begins with the file.
    Said(String),
}

impl From<io::Error> for Unsound {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => truncated(),
            _ => Self::Unread(error),
        }
    }
}

impl From<String> for Unsound {
    fn from(what: String) -> Self {
        Self::Said(what)
    }
}

fn truncated() -> Unsound {
    Unsound::Said("ends in the middle of a member: it is truncated".to_owned())
}

/// One header, read.
struct Header {
    name: Vec<u8>,
    size: u64,
}

/// Finds the members of a `.deb`.
pub(super) fn members(file: &File) -> Result<Members, Unsound> {
    let length = file.metadata()?.len();
    let mut magic = [0; MAGIC.len()];
    let sound = file.read_exact_at(&mut magic, 0);
    if sound.is_err() || magic != MAGIC {
        return Err("is not a Debian package: it does not begin with `!<arch>`".to_owned().into());
    }
    let (mut format, mut control, mut data) = (None, None, None);
    let mut at = MAGIC.len() as u64;
    for _ in 0..MOST_MEMBERS {
        if at == length {
            return match (control, data) {
                (Some(control), Some(data)) => Ok(Members { control, data }),
                _ => Err("ends before its `data.tar`: it is truncated".to_owned().into()),
            };
        }
        let header = header(file, at)?;
        let offset = at + HEADER as u64;
        at = offset + header.size.next_multiple_of(2);
        if at > length {
            return Err(truncated());
        }
        let name = header.name.as_slice();
        let member = |compression| Some(Member { offset, size: header.size, compression });
        match (name, compression(name, b"control.tar"), compression(name, b"data.tar")) {
            (b"debian-binary", _, _) if format.is_none() => format = Some(check_format(file, offset, header.size)?),
            (_, Some(compression), _) if format.is_some() && control.is_none() => control = member(compression),
            (_, _, Some(compression)) if control.is_some() && data.is_none() => data = member(compression),
            ([b'_', ..], _, _) if format.is_some() => {}
            _ => return Err(unexpected(name, format.is_some()).into()),
        }
    }
    Err(format!("has more than {MOST_MEMBERS} members").into())
}

fn header(file: &File, at: u64) -> Result<Header, Unsound> {
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, at)?;
    let unsound = || "is corrupt: a member's header is not that of an `ar` archive".to_owned();
    let (name, size) = (header[..16].trim_ascii_end(), header[48..58].trim_ascii_end());
    if &header[58..] != b"`\n" || name.is_empty() || name.contains(&0) {
        return Err(unsound().into());
    }
    // Ten decimal digits always fit.
    let digits = !size.is_empty() && size.iter().all(u8::is_ascii_digit);
    let size = std::str::from_utf8(size).ok().filter(|_| digits).and_then(|size| size.parse().ok());
    // System V's `ar` ends names with a slash.
    let name = name.strip_suffix(b"/").unwrap_or(name).to_vec();
    Ok(Header { name, size: size.ok_or_else(unsound)? })
}

/// Checks the content of `debian-binary`: a minor version above the known one changes nothing that matters.
fn check_format(file: &File, offset: u64, size: u64) -> Result<(), Unsound> {
    if size > LONGEST_FORMAT {
        return Err("has a `debian-binary` of more than 1 KiB".to_owned().into());
    }
    let mut content = vec![0; usize::try_from(size).unwrap_or_default()];
    file.read_exact_at(&mut content, offset)?;
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let minor = line.strip_prefix(b"2.").filter(|minor| !minor.is_empty() && minor.iter().all(u8::is_ascii_digit));
    if minor.is_none() || !content.contains(&b'\n') {
        let shown = escaped(&line[..line.len().min(20)]);
        return Err(format!("is of the format `{shown}`, and only 2.x is read").into());
    }
    Ok(())
}

/// How a member of this name is compressed, if it is `stem` with an ending that is read.
fn compression(name: &[u8], stem: &[u8]) -> Option<Compression> {
    match name.strip_prefix(stem)? {
        b"" => Some(Compression::None),
        b".gz" => Some(Compression::Gzip),
        b".xz" => Some(Compression::Xz),
        b".zst" => Some(Compression::Zstd),
        _ => None,
    }
}

fn unexpected(name: &[u8], has_format: bool) -> String {
    let shown = escaped(name);
    match name {
        _ if !has_format => format!("begins with the member `{shown}` where `debian-binary` belongs"),
        [b'c', b'o', b'n', b't', b'r', b'o', b'l', ..] | [b'd', b'a', b't', b'a', ..] => {
            format!("has the member `{shown}` out of order, twice, or in a compression that is not read")
        }
        _ => format!("has the member `{shown}`, which a package does not have"),
    }
}
