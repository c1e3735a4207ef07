//! The memory that a build takes does not grow with its base.

mod peak;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use self::peak::Ran;
use crate::support::workspace::{SMALL_BASE, Workspace, tar_of};

/// What a build may take of its own at its default level, on two threads: 96 MiB with the 12 of the optimised program's code.
const MOST: u64 = 84 << 20;

/// Bytes of a large base.
const LARGE: u64 = 2 << 30;

/// Bytes of one file of the large base.
const FILE: u64 = 64 << 20;

/// A directory on the disk, which `/tmp` need not be.
fn scratch() -> TempDir {
    TempDir::with_prefix_in("memory-", env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Builds at the default level and checks what it took.
fn assert_modest(base: &Path) {
    let workspace = Workspace::new();
    let out = scratch();
    let mut command = workspace.command();
    command.args(["build", "--layout", "layout.toml", "--binary", "app", "--jobs", "2", "--base"]).arg(base);
    let Ran { output, lasted, peak } = peak::run(command.arg("--out").arg(out.path())).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(peak <= MOST, "the peak was {:.1} MiB, in {lasted:.1?}", peak as f64 / f64::from(1 << 20));
    assert!(peak > 4 << 20, "a build cannot do with {peak} bytes: what was measured?");
}

/// Bytes that look like chance and are the same every time: xorshift64*, Vigna 2016.
struct Noise(u64);

impl Noise {
    fn block(&mut self, size: usize) -> Vec<u8> {
        let next = || {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
        };
        std::iter::repeat_with(next).take(size.div_ceil(8)).flatten().take(size).collect()
    }
}

/// `size` bytes of a block over and over.
struct Over<'b> {
    block: &'b [u8],
    at: usize,
}

impl Read for Over<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.block[self.at..]).read(buffer)?;
        self.at = (self.at + read) % self.block.len();
        Ok(read)
    }
}

/// The small base's tar without its end, to be gone on with.
fn begin(path: &Path) -> tar::Builder<BufWriter<File>> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let small = tar_of(SMALL_BASE.iter());
    file.write_all(&small[..small.len() - 1024]).unwrap();
    tar::Builder::new(file)
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header
}

/// Large files as there are: most of them compress well, some, which fill every buffer, not at all.
#[test]
fn two_gigabytes_of_files_take_no_more_than_96_mebibytes() {
    let scratch = scratch();
    let base = scratch.path().join("base.tar");
    let mut tar = begin(&base);
    // Longer than a frame, and so short that a frame holds it twenty times.
    let (dense, repetitive) = (Noise(1).block(9 << 20), Noise(2).block(200_000));
    for number in 0..LARGE / FILE {
        let block = if number % 16 == 3 { &dense } else { &repetitive };
        let content = Over { block, at: 0 }.take(FILE);
        tar.append_data(&mut header(FILE), format!("./var/large-{number:02}"), content).unwrap();
    }
    tar.into_inner().unwrap().flush().unwrap();
    assert!(fs::metadata(&base).unwrap().len() > LARGE);
    assert_modest(&base);
}

/// A file that is all hole takes no room on the disk and 2 GiB of reading.
#[test]
fn a_file_of_two_gigabytes_in_a_directory_takes_no_more_than_96_mebibytes() {
    let scratch = scratch();
    let workspace = Workspace::new();
    let mut unpack = Command::new("tar");
    unpack.arg("-xpf").arg(workspace.join("base.tar")).arg("-C").arg(scratch.path());
    assert!(unpack.status().unwrap().success());
    File::create(scratch.path().join("var/large")).unwrap().set_len(LARGE).unwrap();
    assert_modest(scratch.path());
}

/// Fifteen times a server's, every one of them in the tree and in the manifest: some 190 bytes each.
#[test]
fn a_hundred_and_fifty_thousand_entries_take_no_more_than_96_mebibytes() {
    let scratch = scratch();
    let base = scratch.path().join("base.tar");
    let mut tar = begin(&base);
    let noise = Noise(3).block(1 << 16);
    for number in 0..150_000_usize {
        let content = &noise[number % 60_000..][..number % 700];
        let path = format!("./usr/share/doc/package-{:04}/file-{:02}.txt", number / 50, number % 50);
        tar.append_data(&mut header(content.len() as u64), path, content).unwrap();
    }
    tar.into_inner().unwrap().flush().unwrap();
    assert_modest(&base);
}
