//! The sentences about a base whose bytes stop short or do not decode.

use std::io;

use crate::decompress::is_memory_limit;
use crate::error::Error;
use crate::rootfs::TargetPath;

/// The way out of a damaged base.
pub(super) const FETCH_AGAIN: &str = "fetch or make it again; `sha256sum` tells whether it is whole";

/// Where in an archive something went wrong; names are as [`shown`] gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// Before the first entry.
    Start,
    /// In the content of this entry.
    Within(String),
    /// Between this entry and the next, or at the archive's end.
    After(String),
}

/// What to say when reading `archive` stopped at `spot`: the disk failed, or the file is not whole.
pub(super) fn stopped(archive: &str, spot: &Spot, error: &io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::failed(format!("cannot read `{archive}`")).cause(error);
    }
    if is_memory_limit(error) {
        return Error::invalid(format!("`{archive}` needs more than 128 MiB of memory to decompress"))
            .hint("decompress it first, with `zstd -dc --long=31` or `xz -dc`, and pass the tar");
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let place = match spot {
            Spot::Start => "ends before its first entry".to_owned(),
            Spot::Within(entry) => format!("ends in the middle of `{entry}`"),
            Spot::After(entry) => format!("ends after `{entry}` without the mark that closes an archive"),
        };
        return Error::invalid(format!("`{archive}` {place}: it is truncated")).hint(FETCH_AGAIN);
    }
    corrupt(archive, spot, error)
}

/// What to say when the bytes of `archive` at `spot` contradict themselves.
pub(super) fn corrupt(archive: &str, spot: &Spot, cause: impl std::fmt::Display) -> Error {
    let place = match spot {
        Spot::Start => "at its start".to_owned(),
        Spot::Within(entry) => format!("in the middle of `{entry}`"),
        Spot::After(entry) => format!("after `{entry}`"),
    };
    Error::invalid(format!("`{archive}` is corrupt {place}")).cause(cause).hint(FETCH_AGAIN)
}

/// What to say of one entry; `what` ends the sentence.
pub(super) fn entry(archive: &str, name: &[u8], what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("`{}` in `{archive}` {what}", shown(name)))
}

/// An entry's name as an archive's listing would show it, free of control characters and of bounded length.
pub(super) fn shown(name: &[u8]) -> String {
    /// A name that is longer is nobody's real file.
    const LONGEST: usize = 400;

    match TargetPath::from_relative(name) {
        Ok(root) if root.is_root() => "./".to_owned(),
        Ok(path) => path.to_string().split_off(1),
        Err(_) if name.len() > LONGEST => format!("{}…", name[..LONGEST].escape_ascii()),
        Err(_) => name.escape_ascii().to_string(),
    }
}
