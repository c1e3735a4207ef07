//! The records of a pax extended header: what a ustar header cannot hold.
//!
//! Format: POSIX.1-2024, pax, "pax Extended Header". Extended attributes are `SCHILY.xattr.NAME` records, as star
//! defined them and GNU tar, bsdtar and Go read them.

use crate::rootfs::Xattrs;

#[cfg(test)]
mod tests;

/// Records for one entry, in the order in which they were added.
#[derive(Default)]
pub(super) struct Records(Vec<u8>);

impl Records {
    /// Adds `LENGTH KEY=VALUE\n`, whose decimal length counts itself. The value is bytes as they stand: readers go by
    /// the length, and names in an image need not be UTF-8.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        let rest = b" =\n".len() + key.len() + value.len();
        // The digits may themselves take the length past a power of ten, but only past one.
        let length = rest + digits(rest + digits(rest));
        self.0.reserve(length);
        self.0.extend_from_slice(length.to_string().as_bytes());
        self.0.push(b' ');
        self.0.extend_from_slice(key);
        self.0.push(b'=');
        self.0.extend_from_slice(value);
        self.0.push(b'\n');
    }

    /// Adds a number in decimal.
    pub(super) fn add_number(&mut self, key: &[u8], value: u64) {
        self.add(key, value.to_string().as_bytes());
    }

    /// Adds extended attributes in byte order of their names.
    pub(super) fn add_xattrs(&mut self, xattrs: &Xattrs) {
        for (name, value) in xattrs {
            let mut key = b"SCHILY.xattr.".to_vec();
            for byte in name {
                match byte {
                    // A key ends at its first `=`. The escapes are GNU tar's, in its `src/xheader.c`.
                    b'=' => key.extend_from_slice(b"%3D"),
                    b'%' => key.extend_from_slice(b"%25"),
                    _ => key.push(*byte),
                }
            }
            self.add(&key, value);
        }
    }

    /// The body of the extended header; empty when none is needed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// How many decimal digits a number has.
fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}
