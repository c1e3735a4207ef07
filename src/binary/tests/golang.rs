//! Go build info, in blobs made by hand after the format of Go's `debug/buildinfo`.

use std::collections::BTreeMap;

use super::fixtures::{DATA, MAPPED, Workshop, elf_with_data};
use crate::binary::{GoBuildInfo, GoModule, read};

const LINES: &str = "path\tveza.example/api/cmd/veza-api\n\
    mod\tveza.example/api\tv1.4.2\t\n\
    dep\tgithub.com/lib/pq\tv1.10.9\th1:YXG7RB+JIjhP29X+OtkiDnYaXQwpS4JEWq7dtCCRUEw=\n\
    dep\tveza.example/log\tv0.1.0\n\
    =>\t../log\t(devel)\t\n\
    build\t-compiler=gc\n\
    build\t-ldflags=\"-X \\\"main.greeting=caf\\u00e9\\\\\\x21\\\" -s\\n\\101\"\n\
    build\tCGO_ENABLED=0\n\
    build\tGOARCH=amd64\n\
    build\t\"a key\"=`a value`\n\
    build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\n\
    build\tvcs.time=2025-06-01T12:00:00Z\n\
    build\tvcs.modified=true\n\
    future\tsomething\n";

fn module(path: &str, version: &str, sum: Option<&str>, replacement: Option<GoModule>) -> GoModule {
    GoModule {
        path: path.to_owned(),
        version: version.to_owned(),
        sum: sum.map(str::to_owned),
        replacement: replacement.map(Box::new),
    }
}

fn expected() -> GoBuildInfo {
    let settings = [
        ("-compiler", "gc"),
        ("-ldflags", "-X \"main.greeting=café\\!\" -s\nA"),
        ("CGO_ENABLED", "0"),
        ("GOARCH", "amd64"),
        ("a key", "a value"),
        ("vcs.modified", "true"),
        ("vcs.revision", "0123456789abcdef0123456789abcdef01234567"),
        ("vcs.time", "2025-06-01T12:00:00Z"),
    ];
    GoBuildInfo {
        go_version: "go1.23.5".to_owned(),
        path: "veza.example/api/cmd/veza-api".to_owned(),
        main: Some(module("veza.example/api", "v1.4.2", None, None)),
        deps: vec![
            module("github.com/lib/pq", "v1.10.9", Some("h1:YXG7RB+JIjhP29X+OtkiDnYaXQwpS4JEWq7dtCCRUEw="), None),
            module("veza.example/log", "v0.1.0", None, Some(module("../log", "(devel)", None, None))),
        ],
        settings: settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect(),
    }
}

/// The lines between their marks.
fn framed(lines: &str) -> Vec<u8> {
    [&[0x30; 16], lines.as_bytes(), &[0xf9; 16]].concat()
}

/// A string after its length as a varint.
fn counted(string: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut length = string.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend(string);
    bytes
}

/// The blob of Go 1.18 and later.
pub(super) fn inline(version: &str, lines: &[u8]) -> Vec<u8> {
    let mut blob = b"\xff Go buildinf:\x08\x02".to_vec();
    blob.resize(32, 0);
    [blob, counted(version.as_bytes()), counted(lines)].concat()
}

/// The blob of earlier ones, with the two strings behind it.
fn pointers(version: &str, lines: &[u8]) -> Vec<u8> {
    let base = MAPPED + DATA as u64;
    let (first, second) = (base + 32, base + 48);
    let (version_at, lines_at) = (base + 64, base + 64 + version.len() as u64);
    let mut blob = b"\xff Go buildinf:\x08\x00".to_vec();
    for word in [first, second, version_at, version.len() as u64, lines_at, lines.len() as u64] {
        blob.extend(word.to_le_bytes());
    }
    [&blob, version.as_bytes(), lines].concat()
}

fn read_go(elf: &[u8]) -> Option<GoBuildInfo> {
    let workshop = Workshop::new();
    read(&workshop.write("app", elf)).unwrap().go
}

#[test]
fn both_formats_are_read_from_the_section() {
    for blob in [inline("go1.23.5", &framed(LINES)), pointers("go1.23.5", &framed(LINES))] {
        assert_eq!(read_go(&elf_with_data(&blob, true)), Some(expected()));
    }
}

#[test]
fn without_sections_the_data_segment_is_searched() {
    // The segment begins with the file's headers, so the blob stands at its byte 128; what looks like one at byte
    // 136 does not stand at a multiple of 16.
    assert_eq!(read_go(&elf_with_data(&inline("go1.23.5", &framed(LINES)), false)), Some(expected()));
    let shifted = [&[0; 8], &inline("go1.23.5", &framed(LINES))[..]].concat();
    assert_eq!(read_go(&elf_with_data(&shifted, false)), None);
}

#[test]
fn the_revision_is_at_hand() {
    let info = expected();
    assert_eq!(info.revision(), Some("0123456789abcdef0123456789abcdef01234567"));
    assert!(info.is_modified());
    assert_eq!(GoBuildInfo::default().revision(), None);
    assert!(!GoBuildInfo::default().is_modified());
}

#[test]
fn a_program_built_without_modules_has_a_version_only() {
    let bare = GoBuildInfo { go_version: "go1.20".to_owned(), ..GoBuildInfo::default() };
    assert_eq!(read_go(&elf_with_data(&inline("go1.20", b""), true)), Some(bare));
}

#[test]
fn build_info_that_does_not_hold_together_is_left_out() {
    let lines = [
        "path\n",
        "mod\tonly-a-path\n",
        "dep\tp\tv\ts\textra\n",
        "=>\treplaces\tnothing\t\n",
        "build\tno-equals-sign\n",
        "build\t=value\n",
        "build\tk=\"unfinished\n",
        "build\tk=\"quoted\"rest\n",
        "build\tk=\"\\q\"\n",
        "build\tk=\"\\xff\"\n",
        "build\tk=\"\\ud800\"\n",
        "build\tk=\"\\x+1\"\n",
        "path\t\x1b[2J\n",
    ];
    for line in lines {
        assert_eq!(read_go(&elf_with_data(&inline("go1.23.5", &framed(line)), true)), None, "{line:?}");
    }
    let mut endless = inline("go1.23.5", &framed(LINES));
    endless[32..40].fill(0xff);
    let mut beyond = inline("go1.23.5", &framed(LINES));
    beyond[32..35].copy_from_slice(&[0xff, 0xff, 0x7f]);
    let mut outside = pointers("go1.23.5", &framed(LINES));
    outside[16..24].fill(0xff);
    let mut huge = pointers("go1.23.5", &framed(LINES));
    huge[40..48].fill(0xff);
    let header_only = inline("", b"")[..20].to_vec();
    let mut big_endian = pointers("go1.23.5", &framed(LINES));
    big_endian[15] = 1;
    for blob in [endless, beyond, outside, huge, header_only, big_endian] {
        assert_eq!(read_go(&elf_with_data(&blob, true)), None);
    }
}

#[test]
fn settings_are_kept_by_name() {
    let info = read_go(&elf_with_data(&inline("go1.23.5", &framed("build\tk=1\nbuild\tk=2\n")), true)).unwrap();
    assert_eq!(info.settings, BTreeMap::from([("k".to_owned(), "2".to_owned())]));
}
