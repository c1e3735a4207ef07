use std::num::NonZeroUsize;

use super::{Codec, Compression};
use crate::archive::frames;
use crate::archive::tests::{compression, decompressed, noise};

fn frame(codec: Codec, level: i32, input: &[u8]) -> Vec<u8> {
    let mut output = b"of an earlier frame".to_vec();
    compression(codec, level, 1).frame(input, &mut output).unwrap();
    output
}

#[test]
fn a_level_that_a_codec_does_not_have_is_refused() {
    let refused = |codec, level| Compression::new(codec, Some(level), NonZeroUsize::MIN).unwrap_err().to_string();
    let zstd = |level| format!("zstd has no level `{level}`\nhint: give a level from 1 to 22; 9 is the default");
    assert_eq!([refused(Codec::Zstd, 0), refused(Codec::Zstd, 23)], [zstd(0), zstd(23)]);
    let gzip = |level| format!("gzip has no level `{level}`\nhint: give a level from 1 to 9; 9 is the default");
    assert_eq!([refused(Codec::Gzip, -1), refused(Codec::Gzip, 10)], [gzip(-1), gzip(10)]);
}

#[test]
fn without_a_level_a_codec_takes_its_default() {
    for codec in [Codec::Zstd, Codec::Gzip] {
        let compression = Compression::new(codec, None, NonZeroUsize::MIN).unwrap();
        assert_eq!((compression.codec(), compression.level()), (codec, 9));
    }
}

/// The layout is RFC 8878, 3.1.1.1.
#[test]
fn a_zstd_frame_says_its_size_carries_a_checksum_and_needs_a_window_that_every_decoder_has() {
    let input = vec![b'v'; frames::SIZE];
    for level in [1, 9, 19, 22] {
        let frame = frame(Codec::Zstd, level, &input);
        assert_eq!(frame[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        let descriptor = frame[4];
        // Four bytes of content size, a checksum, no dictionary.
        assert_eq!(descriptor & 0b1101_1111, 0b1000_0100, "level {level}");
        let single_segment = descriptor & 0b0010_0000 != 0;
        let (window, size) = if single_segment {
            (frames::SIZE, &frame[5..9])
        } else {
            let (exponent, mantissa) = (frame[5] >> 3, usize::from(frame[5] & 7));
            let base = 1 << (10 + exponent);
            (base + base / 8 * mantissa, &frame[6..10])
        };
        assert_eq!(size, u32::try_from(frames::SIZE).unwrap().to_le_bytes(), "level {level}");
        assert!(window <= 8 << 20, "level {level} needs {window} bytes");
    }
}

#[test]
fn a_gzip_member_names_no_time_no_file_and_no_system() {
    let best_compression = 2;
    let member = frame(Codec::Gzip, 9, b"veza");
    assert_eq!(member[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, best_compression, 255]);
}

#[test]
fn a_frame_holds_its_input_whatever_that_is() {
    let inputs = [Vec::new(), vec![0], vec![0; 100_000], noise(100_000)];
    for codec in [Codec::Zstd, Codec::Gzip] {
        for level in [1, codec.default_level()] {
            for input in &inputs {
                assert!(decompressed(codec, &frame(codec, level, input)) == *input, "{} {level}", codec.name());
            }
        }
    }
}
