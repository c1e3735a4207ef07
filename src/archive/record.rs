//! The records before an entry's content: a ustar header, after a pax extended header where ustar is too narrow.
//!
//! Format: POSIX.1-2024, pax, "ustar Interchange Format". Numbers are octal digits and a NUL; the checksum is a sum of
//! bytes. The `prefix` field stays empty: a name of more than 100 bytes goes into the extended header, whole, so that
//! there is one rule and no reader has to join anything.

use tar::{EntryType, Header};

use super::pax::Records;
use crate::rootfs::{Body, Entry, Kind, TargetPath};

#[cfg(test)]
mod tests;

/// Bytes of a record: every header, and the unit to which content is padded.
pub(super) const SIZE: usize = 512;

/// The most that seven octal digits hold: an owner.
const OCTAL_7: u64 = 0o777_7777;

/// The most that eleven octal digits hold: a size (8 GiB less one byte) or a time (the year 2242).
const OCTAL_11: u64 = 0o777_7777_7777;

/// Whole records, up to where the content of a regular file begins. `prefix` stands before every name that the archive
/// has: `rootfs/`, or nothing.
pub(super) fn head(prefix: &str, path: &TargetPath, entry: &Entry<Body<'_>>) -> Vec<u8> {
    let metadata = &entry.metadata;
    let (entry_type, size, link) = match &entry.kind {
        Kind::Directory => (EntryType::Directory, 0, Vec::new()),
        Kind::File(body) => (EntryType::Regular, body.size, Vec::new()),
        Kind::Symlink(target) => (EntryType::Symlink, 0, target.clone()),
        Kind::HardLink(target) => (EntryType::Link, 0, prefixed(prefix, target)),
        Kind::Fifo => (EntryType::Fifo, 0, Vec::new()),
    };
    let name = name(prefix, path, entry_type);

    // The names of the owners and the device numbers stay empty.
    let mut pax = Records::default();
    let mut header = Header::new_ustar();
    header.set_entry_type(entry_type);
    header.set_mode(metadata.mode.bits());
    text(&mut pax, b"path", &name, &mut header.as_old_mut().name);
    text(&mut pax, b"linkpath", &link, &mut header.as_old_mut().linkname);
    header.set_size(number(&mut pax, b"size", size, OCTAL_11));
    header.set_uid(number(&mut pax, b"uid", metadata.uid.into(), OCTAL_7));
    header.set_gid(number(&mut pax, b"gid", metadata.gid.into(), OCTAL_7));
    header.set_mtime(number(&mut pax, b"mtime", metadata.mtime, OCTAL_11));
    header.set_cksum();
    pax.add_xattrs(&metadata.xattrs);

    let mut records = extended(&name, pax.as_bytes());
    records.extend_from_slice(header.as_bytes());
    records
}

/// The zeros between content of `size` bytes and the next record.
pub(super) fn padding(size: u64) -> &'static [u8] {
    let past = usize::try_from(size % SIZE as u64).unwrap_or_default();
    if past == 0 { &[] } else { &[0; SIZE][past..] }
}

/// The extended header of the entry `name`; nothing for no records.
fn extended(name: &[u8], records: &[u8]) -> Vec<u8> {
    if records.is_empty() {
        return Vec::new();
    }
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::XHeader);
    header.set_mode(0o644);
    fill(&mut header.as_old_mut().name, &[b"PaxHeaders/", name].concat());
    let size = records.len() as u64;
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    [header.as_bytes().as_slice(), records, padding(size)].concat()
}

/// The name of an entry: a directory's ends in a slash, and without a prefix the root is `./`.
fn name(prefix: &str, path: &TargetPath, entry_type: EntryType) -> Vec<u8> {
    let mut name = prefixed(prefix, path);
    if name.is_empty() {
        name.push(b'.');
    }
    if entry_type == EntryType::Directory && !name.ends_with(b"/") {
        name.push(b'/');
    }
    name
}

fn prefixed(prefix: &str, path: &TargetPath) -> Vec<u8> {
    [prefix.as_bytes(), path.as_relative()].concat()
}

/// Puts text into its field, and into the extended header as well where the field is too narrow.
fn text(pax: &mut Records, key: &[u8], value: &[u8], field: &mut [u8]) {
    fill(field, value);
    if value.len() > field.len() {
        pax.add(key, value);
    }
}

/// What goes into the field of a number: zero where only the extended header can hold it.
fn number(pax: &mut Records, key: &[u8], value: u64, most: u64) -> u64 {
    if value <= most {
        return value;
    }
    pax.add_number(key, value);
    0
}

/// As much of `value` as the field holds.
fn fill(field: &mut [u8], value: &[u8]) {
    let length = field.len().min(value.len());
    field[..length].copy_from_slice(&value[..length]);
}
