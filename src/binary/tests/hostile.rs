//! Files that were made to harm: no panic, no endless loop, no memory that a length field asks for.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::fixtures::{Workshop, elf_with_data};
use super::golang::inline;
use crate::binary::check::versions_of;
use crate::binary::{Facts, elf::Flaw};

/// What the reader takes into memory at most: 4 MiB each of section headers and of Go build info, 1 MiB of section
/// names, 1.6 MiB of symbols, and 4,200 names of 4 KiB.
const MOST: u64 = 32 << 20;

/// A file that begins with `head`, goes on with `filler` up to `size`, and counts what is read of it: what the cache
/// reads it keeps.
struct Counted<'a> {
    head: &'a [u8],
    filler: u8,
    size: u64,
    position: u64,
    read: &'a mut u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let rest = self.head.get(usize::try_from(self.position).unwrap()..).unwrap_or_default();
        let of_head = rest.len().min(length);
        buffer[..of_head].copy_from_slice(&rest[..of_head]);
        buffer[of_head..length].fill(self.filler);
        self.position += length as u64;
        *self.read += length as u64;
        Ok(length)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::End(by) => self.size.checked_add_signed(by).unwrap(),
            SeekFrom::Current(by) => self.position.checked_add_signed(by).unwrap(),
        };
        Ok(self.position)
    }
}

/// Reads a file of `size` bytes that begins so, and checks what that took.
fn read_bounded(head: &[u8], filler: u8, size: u64) -> Result<Facts, Flaw> {
    let mut read = 0;
    let facts = Facts::read(Counted { head, filler, size, position: 0, read: &mut read });
    assert!(read <= MOST, "{read} bytes read of {size}");
    facts
}

/// A program with libraries and versions, the library, and a Go program.
static SEEDS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let workshop = Workshop::new();
    let program = fs::read(workshop.program("-Wl,-rpath,$ORIGIN")).unwrap();
    let lines = [&[0; 16], &b"path\tx\nmod\tx\tv1\nbuild\tk=\"\\x41\"\n"[..], &[0; 16]].concat();
    [program, fs::read(workshop.library(2)).unwrap(), elf_with_data(&inline("go1.23.5", &lines), true)]
});

#[test]
fn the_seeds_are_sound() {
    let size = |seed: &[u8]| seed.len() as u64;
    let program = read_bounded(&SEEDS[0], 0, size(&SEEDS[0])).unwrap();
    assert_eq!(program.versions.len(), 2);
    assert_eq!(versions_of(&SEEDS[1], program.architecture).unwrap(), ["DEMO_1.0", "DEMO_1.2"]);
    assert!(read_bounded(&SEEDS[2], 0, size(&SEEDS[2])).unwrap().go.is_some());
}

/// Bytes to overwrite: places anywhere, or at the beginning, where the headers are.
fn damage() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let place = prop_oneof![any::<prop::sample::Index>().prop_map(|at| at.index(1 << 20)), 0..0x400_usize];
    let byte = prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(0x7f)];
    prop::collection::vec((place, byte), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_neither_panic_nor_take_memory(
        seed in 0..3_usize,
        damage in damage(),
        cut in any::<prop::sample::Index>(),
        fate in 0..4,
    ) {
        let mut bytes = SEEDS[seed].clone();
        for (at, with) in damage {
            let length = bytes.len();
            bytes[at % length] = with;
        }
        let size = match fate {
            0 => cut.index(bytes.len()) as u64,
            1 => 1 << 40,
            _ => bytes.len() as u64,
        };
        bytes.truncate(usize::try_from(size).unwrap());
        // In the file of a terabyte every length field fits.
        for filler in [0, 0xff, 0x01] {
            let _ = read_bounded(&bytes, filler, size);
        }
        for architecture in crate::binary::Architecture::ALL {
            let _ = versions_of(&bytes, architecture);
        }
    }

    #[test]
    fn any_bytes_after_the_magic_are_survived(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let bytes = [b"\x7fELF\x02\x01\x01\0", &tail[..]].concat();
        let _ = read_bounded(&bytes, 0, bytes.len() as u64);
        let _ = read_bounded(&bytes, 0x01, 1 << 40);
    }
}

#[test]
fn every_truncation_of_a_program_is_refused() {
    for length in 0..SEEDS[0].len() {
        let flaw = read_bounded(&SEEDS[0][..length], 0, length as u64).err();
        let expected = if length < 4 { Flaw::NotElf } else { Flaw::Truncated(0, 0) };
        let same = std::mem::discriminant(&flaw.unwrap()) == std::mem::discriminant(&expected);
        assert!(same, "at {length}: {flaw:?}");
    }
}

/// A table of versions whose records all name the next, for ever.
#[test]
fn a_table_of_versions_without_end_is_refused() {
    let mut bytes = SEEDS[0].clone();
    let mut dynamic = None;
    for header in 0..usize::from(bytes[56]) {
        let at = 64 + 56 * header;
        if bytes[at] == 2 {
            dynamic = Some(u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap()));
        }
    }
    let mut at = usize::try_from(dynamic.unwrap()).unwrap();
    let mut table = 0;
    loop {
        let tag = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        match tag {
            0x6fff_fffe => table = u64::from_le_bytes(bytes[at + 8..at + 16].try_into().unwrap()),
            0x6fff_ffff => bytes[at + 8..at + 16].fill(0xff),
            0 => break,
            _ => {}
        }
        at += 16;
    }
    // The table lies in the first segment, whose addresses are its offsets. Of what the file is filled up with, too,
    // every record says that the next stands 0x01010101 bytes on.
    let first = usize::try_from(table).unwrap();
    bytes[first + 2..first + 4].fill(0);
    bytes[first + 12..first + 16].copy_from_slice(&0x0101_0101_u32.to_le_bytes());
    let flaw = read_bounded(&bytes, 0x01, 1 << 40).err();
    assert_eq!(flaw, Some(Flaw::Corrupt("has more than 1,024 symbol versions")));
    let flaw = read_bounded(&bytes, 0, bytes.len() as u64).err();
    assert_eq!(flaw, Some(Flaw::Corrupt("has a table of symbol versions that does not hold together")));
}
