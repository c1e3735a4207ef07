use std::io;

use super::{Frames, SIZE};
use crate::archive::Codec;
use crate::archive::tests::{compression, decompressed, noise};

/// Magic number of a zstd frame, RFC 8878, 3.1.1.
const MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

fn frames(input: &[u8]) -> Vec<u8> {
    frames_by(Codec::Zstd, 2, input)
}

fn frames_by(codec: Codec, jobs: usize, input: &[u8]) -> Vec<u8> {
    let mut frames = Frames::new(Vec::new(), &compression(codec, 1, jobs));
    frames.write_all(input).unwrap();
    frames.finish().unwrap()
}

#[test]
fn a_stream_is_cut_every_4_mib() {
    let input = vec![b'v'; 2 * SIZE + 1];
    let whole = frames(&input);
    let joined = [frames(&input[..SIZE]), frames(&input[SIZE..2 * SIZE]), frames(&input[2 * SIZE..])].concat();
    assert!(whole == joined);
    assert_eq!((SIZE, whole.windows(4).filter(|bytes| *bytes == MAGIC).count()), (4 << 20, 3));
}

#[test]
fn a_stream_of_whole_frames_has_no_empty_one_at_its_end() {
    assert_eq!(frames(&[]), b"");
    let whole = frames(&vec![b'v'; SIZE]);
    assert_eq!(whole.windows(4).filter(|bytes| *bytes == MAGIC).count(), 1);
    assert_eq!(decompressed(Codec::Zstd, &whole).len(), SIZE);
}

#[test]
fn a_stream_longer_than_all_frames_under_way_stays_in_order() {
    let mut input: Vec<u8> = (0..4).flat_map(|number| vec![number; SIZE]).collect();
    input.push(4);
    assert!(decompressed(Codec::Zstd, &frames_by(Codec::Zstd, 1, &input)) == input);
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let mut input = noise(100_000);
    input.resize(2 * SIZE, b'v');
    input.extend_from_slice(&noise(1_000));
    let one = frames_by(Codec::Zstd, 1, &input);
    for jobs in [2, 3, 8] {
        assert!(frames_by(Codec::Zstd, jobs, &input) == one, "{jobs} jobs");
    }
    let shorter = &input[SIZE..];
    assert!(frames_by(Codec::Gzip, 2, shorter) == frames_by(Codec::Gzip, 1, shorter));
}

#[test]
fn the_sink_keeps_what_it_had() {
    let mut frames = Frames::new(b"before".to_vec(), &compression(Codec::Gzip, 1, 1));
    frames.write_all(b"veza").unwrap();
    let bytes = frames.finish().unwrap();
    assert_eq!(&bytes[..6], b"before");
    assert_eq!(decompressed(Codec::Gzip, &bytes[6..]), b"veza");
}

#[test]
fn the_space_is_never_empty() -> io::Result<()> {
    let mut frames = Frames::new(io::sink(), &compression(Codec::Zstd, 1, 1));
    assert_eq!(frames.space().len(), SIZE);
    frames.advance(SIZE - 1)?;
    assert_eq!(frames.space().len(), 1);
    frames.advance(1)?;
    assert_eq!(frames.space().len(), SIZE);
    Ok(())
}
