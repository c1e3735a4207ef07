//! Whether a value was made by a machine, to be guessed by nobody.

use std::collections::BTreeMap;

/// The fewest characters: a key of 15 bytes has 20 of base64.
const SHORTEST: usize = 20;

/// The least Shannon entropy, in bits a character. Twenty random characters of base64 have 4.0, seldom less than 3.7;
/// English text and names of things have less than 3.5.
const LEAST: f64 = 3.7;

/// Whether a value is a row of letters and digits as base64 or base62 give it. One of hex digits alone is not: see
/// [`is_key_in_hex`].
pub(super) fn is_random(value: &str) -> bool {
    let value = value.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte);
    let count = |is: fn(&u8) -> bool| value.bytes().filter(is).count();
    value.len() >= SHORTEST
        && value.bytes().all(plain)
        && count(u8::is_ascii_uppercase) >= 2
        && count(u8::is_ascii_lowercase) >= 2
        && count(u8::is_ascii_digit) >= 2
        && !is_of_words(value)
        && changes(value) * 5 >= value.len() * 2
        && entropy(value) >= LEAST
}

/// Whether it is a name of several words, `Backend-API-v2-Prod`: no part is as mixed as what is drawn by lot.
fn is_of_words(value: &str) -> bool {
    let parts = value.split(['-', '_', '/', '+']).filter(|part| !part.is_empty());
    let is_word = |part: &str| {
        let (first, rest) = part.split_at_checked(1).unwrap_or_default();
        let letters = rest.trim_end_matches(|character: char| character.is_ascii_digit());
        let is_of = |is: fn(&u8) -> bool| letters.bytes().all(|byte| is(&byte));
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            || (first.bytes().all(|byte| byte.is_ascii_alphabetic()) && is_of(u8::is_ascii_lowercase))
            || (first.bytes().all(|byte| byte.is_ascii_uppercase()) && is_of(u8::is_ascii_uppercase))
    };
    let (count, all) = parts.fold((0, true), |(count, all), part| (count + 1, all && is_word(part)));
    count >= 3 && all
}

/// Whether a value is a row of at least 32 hex digits.
pub(super) fn is_hex(value: &str) -> bool {
    value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) && entropy(value) >= 2.5
}

/// Whether a value has as many hex digits as a key of 16, 24, 32, 48 or 64 bytes. Of git's digests there are 40.
pub(super) fn is_key_in_hex(value: &str) -> bool {
    matches!(value.len(), 32 | 48 | 64 | 96 | 128) && is_hex(value)
}

/// How often a character is of another class than the one before: of random ones two in three, of words few.
fn changes(value: &str) -> usize {
    let class = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    value.bytes().zip(value.bytes().skip(1)).filter(|(before, after)| class(*before) != class(*after)).count()
}

/// Shannon's entropy in bits a byte.
#[expect(clippy::cast_precision_loss, reason = "lengths of lines")]
fn entropy(value: &str) -> f64 {
    let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
    for byte in value.bytes() {
        *counts.entry(byte).or_default() += 1;
    }
    let share = |count: &usize| *count as f64 / value.len() as f64;
    counts.values().map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_random_and_names_are_not() {
        let random = ["dGhpcyBpcyBub3Qgc28gcmFuZG9t", "q7Vx2LmB9sKfT0wZrY4nE8aJ", "Zm9vYmFyMTIzNDU2Nzg5MGFiY2Rl="];
        random.iter().for_each(|value| assert!(is_random(value), "{value}"));
        let plain = [
            "MeasurementSystemAndCurrency2024",
            "com.example.service.ConnectionPool",
            "6f1ed002ab5595859014ebf0951522d9",
            "123e4567-e89b-12d3-a456-426614174000",
            "AES256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "aaaaaaaaaaBBBBBBBBBB0000000000",
            "veza-api-Release-2026-01-01-amd64",
            "Veza-Backend-API-v2-Prod-Europe-West",
        ];
        plain.iter().for_each(|value| assert!(!is_random(value), "{value}"));
    }
}
