//! What the real gpgv makes of files that a throwaway key signed: `tests/fixtures/debian`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::debian::signature::{Keyring, verify, verify_with};
use crate::error::Class;

const WHAT: &str = "the InRelease of `bookworm`";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/debian").join(name)
}

fn keyring(name: &str) -> Keyring {
    Keyring::find(Some(&fixture(name))).unwrap()
}

fn signed(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

/// The text between the header and the signature.
fn text_of(signed: &[u8]) -> String {
    let text = std::str::from_utf8(signed).unwrap();
    let (_, text) = text.split_once("\n\n").unwrap();
    format!("{}\n", text.split_once("\n-----BEGIN PGP SIGNATURE-----").unwrap().0)
}

/// The message of the refusal, without the keyring's path; what gpgv said is there, too.
fn refusal(signed: &[u8], keyring_name: &str) -> String {
    let error = verify(signed, &keyring(keyring_name), WHAT).unwrap_err();
    assert_eq!(error.class(), Class::Refused);
    error.message().replace(&fixture(keyring_name).display().to_string(), keyring_name)
}

#[test]
fn the_text_is_what_was_signed() {
    let signed = signed("InRelease");
    assert_eq!(verify(&signed, &keyring("archive.gpg"), WHAT).unwrap(), text_of(&signed));
}

#[test]
fn one_good_signature_beside_one_of_a_stranger_is_enough() {
    let signed = signed("InRelease.two-keys");
    assert_eq!(verify(&signed, &keyring("archive.gpg"), WHAT).unwrap(), text_of(&signed));
    assert_eq!(verify(&signed, &keyring("stranger.gpg"), WHAT).unwrap(), text_of(&signed));
}

#[test]
fn what_stands_around_the_signed_text_is_no_part_of_it() {
    let signed = signed("InRelease");
    let longer = [&signed, b"Codename: sid\n".as_slice()].concat();
    assert_eq!(verify(&longer, &keyring("archive.gpg"), WHAT).unwrap(), text_of(&signed));
    let before = [b"Codename: sid\n", signed.as_slice()].concat();
    assert_eq!(refusal(&before, "archive.gpg"), "the InRelease of `bookworm` is not signed");
}

#[test]
fn two_signed_texts_are_one_too_many() {
    let twice = signed("InRelease").repeat(2);
    assert_eq!(refusal(&twice, "archive.gpg"), "the signature of the InRelease of `bookworm` cannot be verified");
}

#[test]
fn a_changed_byte_of_the_text_is_a_bad_signature() {
    let sound = signed("InRelease");
    let text = text_of(&sound);
    let begin = sound.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    // Every seventh byte of the text that is no white space, which a signature may overlook at the end of a line.
    let places = (begin..begin + text.len()).step_by(7).filter(|at| sound[*at].is_ascii_alphanumeric());
    for at in places {
        let mut changed = sound.clone();
        changed[at] ^= 1;
        let message = refusal(&changed, "archive.gpg");
        assert_eq!(message, "the InRelease of `bookworm` was changed after it was signed", "byte {at}");
    }
}

#[test]
fn a_changed_byte_of_the_signature_is_refused() {
    let sound = signed("InRelease");
    let armour = sound.windows(2).rposition(|window| window == b"\n\n").unwrap() + 2;
    for at in (armour..armour + 100).step_by(9) {
        let mut changed = sound.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let error = verify(&changed, &keyring("archive.gpg"), WHAT).unwrap_err();
        assert_eq!(error.class(), Class::Refused, "byte {at}");
    }
}

#[test]
fn an_unknown_key_is_told_with_what_gpgv_says() {
    let error = verify(&signed("InRelease"), &keyring("stranger.gpg"), WHAT).unwrap_err();
    let shown = error.to_string().replace(&fixture("stranger.gpg").display().to_string(), "stranger.gpg");
    assert_eq!(
        shown,
        "the InRelease of `bookworm` is signed by no key of the keyring `stranger.gpg`\n\
         cause: Signature made Thu Jan  1 00:00:00 2026 UTC; using EDDSA key 01F1CC7E2092DFE017136916E7EEF007FF4A263F; \
         issuer \"archive@example.org\"; Can't check signature: No public key\n\
         hint: a newer `debian-archive-keyring` may hold the key; `--keyring FILE` names its file"
    );
}

#[test]
fn an_expired_key_is_refused() {
    let message = "the key in `archive.gpg` that signed the InRelease of `bookworm` has expired";
    assert_eq!(refusal(&signed("InRelease.expired-key"), "archive.gpg"), message);
}

#[test]
fn a_text_without_signature_is_refused() {
    let message = "the InRelease of `bookworm` is not signed";
    assert_eq!(refusal(text_of(&signed("InRelease")).as_bytes(), "archive.gpg"), message);
    assert_eq!(refusal(b"<!DOCTYPE html>", "archive.gpg"), message);
    assert_eq!(refusal(b"", "archive.gpg"), message);
}

#[test]
fn a_truncated_file_is_refused() {
    let sound = signed("InRelease");
    for length in [40, 60, 200, sound.len() - 60] {
        let error = verify(&sound[..length], &keyring("archive.gpg"), WHAT).unwrap_err();
        assert_eq!(error.class(), Class::Refused, "{length} bytes");
    }
}

#[test]
fn a_file_too_large_is_refused_unread() {
    let large = signed("InRelease").repeat(10_000);
    assert_eq!(refusal(&large, "archive.gpg"), "the InRelease of `bookworm` has more than 8388608 bytes");
}

#[test]
fn a_missing_gpgv_is_told_with_its_package() {
    let error = verify_with("no-such-gpgv", &signed("InRelease"), &keyring("archive.gpg"), WHAT).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot verify the InRelease of `bookworm`: `no-such-gpgv` is not installed\n\
         hint: `apt-get install gpgv` installs it"
    );
    assert_eq!(error.class(), Class::Failed);
}

#[test]
fn a_keyring_is_the_one_given_or_debians_own() {
    let own = fixture("archive.gpg");
    assert_eq!(Keyring::find_beside(None, &own).unwrap(), keyring("archive.gpg"));
    assert_eq!(Keyring::find_beside(Some(&fixture("stranger.gpg")), &own).unwrap(), keyring("stranger.gpg"));
    let missing = Keyring::find_beside(None, Path::new("/nowhere/keyring.gpg")).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "there is no keyring `/nowhere/keyring.gpg` to verify Debian with\n\
         hint: `apt-get install debian-archive-keyring` installs it\n\
         hint: or `--keyring FILE` names another file of Debian's keys"
    );
    let given = Keyring::find(Some(Path::new("/nowhere/given.gpg"))).unwrap_err();
    assert_eq!(
        given.to_string(),
        "cannot read the keyring `/nowhere/given.gpg`\ncause: No such file or directory (os error 2)"
    );
}

#[test]
fn a_keyring_of_text_is_told_how_to_become_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.asc");
    fs::write(&path, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n").unwrap();
    let error = Keyring::find(Some(&path)).unwrap_err().to_string();
    let shown = error.replace(&path.display().to_string(), "keys.asc");
    assert_eq!(
        shown,
        "the keyring `keys.asc` is text, of which `gpgv` reads none\n\
         hint: `gpg --dearmor <'keys.asc' >keyring.gpg` makes one that it reads"
    );
}
