//! Certificates as text, RFC 7468.

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The DER of every certificate in a text; none if there is no certificate, or one that is damaged.
pub(super) fn certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let blocks = text.split(BEGIN).skip(1);
    let certificates: Option<Vec<_>> = blocks.map(|block| decode(block.split_once(END)?.0)).collect();
    certificates.filter(|certificates| !certificates.is_empty())
}

/// Base64 of RFC 4648 with white space anywhere.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = digits.iter().rev().take_while(|digit| **digit == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for group in digits[..digits.len() - padding].chunks(4) {
        let value = group.iter().try_fold(0_u32, |value, digit| Some(value << 6 | sextet(*digit)?))?;
        let missing = 4 - group.len();
        let [_, all @ ..] = (value << (6 * missing)).to_be_bytes();
        bytes.extend_from_slice(&all[..3 - missing]);
    }
    Some(bytes)
}

fn sextet(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
