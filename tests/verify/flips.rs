//! No byte of a release can change unseen.

use std::fs;

use super::{signed, verify};

/// So many positions of every file, the first and the last among them.
const POSITIONS: usize = 40;

#[test]
fn a_bit_flipped_anywhere_is_caught() {
    let workspace = signed();
    let files = workspace.out();
    assert_eq!(files.len(), 6);
    for file in &files {
        let path = workspace.join("out").join(file);
        let whole = fs::read(&path).unwrap();
        for index in 0..POSITIONS {
            let at = index * (whole.len() - 1) / (POSITIONS - 1);
            let bit = (index * 5) % 8;
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            fs::write(&path, &flipped).unwrap();
            for signers in [&["--signers", "allowed_signers"][..], &[]] {
                let told = verify(&workspace, signers);
                assert_eq!(told.code, Some(1), "{file}, byte {at}, bit {bit}: {}{}", told.stdout, told.stderr);
            }
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(verify(&workspace, &["--signers", "allowed_signers"]).code, Some(0));
}

#[test]
fn a_file_that_is_gone_cut_off_or_longer_is_caught() {
    let workspace = signed();
    for file in workspace.out() {
        let path = workspace.join("out").join(&file);
        let whole = fs::read(&path).unwrap();
        for other in [&whole[..0], &whole[..whole.len() / 2], &[&whole[..], b"\n"].concat()] {
            fs::write(&path, other).unwrap();
            assert_eq!(verify(&workspace, &[]).code, Some(1), "{file} of {} bytes", other.len());
        }
        fs::remove_file(&path).unwrap();
        let told = verify(&workspace, &["--signers", "allowed_signers"]);
        let expected = if file.ends_with(".incus.tar.zst") { 2 } else { 1 };
        assert_eq!(told.code, Some(expected), "{file}: {}", told.stderr);
        fs::write(&path, &whole).unwrap();
    }
}
