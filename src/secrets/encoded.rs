//! What base64 hides: private keys, and `user:password`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::keys;
use super::placeholders::is_placeholder;

/// The most digits that are decoded: of a key as long as one can be.
const LONGEST: usize = keys::LONGEST / 3 * 4;

/// RFC 4648, section 4, with or without `=` at the end, and whatever the last bits are: a part is looked at too.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes that a row of digits stands for, as far as it goes in whole groups of four.
fn decoded(digits: &[u8]) -> Option<Vec<u8>> {
    let end = digits.iter().position(|byte| *byte == b'=').unwrap_or(digits.len()).min(LONGEST);
    let whole = digits.get(..if end % 4 == 1 { end - 1 } else { end })?;
    ENGINE.decode(whole).ok()
}

/// Whether digits that stand for the header of PEM have a private key behind it; `wants_all` of it, down to its end.
pub(super) fn is_key(digits: &[u8], wants_all: bool) -> bool {
    const KIND: &[u8] = b"PRIVATE KEY";
    let Some(pem) = decoded(digits) else { return false };
    let head = pem.get(..pem.len().min(50)).unwrap_or_default();
    let Some(at) = head.windows(KIND.len()).position(|window| window == KIND) else { return false };
    let body = pem.get(at + KIND.len()..).unwrap_or_default();
    !wants_all || keys::is_whole(body.strip_prefix(b" BLOCK").unwrap_or(body).strip_prefix(b"-----").unwrap_or(body))
}

/// Whether digits that stand for the beginning of Docker's `{"auths":` have a login behind it.
pub(super) fn has_logins(digits: &[u8]) -> bool {
    let json = decoded(digits).unwrap_or_default();
    let text = String::from_utf8_lossy(&json);
    ["\"auth\":\"", "\"password\":\"", "\"identitytoken\":\""].iter().any(|name| text.replace(' ', "").contains(name))
}

/// Whether it stands for `user:password`, RFC 7617, that nobody would make up for an example.
pub(super) fn is_login(text: &str) -> bool {
    /// The example of the RFC.
    const OF_THE_RFC: [&str; 2] = ["open sesame", "test\u{a3}"];
    let login = decoded(text.as_bytes()).and_then(|login| String::from_utf8(login).ok());
    let login = login.filter(|login| !login.chars().any(char::is_control));
    let password = login.as_deref().and_then(|login| login.split_once(':')).map(|(_, password)| password);
    password.is_some_and(|password| !is_placeholder(password) && !OF_THE_RFC.contains(&password))
}
