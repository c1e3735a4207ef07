//! OpenSSL's hash of a certificate's subject, after `X509_NAME_hash_ex` in its `crypto/x509/x509_cmp.c`: the first four
//! bytes of a SHA-1, little endian. It is over the name in a canonical form (`crypto/x509/x_name.c`): the sets without
//! the sequence around them, text in UTF-8 and lower case with single spaces.

use sha1::{Digest as _, Sha1};

/// Tags of DER, X.690.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8_STRING: u8 = 0x0c;
const VERSION: u8 = 0xa0;

/// The hash of the subject of a certificate in DER, RFC 5280; none if it is not one.
pub(super) fn hash(certificate: &[u8]) -> Option<u32> {
    let mut canonical = Vec::new();
    let mut name = Der(subject(certificate)?);
    while !name.0.is_empty() {
        let mut attributes = Vec::new();
        let mut set = Der(name.element(SET)?);
        while !set.0.is_empty() {
            attributes.push(attribute(set.element(SEQUENCE)?)?);
        }
        // The order of a SET OF in DER.
        attributes.sort();
        write(&mut canonical, SET, &attributes.concat());
    }
    let [a, b, c, d, ..] = Sha1::digest(&canonical)[..] else { return None };
    Some(u32::from_le_bytes([a, b, c, d]))
}

/// What is inside of the subject's sequence.
fn subject(certificate: &[u8]) -> Option<&[u8]> {
    let mut fields = Der(Der(Der(certificate).element(SEQUENCE)?).element(SEQUENCE)?);
    if fields.0.first() == Some(&VERSION) {
        fields.next()?;
    }
    // Serial number, signature, issuer, validity.
    for _ in 0..4 {
        fields.next()?;
    }
    fields.element(SEQUENCE)
}

/// One attribute, type and value, in canonical form.
fn attribute(content: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Der(content);
    let (kind, id) = fields.next()?;
    let (tag, value) = fields.next()?;
    let mut canonical = Vec::new();
    write(&mut canonical, kind, id);
    match utf8(tag, value) {
        Some(text) => write(&mut canonical, UTF8_STRING, &folded(&text?)),
        None => write(&mut canonical, tag, value),
    }
    let mut sequence = Vec::new();
    write(&mut sequence, SEQUENCE, &canonical);
    Some(sequence)
}

/// The text of a value in UTF-8; the outer none if this is not a kind of text that is folded, the inner if it is no
/// text.
fn utf8(tag: u8, value: &[u8]) -> Option<Option<Vec<u8>>> {
    let characters = |size: usize| {
        let sound = value.len().is_multiple_of(size);
        let code = |unit: &[u8]| unit.iter().fold(0_u32, |code, byte| code << 8 | u32::from(*byte));
        let text: Option<String> = value.chunks(size).map(|unit| char::from_u32(code(unit))).collect();
        text.filter(|_| sound).map(String::into_bytes)
    };
    match tag {
        UTF8_STRING => Some(Some(value.to_vec())),
        // PrintableString, IA5String, VisibleString, and T61String, which OpenSSL takes for Latin-1.
        0x13 | 0x14 | 0x16 | 0x1a => Some(characters(1)),
        // BMPString and UniversalString.
        0x1e => Some(characters(2)),
        0x1c => Some(characters(4)),
        _ => None,
    }
}

/// Without spaces around it, with single ones inside, ASCII in lower case.
fn folded(text: &[u8]) -> Vec<u8> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let words: Vec<_> = text.split(is_space).filter(|word| !word.is_empty()).collect();
    words.join(&b' ').to_ascii_lowercase()
}

/// Elements one after another.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element: its tag and what is inside.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], mut rest) = self.0.split_first_chunk()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x84 => {
                let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, content))
    }

    /// What is inside of the next element, if it has this tag.
    fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}

fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    out.push(tag);
    match significant {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        // At most eight bytes of length.
        long => {
            out.extend((0x80..).nth(long.len()));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
}
