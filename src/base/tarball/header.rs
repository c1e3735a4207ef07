//! One tar header: 512 bytes of text fields, told sound by a sum of its bytes.
//!
//! The layout is the crate `tar`'s; the numbers are read here, because that crate cuts what does not fit a `u64` and
//! knows no negative ones. Formats: POSIX.1-1988 (`ustar`), `tar.h` of GNU tar, and the Unix v7 header that both grew from.

/// The unit of a tar, in bytes.
pub(in crate::base) const BLOCK: usize = 512;

/// Where `ustar` stands.
const MAGIC_AT: usize = 257;
/// Where the header's checksum stands, itself counted as spaces.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Whether a block is a header whose checksum is right. Some early writers summed signed bytes: both sums do.
pub(in crate::base) fn is_sound(block: &[u8; BLOCK]) -> bool {
    let Some(declared) = number(&block[CHECKSUM]) else { return false };
    let counted = || block.iter().enumerate().map(|(at, byte)| if CHECKSUM.contains(&at) { b' ' } else { *byte });
    let unsigned: i128 = counted().map(i128::from).sum();
    let signed: i128 = counted().map(|byte| i128::from(byte.cast_signed())).sum();
    !is_end(block) && (declared == unsigned || declared == signed)
}

/// Whether a block is all zero: one of the two that end an archive.
pub(in crate::base) fn is_end(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

/// Whether a block bears the mark of POSIX and GNU headers, `ustar`; those of v7 have none.
pub(in crate::base) fn has_magic(block: &[u8]) -> bool {
    block.get(MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar"))
}

/// A numeric field: octal digits between spaces and NULs, a blank one being 0; or, with the top bit set, GNU's
/// big-endian two's complement of the bits that remain. None if it is neither.
pub(super) fn number(field: &[u8]) -> Option<i128> {
    let first = *field.first()?;
    if first & 0x80 != 0 {
        // 12 bytes at most: 95 bits and a sign always fit.
        let negative = first & 0x40 != 0;
        let top = i128::from(first & 0x3f) - if negative { 0x40 } else { 0 };
        return Some(field[1..].iter().fold(top, |value, byte| (value << 8) | i128::from(*byte)));
    }
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let digits = field[start..].split(blank).next().unwrap_or_default();
    let rest = &field[start + digits.len()..];
    if !rest.iter().all(blank) {
        return None;
    }
    digits.iter().try_fold(0_i128, |value, byte| match byte {
        b'0'..=b'7' => Some(value << 3 | i128::from(byte - b'0')),
        _ => None,
    })
}
