//! What a base file is, told by its first bytes and never by its name.

use super::tarball::header::{BLOCK, has_magic, is_sound};
use crate::decompress::Compression;

/// How many bytes from the front of a file tell its format: one tar header.
pub(super) const HEAD: usize = BLOCK;

/// What a base file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Tar(Compression),
    Squashfs,
    /// Something that people pass for a base, which is none.
    Foreign(Foreign),
}

/// A format that is known by name and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What a message calls it.
    pub(super) noun: &'static str,
    /// The command that undoes it, before the file's name, if there is one.
    pub(super) convert: Option<&'static str>,
}

/// Magic bytes at the front, from each format's own specification (gzip: RFC 1952; xz: its `xz-file-format.txt`;
/// zstd: RFC 8878; squashfs: the kernel's `squashfs_fs.h`).
const READ: [(&[u8], Format); 4] = [
    (b"\x1f\x8b", Format::Tar(Compression::Gzip)),
    (b"\xfd7zXZ\0", Format::Tar(Compression::Xz)),
    (b"\x28\xb5\x2f\xfd", Format::Tar(Compression::Zstd)),
    (b"hsqs", Format::Squashfs),
];

const FOREIGN: [(&[u8], Foreign); 8] = [
    (b"BZh", Foreign { noun: "bzip2-compressed", convert: Some("bzip2 -dc") }),
    (b"\x04\x22\x4d\x18", Foreign { noun: "lz4-compressed", convert: Some("lz4 -dc") }),
    (b"\x5d\0\0", Foreign { noun: "lzma-compressed", convert: Some("xz --format=lzma -dc") }),
    (b"LZIP", Foreign { noun: "lzip-compressed", convert: Some("lzip -dc") }),
    (b"\x1f\x9d", Foreign { noun: "compressed by `compress`", convert: Some("gzip -dc") }),
    (b"QFI\xfb", Foreign { noun: "a qcow2 disk of a virtual machine", convert: None }),
    (b"!<arch>\n", Foreign { noun: "an `ar` archive, as Debian packages are", convert: None }),
    (b"PK\x03\x04", Foreign { noun: "a zip archive", convert: None }),
];

/// The format of a file that begins with `head`, which is [`HEAD`] bytes unless the file is shorter.
pub(super) fn identify(head: &[u8]) -> Option<Format> {
    let read = READ.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format);
    let foreign = || FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, it)| Format::Foreign(*it));
    // A tar's first bytes are a file's name, which may be any format's magic: the header itself goes first.
    match head.first_chunk::<BLOCK>() {
        Some(block) if is_sound(block) => Some(Format::Tar(Compression::None)),
        _ if read.is_some() => read,
        _ if is_skippable_frame(head) => Some(Format::Tar(Compression::Zstd)),
        _ if has_magic(head) => Some(Format::Tar(Compression::None)),
        _ => foreign(),
    }
}

/// zstd may begin with a skippable frame, whose magic is `0x184D2A50` to `0x184D2A5F`, little endian; `pzstd` does.
fn is_skippable_frame(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}
