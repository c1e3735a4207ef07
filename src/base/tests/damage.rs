//! Bases that are not whole: never read as if they were, and never a panic.

use super::fixture::{Place, SMALL, Tar, filter, listing, small};
use crate::base::budget::Budget;
use crate::base::fault::FETCH_AGAIN;
use crate::base::tarball::header::is_sound;
use crate::base::tarball::{MemberKind, Tarball};
use crate::error::{Class, Result};

/// The small base in every form that a file can have, with the two zero blocks and no filling after them.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let tar = small().whole();
    let mut forms = vec![("plain", tar.clone())];
    for program in ["gzip", "xz", "zstd"] {
        forms.push((program, filter(program, &["-c"], &tar)));
    }
    // Frames that end inside the tar, as an image of segments has them.
    let (front, back) = tar.split_at(2048);
    for program in ["gzip", "xz", "zstd"] {
        forms.push((program, [filter(program, &["-c"], front), filter(program, &["-c"], back)].concat()));
    }
    forms
}

#[test]
fn a_base_that_is_cut_anywhere_is_refused() {
    let place = Place::new();
    for (form, bytes) in forms() {
        let path = place.write("base", &bytes);
        assert_eq!(listing(std::slice::from_ref(&path)).unwrap(), SMALL, "{form}");
        for length in 0..bytes.len() {
            place.write("base", &bytes[..length]);
            match listing(std::slice::from_ref(&path)) {
                Ok(listing) => panic!("{form} cut after {length} of {} bytes: {listing}", bytes.len()),
                Err(error) => assert_eq!(error.class(), Class::Invalid, "{form} cut after {length}: {error}"),
            }
        }
    }
}

#[test]
fn a_flipped_byte_in_a_compressed_base_never_changes_what_is_read() {
    let place = Place::new();
    let path = place.path("base");
    for (form, bytes) in forms().into_iter().skip(1) {
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            place.write("base", &flipped);
            if let Ok(listing) = listing(std::slice::from_ref(&path)) {
                assert_eq!(listing, SMALL, "{form}: byte {at}");
            }
        }
    }
}

#[test]
fn a_flipped_byte_in_a_plain_header_is_refused() {
    let place = Place::new();
    let bytes = small().whole();
    for at in (0..bytes.len()).filter(|at| at / 512 < 2) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x40;
        let path = place.write("base", &flipped);
        assert!(listing(&[path]).is_err(), "byte {at}");
    }
}

#[test]
fn a_truncated_base_names_the_entry_that_it_ends_in() {
    let place = Place::new();
    let tar = Tar::new().directory("usr/").directory("usr/bin/").file("usr/bin/x", &[b'x'; 3000]).whole();
    let truncated = |length: usize, place_of: &str| {
        place.write("base.tar", &tar[..length]);
        assert_eq!(
            place.refusal(&["base.tar"]),
            format!("`base.tar` {place_of}: it is truncated\nhint: {FETCH_AGAIN}")
        );
    };
    truncated(300, "ends before its first entry");
    truncated(512, "ends after `usr` without the mark that closes an archive");
    truncated(1024, "ends after `usr/bin` without the mark that closes an archive");
    truncated(1536, "ends in the middle of `usr/bin/x`");
    truncated(3000, "ends in the middle of `usr/bin/x`");
    truncated(4608, "ends after `usr/bin/x` without the mark that closes an archive");
    truncated(5120, "ends after `usr/bin/x` without the mark that closes an archive");
}

#[test]
fn a_truncated_stream_names_the_entry_too() {
    let place = Place::new();
    let content: Vec<u8> =
        (0..400_000_u32).flat_map(|at| (at.wrapping_mul(2_654_435_761) >> 8).to_le_bytes()).collect();
    let tar = Tar::new().directory("usr/").file("usr/x", &content).whole();
    for program in ["gzip", "xz", "zstd"] {
        let bytes = filter(program, &["-c"], &tar);
        place.write("base", &bytes[..bytes.len() / 2]);
        let expected = format!("`base` ends in the middle of `usr/x`: it is truncated\nhint: {FETCH_AGAIN}");
        assert_eq!(place.refusal(&["base"]), expected, "{program}");
    }
}

#[test]
fn zeros_after_the_end_are_filling_and_nothing_else_is() {
    let place = Place::new();
    let tar = small().whole();
    place.write("base", &[tar.as_slice(), &[0; 512 * 37]].concat());
    assert_eq!(place.list(&["base"]), SMALL);

    place.write("base", &[tar.as_slice(), &[0; 512 * 37 + 100]].concat());
    assert_eq!(
        place.refusal(&["base"]),
        format!("`base` ends in the middle of a block: it is truncated\nhint: {FETCH_AGAIN}")
    );

    place.write("base", &[tar.as_slice(), &tar].concat());
    assert_eq!(
        place.refusal(&["base"]),
        "`base` goes on after the two zero blocks that end an archive\n\
         hint: Incus would not read what follows; join tars with `tar --concatenate`"
    );

    let lone = [small().0.as_slice(), &[0; 512], &small().whole()].concat();
    place.write("base", &lone);
    assert_eq!(
        place.refusal(&["base"]),
        format!(
            "`base` is corrupt after `usr/other`\ncause: a lone zero block stands where two end an archive\nhint: {FETCH_AGAIN}"
        )
    );
}

#[test]
fn what_the_sink_says_does_not_hide_why_reading_failed() {
    let place = Place::new();
    let whole = Tar::new().file("x", &[b'x'; 3000]).whole();
    let path = place.write("base", &whole[..2000]);
    let swallowed = crate::base::open(&[path]).unwrap().read(&crate::ui::Silent, &mut |_, entry| {
        if let crate::rootfs::Kind::File(body) = entry.kind {
            let mut content = Vec::new();
            assert!(body.reader.read_to_end(&mut content).is_err());
        }
        Ok(())
    });
    assert_eq!(
        place.scrub(swallowed.unwrap_err()),
        format!("`base` ends in the middle of `x`: it is truncated\nhint: {FETCH_AGAIN}")
    );
}

/// Entries of the kinds whose headers lead to most of the reader: long names, pax records, all forms of sparse files.
fn intricate() -> Vec<u8> {
    let map = [b"1\n2\n3\n".as_slice(), &[0; 506], b"abc"].concat();
    let old_sparse = |header: &mut tar::Header| {
        *header.as_mut_bytes() = *tar::Header::new_gnu().as_bytes();
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[0] = b's';
        gnu.typeflag = [b'S'];
        gnu.size = *b"00000000003\0";
        gnu.mode = *b"0000644\0";
        gnu.sparse[0].offset = *b"00000000007\0";
        gnu.sparse[0].numbytes = *b"00000000003\0";
        gnu.realsize = *b"00000000012\0";
    };
    let tar = Tar::new().entry(b'L', b"h", b"long\0").entry(b'K', b"h", b"target\0").link(b'2', "x", "y");
    let tar = tar.leading_sparse(&map, b"").sparse("2,3", "9", b"abc").with(b'S', b"", b"abc", old_sparse);
    tar.pax(b'g', &[("mtime", b"7")]).pax(b'x', &[("uid", b"1"), ("SCHILY.xattr.user.x", b"y")]).file("f", b"g").whole()
}

/// Reads all of a tar; how many bytes of content it holds.
fn read_all(bytes: &[u8]) -> Result<u64> {
    let mut tar = Tarball::new("fuzzed", Box::new(bytes));
    let mut length = 0;
    while let Some(member) = tar.next()? {
        if let MemberKind::File(size) = member.kind {
            // Content of that size would be zeros for minutes; what is left is skipped.
            let mut content = std::io::Read::take(tar.content(), 1 << 16);
            let read = std::io::copy(&mut content, &mut std::io::sink());
            length += read.unwrap_or_default().min(size);
        }
    }
    Ok(length)
}

#[test]
fn no_header_whose_checksum_is_right_makes_the_reader_panic() {
    let sound = intricate();
    assert_eq!(read_all(&sound).unwrap(), 6 + 9 + 10 + 1);
    for (number, block) in sound.chunks_exact(512).enumerate() {
        let is_header = is_sound(block.try_into().unwrap());
        // Every byte that says something, and the place of old sparse maps.
        for at in (0..512).filter(|at| block[*at] != 0 || (is_header && *at >= 386)) {
            for value in [0, b' ', b'7', b'S', 0x80, 0xff] {
                let mut bytes = sound.clone();
                let changed = &mut bytes[number * 512..][..512];
                changed[at] = value;
                if is_header {
                    let mut header = tar::Header::from_byte_slice(changed).clone();
                    header.set_cksum();
                    changed.copy_from_slice(header.as_bytes());
                }
                if let Err(error) = read_all(&bytes) {
                    assert_eq!(error.class(), Class::Invalid, "block {number}, byte {at} as {value}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_base_without_end_is_refused() {
    let mut budget = Budget::default();
    for _ in 0..4_000_000 {
        budget.entry().unwrap();
    }
    assert_eq!(budget.entry(), Err("holds more than 4,000,000 entries"));
    assert_eq!(budget.content(64 << 30), Ok(()));
    assert_eq!(budget.content(1), Err("holds more than 64 GiB of files"));
}
