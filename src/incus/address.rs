//! Addresses of the API's objects.

use std::fmt::Write as _;

/// The path of the object of these segments, each a name of any bytes.
pub(super) fn path(segments: &[&str]) -> String {
    segments.iter().fold("/1.0".to_owned(), |path, segment| path + "/" + &encoded(segment.as_bytes()))
}

/// Bytes as a part of an address: RFC 3986, section 2.
pub(super) fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => text.push(char::from(*byte)),
            // A segment of dots alone would be another path.
            b'.' if !bytes.iter().all(|byte| *byte == b'.') => text.push('.'),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment_whatever_it_holds() {
        assert_eq!(path(&["instances", "web-1"]), "/1.0/instances/web-1");
        assert_eq!(path(&["a", "b/c", "..", "ä?#%"]), "/1.0/a/b%2Fc/%2E%2E/%C3%A4%3F%23%25");
        assert_eq!(path(&["a.b"]), "/1.0/a.b");
        assert_eq!(path(&[]), "/1.0");
    }
}
