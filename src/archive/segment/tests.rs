use std::io::{self, Read, Write};
use std::sync::{Arc, LazyLock, Mutex};

use proptest::prelude::*;

use super::{AppendError, Segment, end};
use crate::archive::tests::{append, compression, decompressed, metadata, noise, path, records};
use crate::archive::{Codec, frames};
use crate::rootfs::{Body, Entry, Kind, Summary};

/// Gives content in pieces of the lengths given, over and over, with an interruption before each.
struct Pieces<'a> {
    content: &'a [u8],
    lengths: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    interrupt: bool,
}

impl<'a> Pieces<'a> {
    fn new(content: &'a [u8], lengths: &'a [usize]) -> Self {
        Self { content, lengths: lengths.iter().cycle(), interrupt: false }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = into.len().min(*self.lengths.next().unwrap());
        self.content.read(&mut into[..length])
    }
}

/// A disk with room for so many bytes, that can be looked at while it is written to.
#[derive(Clone)]
struct Disk {
    written: Arc<Mutex<usize>>,
    room: usize,
}

impl Disk {
    fn new(room: usize) -> Self {
        Self { written: Arc::default(), room }
    }

    fn written(&self) -> usize {
        *self.written.lock().unwrap()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap();
        let length = bytes.len().min(self.room - *written);
        if length == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *written += length;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Noise that does not end, and how much of it was read.
struct Endless<'a> {
    noise: &'a [u8],
    read: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = (&self.noise[self.read % self.noise.len()..]).read(into)?;
        self.read += length;
        Ok(length)
    }
}

fn file(size: u64, reader: &mut dyn Read) -> Entry<Body<'_>> {
    Entry { metadata: metadata(0o644, 0, 0), kind: Kind::File(Body { size, reader }) }
}

/// More than a frame, of what compresses and what does not.
fn content() -> Vec<u8> {
    let mut content = noise(100_000);
    content.resize(frames::SIZE, b'v');
    content.extend_from_slice(&noise(1_000));
    content
}

fn segment(jobs: usize, content: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut segment = Segment::new(Vec::new(), &compression(Codec::Zstd, 1, jobs), "rootfs/");
    let size = content.len() as u64;
    segment.append(&path("opt/api"), file(size, &mut Pieces::new(content, lengths))).unwrap();
    segment.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bytes_do_not_depend_on_how_the_content_comes(
        lengths in prop::collection::vec(prop_oneof![1..1_000_usize, 1_000..5_000_000_usize], 1..6),
    ) {
        static CONTENT: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
            let content = content();
            let expected = segment(1, &content, &[usize::MAX]);
            (content, expected)
        });
        let (content, expected) = &*CONTENT;
        // Short pieces alone would be millions of calls.
        let lengths = [lengths, vec![100_000]].concat();
        prop_assert!(segment(2, content, &lengths) == *expected);
    }
}

#[test]
fn appending_gives_the_entry_back_with_the_content_summed_up() {
    let mut segment = Segment::new(Vec::new(), &compression(Codec::Zstd, 1, 1), "");
    let entry = Entry { metadata: metadata(0o600, 1, 2), kind: Kind::File(b"abc".to_vec()) };
    let appended = append(&mut segment, &path("abc"), entry).unwrap();
    let Kind::File(Summary { size, sha256 }) = appended.kind else { panic!("{appended:?}") };
    assert_eq!((appended.metadata, size), (metadata(0o600, 1, 2), 3));
    // FIPS 180-2, appendix B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256.to_string(), abc);

    let link = Entry { metadata: metadata(0o777, 0, 0), kind: Kind::Symlink(b"abc".to_vec()) };
    let appended = append(&mut segment, &path("link"), link).unwrap();
    assert_eq!(appended, Entry { metadata: metadata(0o777, 0, 0), kind: Kind::Symlink(b"abc".to_vec()) });
}

#[test]
fn content_follows_its_header_padded_with_zeros() {
    let mut segment = Segment::new(Vec::new(), &compression(Codec::Gzip, 1, 1), "");
    segment.append(&path("abc"), file(3, &mut b"abc".as_slice())).unwrap();
    let tar = decompressed(Codec::Gzip, &segment.finish().unwrap());
    assert_eq!(records(&tar), "0 0000644 0000000 0000000 00000000003 14524770400 abc\n");
    assert_eq!(tar[512..], [b"abc".as_slice(), &[0; 509]].concat());
}

#[test]
fn the_end_is_two_records_of_zeros() {
    for codec in [Codec::Zstd, Codec::Gzip] {
        let end = end(Vec::new(), &compression(codec, 9, 2)).unwrap();
        assert_eq!(decompressed(codec, &end), [0; 1024]);
    }
}

#[test]
fn content_that_is_not_as_long_as_its_size_is_an_error() {
    for (size, given, message) in [
        (4, b"abc".as_slice(), "the content ends after 3 of 4 bytes"),
        (1 << 40, b"abc", "the content ends after 3 of 1099511627776 bytes"),
        (2, b"abc", "the content goes on after 2 bytes"),
        (0, b"abc", "the content goes on after 0 bytes"),
    ] {
        let mut segment = Segment::new(Vec::new(), &compression(Codec::Zstd, 1, 2), "");
        let error = segment.append(&path("abc"), file(size, &mut { given })).unwrap_err();
        assert!(matches!(error, AppendError::Size { .. }), "{error:?}");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn content_that_cannot_be_read_is_told_from_an_archive_that_cannot_be_written() {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    let mut segment = Segment::new(Vec::new(), &compression(Codec::Zstd, 1, 2), "");
    let error = segment.append(&path("abc"), file(3, &mut b"a".chain(Torn))).unwrap_err();
    assert!(matches!(&error, AppendError::Read(error) if error.kind() == io::ErrorKind::UnexpectedEof), "{error:?}");
}

#[test]
fn a_segment_that_broke_off_is_never_finished() {
    let mut segment = Segment::new(Vec::new(), &compression(Codec::Zstd, 1, 2), "");
    segment.append(&path("short"), file(4, &mut b"abc".as_slice())).unwrap_err();
    let error = segment.append(&path("whole"), file(3, &mut b"abc".as_slice())).unwrap_err();
    assert!(matches!(error, AppendError::Write(_)), "{error:?}");
    assert_eq!(error.to_string(), "the archive broke off at an earlier entry");
    assert_eq!(segment.finish().unwrap_err().to_string(), "the archive broke off at an earlier entry");
}

#[test]
fn a_full_disk_ends_the_work_long_before_the_content_does() {
    let room = frames::SIZE + 100;
    let noise = noise(frames::SIZE);
    let mut content = Endless { noise: &noise, read: 0 };
    let disk = Disk::new(room);
    let mut segment = Segment::new(disk.clone(), &compression(Codec::Zstd, 1, 2), "");
    let error = segment.append(&path("endless"), file(u64::MAX, &mut content)).unwrap_err();
    assert!(matches!(&error, AppendError::Write(error) if error.kind() == io::ErrorKind::StorageFull), "{error:?}");
    drop(segment);
    assert_eq!(disk.written(), room);
    // The frame that fitted, the one that did not, and what two threads had under way meanwhile.
    assert!(content.read <= 6 * frames::SIZE, "{} bytes were read", content.read);
}

#[test]
fn a_disk_that_is_full_at_the_end_is_an_error_of_finish() {
    let disk = Disk::new(10);
    let mut segment = Segment::new(disk.clone(), &compression(Codec::Zstd, 1, 2), "");
    segment.append(&path("abc"), file(3, &mut b"abc".as_slice())).unwrap();
    let error = segment.finish().map(|_| ()).unwrap_err();
    assert_eq!((error.kind(), disk.written()), (io::ErrorKind::StorageFull, 10));
}

#[test]
fn a_dropped_segment_writes_nothing_more() {
    let disk = Disk::new(usize::MAX);
    let mut segment = Segment::new(disk.clone(), &compression(Codec::Zstd, 1, 2), "");
    let content = content();
    segment.append(&path("abc"), file(content.len() as u64, &mut content.as_slice())).unwrap();
    let written = disk.written();
    drop(segment);
    assert_eq!(disk.written(), written);
}
