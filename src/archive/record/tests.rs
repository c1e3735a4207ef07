use std::io;

use super::{head, padding};
use crate::archive::tests::{metadata, path, records};
use crate::rootfs::{Body, Entry, Kind, Metadata};

/// What stands before a file of `size` bytes.
fn file(prefix: &str, name: impl AsRef<[u8]>, metadata: Metadata, size: u64) -> Vec<u8> {
    let body = Body { size, reader: &mut io::empty() };
    head(prefix, &path(name), &Entry { metadata, kind: Kind::File(body) })
}

fn other(prefix: &str, name: impl AsRef<[u8]>, kind: Kind<Body<'_>>) -> Vec<u8> {
    head(prefix, &path(name), &Entry { metadata: metadata(0o755, 0, 0), kind })
}

/// Bytes with every run of NULs as its length in braces.
fn shown(bytes: &[u8]) -> String {
    bytes
        .chunk_by(|one, next| (*one == 0) == (*next == 0))
        .map(|run| if run[0] == 0 { format!("{{{}}}", run.len()) } else { run.escape_ascii().to_string() })
        .collect()
}

#[test]
fn a_plain_entry_is_one_ustar_header() {
    let expected = "rootfs/etc/hosts{84}0000644{1}0001751{1}0000005{1}00000000221{1}14524770400{1}0011177{1}0{100}\
                    ustar{1}00{247}";
    assert_eq!(shown(&file("rootfs/", "etc/hosts", metadata(0o644, 1001, 5), 145)), expected);
}

#[test]
fn every_kind_has_its_type_and_its_link() {
    let heads = [
        other("rootfs/", "", Kind::Directory),
        other("", "", Kind::Directory),
        other("", "etc", Kind::Directory),
        other("rootfs/", "bin", Kind::Symlink(b"./usr//bin/".to_vec())),
        other("rootfs/", "usr/bin/b", Kind::HardLink(path("usr/bin/a"))),
        other("", "usr/bin/b", Kind::HardLink(path("usr/bin/a"))),
        other("rootfs/", "run/fifo", Kind::Fifo),
        file("", "metadata.yaml", metadata(0o7777, 0, 0), 0),
    ];
    let expected = "\
        5 0000755 0000000 0000000 00000000000 14524770400 rootfs/\n\
        5 0000755 0000000 0000000 00000000000 14524770400 ./\n\
        5 0000755 0000000 0000000 00000000000 14524770400 etc/\n\
        2 0000755 0000000 0000000 00000000000 14524770400 rootfs/bin -> ./usr//bin/\n\
        1 0000755 0000000 0000000 00000000000 14524770400 rootfs/usr/bin/b -> rootfs/usr/bin/a\n\
        1 0000755 0000000 0000000 00000000000 14524770400 usr/bin/b -> usr/bin/a\n\
        6 0000755 0000000 0000000 00000000000 14524770400 rootfs/run/fifo\n\
        0 0007777 0000000 0000000 00000000000 14524770400 metadata.yaml\n";
    assert_eq!(records(&heads.concat()), expected);
}

#[test]
fn names_of_more_than_100_bytes_go_into_the_extended_header_whole() {
    let [n, d, t] = [93, 92, 100].map(|length| "n".repeat(length));
    let heads = [
        file("rootfs/", &n, metadata(0o644, 0, 0), 0),
        file("rootfs/", n.clone() + "n", metadata(0o644, 0, 0), 0),
        other("rootfs/", &d, Kind::Directory),
        other("rootfs/", &n, Kind::Directory),
        other("", "link", Kind::Symlink(t.clone().into_bytes())),
        other("", "link", Kind::Symlink((t.clone() + "n").into_bytes())),
        other("rootfs/", "link", Kind::HardLink(path(n.clone() + "n"))),
    ];
    let zeros = "0000000 0000000 00000000000 14524770400";
    let pax = "x 0000644 0000000 0000000";
    let cut = "n".repeat(82);
    let expected = format!(
        "\
0 0000644 {zeros} rootfs/{n}
{pax} 00000000157 00000000000 PaxHeaders/rootfs/{cut}
  111 path=rootfs/{n}n\\n
0 0000644 {zeros} rootfs/{n}
5 0000755 {zeros} rootfs/{d}/
{pax} 00000000157 00000000000 PaxHeaders/rootfs/{cut}
  111 path=rootfs/{n}/\\n
5 0000755 {zeros} rootfs/{n}
2 0000755 {zeros} link -> {t}
{pax} 00000000163 00000000000 PaxHeaders/link
  115 linkpath={t}n\\n
2 0000755 {zeros} link -> {t}
{pax} 00000000163 00000000000 PaxHeaders/rootfs/link
  115 linkpath=rootfs/{n}n\\n
1 0000755 {zeros} rootfs/link -> rootfs/{n}
"
    );
    assert_eq!(records(&heads.concat()), expected);
}

#[test]
fn numbers_that_octal_fields_cannot_hold_go_into_the_extended_header() {
    let widest = Metadata { mtime: 0o777_7777_7777, ..metadata(0o644, 0o777_7777, 0o777_7777) };
    let expected = "rootfs/huge{89}0000644{1}7777777{1}7777777{1}77777777777{1}77777777777{1}0010516{1}0{100}\
                    ustar{1}00{247}";
    assert_eq!(shown(&file("rootfs/", "huge", widest.clone(), (8 << 30) - 1)), expected);

    let wider = Metadata { uid: widest.uid + 1, gid: u32::MAX, mtime: widest.mtime + 1, ..widest };
    let head = file("rootfs/", "huge", wider, 8 << 30);
    let expected = "\
        x 0000644 0000000 0000000 00000000110 00000000000 PaxHeaders/rootfs/huge\n  \
          19 size=8589934592\\n\n  \
          15 uid=2097152\\n\n  \
          18 gid=4294967295\\n\n  \
          20 mtime=8589934592\\n\n\
        0 0000644 0000000 0000000 00000000000 00000000000 rootfs/huge\n";
    assert_eq!(records(&head), expected);
}

#[test]
fn extended_attributes_are_sorted_raw_values_under_escaped_names() {
    let mut metadata = metadata(0o755, 0, 0);
    for (name, value) in [("user.b=100%", "1"), ("user.a", "\n=\0\u{e9}"), ("security.capability", "\x01\0\0\x02")] {
        metadata.xattrs.insert(name.into(), value.into());
    }
    let expected = "\
        x 0000644 0000000 0000000 00000000150 00000000000 PaxHeaders/rootfs/ping\n  \
          41 SCHILY.xattr.security.capability=\\x01\\x00\\x00\\x02\\n\n  \
          29 SCHILY.xattr.user.a=\\n\n  \
          =\\x00\\xc3\\xa9\\n\n  \
          34 SCHILY.xattr.user.b%3D100%25=1\\n\n\
        0 0000755 0000000 0000000 00000000000 14524770400 rootfs/ping\n";
    assert_eq!(records(&file("rootfs/", "ping", metadata, 0)), expected);
}

#[test]
fn content_is_padded_to_whole_records() {
    let lengths = [0, 1, 511, 512, 513, u64::MAX].map(|size| padding(size).len());
    assert_eq!(lengths, [0, 511, 1, 0, 511, 1]);
}
