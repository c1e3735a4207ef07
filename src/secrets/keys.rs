//! The body of a private key, RFC 7468 and RFC 9580, section 6.2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The most bytes from the header of a key to its end: an RSA key of 16,384 bits has 12,700.
pub(super) const LONGEST: usize = 16 << 10;

/// The fewest bytes of a key: an Ed25519 key has 48.
const SHORTEST: usize = 40;

/// Whether a key begins behind its header, or anything that is no placeholder where the header ends its line: the source
/// of a program has headers alone. Quotes, signs and escapes stand between the two where the key is a string in a source.
pub(super) fn begins(after: &[u8]) -> bool {
    /// Enough for no word of a sentence.
    const DIGITS: usize = 16;
    const BETWEEN: usize = 64;
    let after = after.get(..after.len().min(LONGEST)).unwrap_or_default();
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`\\+|>".contains(byte);
    let mut rest = after;
    for _ in 0..BETWEEN {
        rest = match rest {
            [b'\\', b'n' | b'r' | b't', behind @ ..] => behind,
            [first, behind @ ..] if is_between(first) => behind,
            _ => break,
        };
    }
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let has_headers = [&b"Proc-Type:"[..], b"Version:", b"Comment:", b"Hash:", b"Charset:"];
    let ends_its_line = matches!(after.first(), None | Some(b'\n' | b'\r'));
    (ends_its_line && !rest.first().is_some_and(|first| b".<[{$".contains(first)))
        || rest.iter().take_while(|byte| is_digit(byte)).count() >= DIGITS
        || has_headers.iter().any(|header| rest.starts_with(header))
}

/// Whether a whole key follows its header: base64 that decodes, and the line that ends it. Line breaks may be written
/// as `\n`, as in JSON.
pub(super) fn is_whole(after: &[u8]) -> bool {
    let after = after.get(..after.len().min(LONGEST)).unwrap_or_default();
    let text = String::from_utf8_lossy(after);
    let Some((body, _)) = text.split_once("-----END ") else { return false };
    let body = body.replace("\\r", "").replace("\\n", "\n");
    // `Proc-Type: 4,ENCRYPTED` stands before the key, and the checksum of an OpenPGP key, `=njUN`, after it.
    let is_key = |line: &&str| !line.contains(':') && !line.starts_with('=');
    let digits: String = body.lines().map(str::trim).filter(is_key).collect();
    STANDARD_NO_PAD.decode(digits.trim_end_matches('=')).is_ok_and(|key| key.len() >= SHORTEST)
}
