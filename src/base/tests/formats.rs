//! Compressors and other formats, told by their magic bytes.

use std::fs;

use super::fixture::{Place, Recorder, SMALL, Tar, filter, small};
use crate::base::fault::FETCH_AGAIN;
use crate::base::{Form, open};
use crate::error::Class;
use crate::ui::Event;

const COMPRESSORS: [(&str, &[&str]); 3] = [("gzip", &[]), ("xz", &[]), ("zstd", &[])];

#[test]
fn every_compressor_is_told_by_its_bytes_and_not_by_its_name() {
    let place = Place::new();
    for (program, arguments) in COMPRESSORS {
        place.write("base.txt", &filter(program, arguments, &small().whole()));
        assert_eq!(place.list(&["base.txt"]), SMALL, "{program}");
    }
}

#[test]
fn concatenated_streams_are_one_tar() {
    let place = Place::new();
    let whole = small().whole();
    for (program, arguments) in COMPRESSORS {
        for cut in [512, 1500, whole.len() - 700] {
            let (front, back) = whole.split_at(cut);
            let joined = [filter(program, arguments, front), filter(program, arguments, back)].concat();
            place.write("base", &joined);
            assert_eq!(place.list(&["base"]), SMALL, "{program} cut at {cut}");
        }
    }
}

#[test]
fn skippable_frames_of_zstd_are_skipped_wherever_they_stand() {
    let place = Place::new();
    let skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc";
    let whole = small().whole();
    let (front, back) = whole.split_at(1024);
    let (front, back) = (filter("zstd", &["-q"], front), filter("zstd", &["-q"], back));
    place.write("base", &[skippable.as_slice(), &front, skippable, &back, skippable].concat());
    assert_eq!(place.list(&["base"]), SMALL);
}

#[test]
fn bytes_after_the_compressed_stream_are_refused() {
    let place = Place::new();
    for (program, arguments) in COMPRESSORS {
        for garbage in [b"x".as_slice(), b"garbage that is longer than any header would be"] {
            let mut bytes = filter(program, arguments, &small().whole());
            bytes.extend_from_slice(garbage);
            place.write("base", &bytes);
            let refusal = place.refusal(&["base"]);
            // A decoder that looks ahead complains before it has given the last entry.
            let complains = ["`base` is corrupt ", "`base` ends "].iter().any(|start| refusal.starts_with(start));
            assert!(complains && refusal.ends_with(FETCH_AGAIN), "{program}: {refusal}");
        }
    }
}

#[test]
fn a_window_that_needs_more_than_128_mib_is_refused() {
    let place = Place::new();
    let tar = small().whole();
    // A frame header without a content size, so that the window stands in the descriptor as it was asked for.
    place.write("zstd", &filter("zstd", &["-q", "--long=28", "--no-content-size"], &tar));
    place.write("xz", &filter("xz", &["--lzma2=preset=6,dict=256MiB"], &tar));
    for name in ["zstd", "xz"] {
        assert_eq!(
            place.refusal(&[name]),
            format!(
                "`{name}` needs more than 128 MiB of memory to decompress\n\
                 hint: decompress it first, with `zstd -dc --long=31` or `xz -dc`, and pass the tar"
            )
        );
    }
    place.write("zstd", &filter("zstd", &["-q", "--long=27", "--no-content-size"], &tar));
    place.write("xz", &filter("xz", &["-9"], &tar));
    for name in ["zstd", "xz"] {
        assert_eq!(place.list(&[name]), SMALL, "{name}");
    }
}

#[test]
fn formats_that_are_not_read_are_named_with_the_command_that_converts_them() {
    let place = Place::new();
    let tar = small().whole();
    place.write("b.bz2", &filter("bzip2", &["-c"], &tar));
    place.write("b.lz4", &filter("lz4", &["-c"], &tar));
    place.write("b.lzma", &filter("xz", &["--format=lzma", "-c"], &tar));
    let refused = |name: &str, noun: &str, command: &str| {
        assert_eq!(
            place.refusal(&[name]),
            format!(
                "`{name}` is {noun}, which is not read\n\
                 hint: run `{command} '{name}' > base.tar` and pass `base.tar`"
            )
        );
    };
    refused("b.bz2", "bzip2-compressed", "bzip2 -dc");
    refused("b.lz4", "lz4-compressed", "lz4 -dc");
    refused("b.lzma", "lzma-compressed", "xz --format=lzma -dc");
    place.write("disk.qcow2", b"QFI\xfb\0\0\0\x03");
    assert_eq!(
        place.refusal(&["disk.qcow2"]),
        "`disk.qcow2` is a qcow2 disk of a virtual machine, which is not read\n\
         hint: an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too"
    );
}

#[test]
fn a_file_named_like_a_magic_does_not_hide_the_tar() {
    let place = Place::new();
    let tar = Tar::new().file("BZh", b"1").file("hsqs", b"2");
    assert_eq!(place.list_tar(&tar), "-0644 0:0 @1 /BZh \"1\"\n-0644 0:0 @1 /hsqs \"2\"\n");
    let tar = Tar::new().file("hsqs", b"2");
    assert_eq!(place.list_tar(&tar), "-0644 0:0 @1 /hsqs \"2\"\n");
}

#[test]
fn what_is_no_base_at_all_is_refused() {
    let place = Place::new();
    place.write("empty", b"");
    place.write("text", b"# A layout\n[image]\n");
    place.write("text.gz", &filter("gzip", &["-c"], &[b'#'; 5000]));
    place.write("nothing.gz", &filter("gzip", &["-c"], &Tar::new().whole()));
    place.sh("mkfifo pipe");
    assert_eq!(place.refusal(&["nothing.gz"]), "`nothing.gz` is a tar without entries");
    assert_eq!(place.refusal(&["empty"]), format!("`empty` is empty\nhint: {FETCH_AGAIN}"));
    assert_eq!(
        place.refusal(&["text"]),
        "`text` is neither a tar nor a squashfs\n\
         cause: it begins with `# A layo`\n\
         hint: an image is a tar (plain, gzip, xz or zstd), a squashfs, or both; a base may be a directory too"
    );
    assert_eq!(
        place.refusal(&["text.gz"]),
        "`text.gz` does not hold a tar\n\
         hint: a base is a directory, a root file system tar, an Incus image or a squashfs"
    );
    assert_eq!(
        place.refusal(&["pipe"]),
        "`pipe` is neither a regular file nor a directory\n\
         hint: write what it gives into a file first: it is read more than once"
    );
    assert_eq!(
        place.refusal(&["missing.tar"]),
        "cannot read `missing.tar`\ncause: No such file or directory (os error 2)"
    );
}

#[test]
fn an_image_in_incus_is_to_be_exported_first() {
    let error = open(&["incus:debian/12".into()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`incus:debian/12` is an image in Incus, not a file\n\
         hint: run `incus image export debian/12 base` and pass the file or the files that it writes"
    );
    assert_eq!(error.class(), Class::Invalid);
}

#[test]
fn a_base_is_one_path_or_two() {
    for (paths, count) in [(vec![], 0), (vec!["a".into(), "b".into(), "c".into()], 3)] {
        let expected = format!("a base is one file or directory, or two files, and not {count}");
        assert_eq!(open(&paths).unwrap_err().to_string(), expected);
    }
}

#[test]
fn progress_is_told_in_bytes_of_the_file_at_most_some_times_a_second() {
    let place = Place::new();
    let content: Vec<u8> =
        (0..2_000_000_u32).flat_map(|at| (at.wrapping_mul(2_654_435_761) >> 8).to_le_bytes()).collect();
    let path = place.write("base.gz", &filter("gzip", &["-1"], &Tar::new().file("f", &content).whole()));
    let length = fs::metadata(&path).unwrap().len();

    let recorder = Recorder::default();
    let base = open(&[path]).unwrap();
    assert_eq!((base.form(), base.has_times()), (Form::RootfsTar, true));
    let start = std::time::Instant::now();
    base.read(&recorder, &mut |_, _| Ok(())).unwrap();
    let ticks = start.elapsed().as_millis() / 50 + 2;

    let events = recorder.events();
    assert!(events.len() as u128 <= ticks, "{} events in {ticks} ticks", events.len());
    assert_eq!(events.last(), Some(&Event::Progress { done: length, total: Some(length) }));
    let done = |event: &Event| match event {
        Event::Progress { done, total } if *total == Some(length) => *done,
        other => panic!("{other:?}"),
    };
    assert!(events.iter().map(done).is_sorted());
}
