//! Certificates as text, RFC 7468.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The DER of every certificate in a text; none if there is no certificate, or one that is damaged.
pub(super) fn certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let blocks = text.split(BEGIN).skip(1);
    let certificates: Option<Vec<_>> = blocks.map(|block| decode(block.split_once(END)?.0)).collect();
    certificates.filter(|certificates| !certificates.is_empty())
}

/// Base64 with white space anywhere. Bits that belong to no byte are passed over, as OpenSSL does.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(digits).ok()
}
