//! An SSHSIG in its armour, OpenSSH's PROTOCOL.sshsig: between two lines the blob in base64, 70 digits a line.
//!
//! ```text
//! "SSHSIG"  version: u32  public key: string  namespace: string  reserved: string  hash: string  signature: string
//! ```
//!
//! Integers are big-endian; a string is its length as a u32, and its bytes.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::NAMESPACE;
use crate::rootfs::{Digest, escaped};
use crate::{Error, Result};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const WIDTH: usize = 70;

/// A signature as `ssh-keygen` writes it, and in no other way: of one signature there is one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Armor {
    text: String,
    public_key: Vec<u8>,
    namespace: Vec<u8>,
}

impl Armor {
    /// The longest that is read, in bytes. Those of RSA keys with certificates have some 5,000.
    pub const LONGEST: u64 = 64 << 10;

    /// Reads the armour.
    ///
    /// # Errors
    /// It is none, or not as `ssh-keygen` writes it: the sentence says what is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        const NONE: &str = "it is no SSH signature";
        let text = str::from_utf8(text).map_err(|_| NONE)?;
        let body = text.strip_prefix(BEGIN).and_then(|rest| rest.trim_end().strip_suffix(END)).ok_or(NONE)?;
        let digits: String = body.split('\n').collect();
        let blob = STANDARD.decode(digits).map_err(|_| NONE)?;
        // Otherwise a byte could change, and nobody would see it.
        if text != armored(&blob) {
            return Err("it is not written as `ssh-keygen` writes it");
        }
        let (public_key, namespace) = fields(&blob).ok_or(NONE)?;
        let (public_key, namespace) = (public_key.to_vec(), namespace.to_vec());
        Ok(Self { text: text.to_owned(), public_key, namespace })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key that it says to be made with, as `ssh-keygen -l` shows it.
    pub fn key(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Digest::of_bytes(&self.public_key).0))
    }

    /// The key as files of allowed signers have it.
    pub(super) fn encoded_key(&self) -> String {
        STANDARD.encode(&self.public_key)
    }

    /// Whether two say to be made with the same key.
    pub fn has_key_of(&self, other: &Self) -> bool {
        self.public_key == other.public_key
    }

    /// Whether it is made for releases.
    pub(super) fn for_namespace(&self, name: &str) -> Result<()> {
        match self.namespace == NAMESPACE.as_bytes() {
            true => Ok(()),
            false => Err(Error::refused(format!(
                "`{name}` is a signature for `{}`, and not for `{NAMESPACE}`",
                escaped(&self.namespace)
            ))
            .hint(format!("`ssh-keygen -Y sign -n {NAMESPACE}` makes one for releases"))),
        }
    }
}

fn armored(blob: &[u8]) -> String {
    let digits = STANDARD.encode(blob);
    let mut text = format!("{BEGIN}\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        text += line;
        text.push('\n');
        rest = after;
    }
    text + END + "\n"
}

/// The public key and the namespace, of a blob that holds nothing else than it should.
fn fields(blob: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, mut rest) = blob.strip_prefix(MAGIC)?.split_first_chunk()?;
    (u32::from_be_bytes(*version) == VERSION).then_some(())?;
    let mut string = || {
        let (length, after) = rest.split_first_chunk()?;
        let (string, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        rest = after;
        Some(string)
    };
    let [public_key, namespace, _reserved, _hash, _signature] = [string()?, string()?, string()?, string()?, string()?];
    rest.is_empty().then_some((public_key, namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgl25hCxzCAqluRhuu5LP5I5lAQY
URLkUHB5GTAizqFRIAAAAHdmV6YWltZwAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQy
NTUxOQAAAEBJL88vZb52l4yOJce1Es6zPom6i9Ryl48YBArJwYjE5NoT4a9wXJ3po4k1QI
BU8z8L/0F+GX1vNjgDiXKUdn4F
-----END SSH SIGNATURE-----
";

    #[test]
    fn what_ssh_keygen_wrote_is_read_with_its_key_and_namespace() {
        let armor = Armor::parse(SIGNATURE.as_bytes()).unwrap();
        assert_eq!(armor.key(), "SHA256:p0TfQVhhsWNxUfVMz0Zskno+5Zhgf3VJ/zlMCvcvGc8");
        assert_eq!(armor.namespace, b"vezaimg");
        assert_eq!(armor.text(), SIGNATURE);
    }

    #[test]
    fn no_byte_can_change_that_does_not_change_the_signature() {
        let original = Armor::parse(SIGNATURE.as_bytes()).unwrap();
        for at in 0..SIGNATURE.len() {
            for bit in 0..8 {
                let mut bytes = SIGNATURE.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                if let Ok(other) = Armor::parse(&bytes) {
                    let blob = |text: &str| {
                        STANDARD.decode(text.lines().filter(|it| !it.starts_with('-')).collect::<String>())
                    };
                    assert_ne!(blob(other.text()), blob(original.text()), "byte {at}, bit {bit}");
                }
            }
        }
    }

    #[test]
    fn other_line_ends_and_what_follows_are_refused() {
        for text in [SIGNATURE.replace('\n', "\r\n"), format!("{SIGNATURE}\n"), SIGNATURE.trim_end().to_owned()] {
            assert!(Armor::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Armor::parse(b"").is_err());
        assert!(Armor::parse(b"-----BEGIN SSH SIGNATURE----------END SSH SIGNATURE-----").is_err());
    }
}
