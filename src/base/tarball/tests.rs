//! Tars written by hand: what GNU tar does not write, and what only an attacker does.

use super::header::number;
use crate::base::fault::FETCH_AGAIN;
use crate::base::tests::fixture::{Place, Tar, read};
use crate::base::{Description, Dropped};

pub(super) fn lists(tar: &Tar, expected: &str) {
    assert_eq!(Place::new().list_tar(tar), expected);
}

pub(super) fn refuses(tar: &Tar, expected: &str) {
    assert_eq!(Place::new().refuse_tar(tar), expected);
}

/// A refusal that says what contradicts itself.
fn refuses_as_corrupt(tar: &Tar, place: &str, cause: &str) {
    refuses(tar, &format!("`by-hand.tar` is corrupt {place}\ncause: {cause}\nhint: {FETCH_AGAIN}"));
}

#[test]
fn numbers_are_octal_or_base_256_and_nothing_else() {
    for (field, value) in [
        (b"0000644\0".as_slice(), Some(0o644)),
        (b"  644 \0\0", Some(0o644)),
        (b"77777777", Some(0o77_777_777)),
        (b"\0\0\0\0\0\0\0\0", Some(0)),
        (b"        ", Some(0)),
        (b"0000648\0", None),
        (b"12 34   ", None),
        (b"-0000001", None),
        (b"\x80\0\0\0\xff\xff\xff\xfe", Some(0xffff_fffe)),
        (b"\xff\xff\xff\xff\xff\xff\xff\xfb", Some(-5)),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
        (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Some((1 << 94) - 1)),
        (b"\xc0\0\0\0\0\0\0\0\0\0\0\0", Some(-(1 << 94))),
    ] {
        assert_eq!(number(field), value, "{}", field.escape_ascii());
    }
}

#[test]
fn old_and_contiguous_files_are_files() {
    lists(
        &Tar::new().entry(0, b"old", b"1").entry(b'7', b"contiguous", b"2").entry(0, b"directory/", b""),
        "-0644 0:0 @1 /old \"1\"\n-0644 0:0 @1 /contiguous \"2\"\nd0644 0:0 @1 /directory\n",
    );
}

#[test]
fn a_checksum_of_signed_bytes_is_right_too() {
    let mut tar = Tar::new().entry(b'0', b"\xff", b"");
    let sum = tar.0[..512].iter().enumerate().map(|(at, byte)| match at {
        148..156 => i32::from(b' '),
        _ => i32::from(byte.cast_signed()),
    });
    let sum = format!("{:06o}\0 ", sum.sum::<i32>());
    tar.0[148..156].copy_from_slice(sum.as_bytes());
    lists(&tar, "-0644 0:0 @1 /\\xff \"\"\n");
}

#[test]
fn types_that_no_root_file_system_holds_are_refused() {
    let hint = "hint: make the tar again with `tar --create --numeric-owner --xattrs`";
    for (flag, what) in [
        (b'D', "is a directory of an incremental backup"),
        (b'M', "goes on from another volume"),
        (b'N', "is of the unknown type `N`"),
        (b'\xfe', "is of the unknown type `\\xfe`"),
    ] {
        refuses(&Tar::new().entry(flag, b"x", b""), &format!("`x` in `by-hand.tar` {what}\n{hint}"));
    }
}

#[test]
fn a_volume_label_is_no_entry() {
    lists(&Tar::new().entry(b'V', b"label", b"").file("x", b""), "-0644 0:0 @1 /x \"\"\n");
}

#[test]
fn only_a_file_has_a_content() {
    for flag in *b"123456" {
        let tar = Tar::new().with(flag, b"x", b"content", |header| header.as_old_mut().linkname[0] = b'y');
        refuses(&tar, "`x` in `by-hand.tar` has a content, which only a regular file can have");
    }
}

#[test]
fn names_that_lead_out_are_refused() {
    let hint = "hint: make the tar again with `tar --directory ROOT --create .`";
    for (name, reason) in
        [("/etc/passwd", "is absolute"), ("etc/../../x", "has a `..` component"), ("..", "has a `..` component")]
    {
        refuses(&Tar::new().file(name, b""), &format!("`{name}` in `by-hand.tar` {reason}\n{hint}"));
    }
    let long = "x".repeat(300);
    refuses(
        &Tar::new().pax(b'x', &[("path", long.as_bytes())]).file("short", b""),
        &format!("`{long}` in `by-hand.tar` is longer than Linux allows (255 bytes a name, 4,095 a path)\n{hint}"),
    );
    refuses(
        &Tar::new().pax(b'x', &[("path", b"a\0b")]).file("short", b""),
        &format!("`a\\x00b` in `by-hand.tar` holds a NUL byte\n{hint}"),
    );
    refuses(
        &Tar::new().link(b'1', "x", "../y"),
        "`x` in `by-hand.tar` is a hard link to `../y`, which has a `..` component",
    );
}

#[test]
fn the_root_is_a_directory() {
    refuses(&Tar::new().link(b'2', "./", "x"), "`./` in `by-hand.tar` is a symbolic link, not a directory");
    refuses_as_corrupt(&Tar::new().entry(b'0', b"", b""), "at its start", "an entry has no name");
}

#[test]
fn a_links_target_must_be_one_that_linux_can_hold() {
    let refusal = "`x` in `by-hand.tar` is a link whose target Linux could not hold";
    refuses(&Tar::new().link(b'2', "x", ""), refusal);
    refuses(&Tar::new().pax(b'x', &[("linkpath", &[b'y'; 4096])]).link(b'2', "x", ""), refusal);
    refuses(&Tar::new().pax(b'x', &[("linkpath", b"y\0z")]).link(b'2', "x", ""), refusal);
    lists(&Tar::new().link(b'2', "x", "/any/../where"), "l0644 0:0 @1 /x -> /any/../where\n");
}

#[test]
fn pax_records_say_what_the_header_cannot() {
    let path = ["d".repeat(200), "f".repeat(200)].join("/");
    let records: &[(&str, &[u8])] = &[
        ("path", path.as_bytes()),
        ("uid", b"4000000000"),
        ("gid", b"3000000"),
        ("size", b"3"),
        ("mtime", b"12345.999"),
        ("atime", b"1"),
        ("comment", b"anything\nat all=\0"),
    ];
    let tar = Tar::new().pax(b'x', records).with(b'0', b"short", b"", |header| header.set_size(0)).raw(b"abc");
    lists(&tar, &format!("-0644 4000000000:3000000 @12345 /{path} \"abc\"\n"));
}

#[test]
fn attributes_of_any_bytes_survive() {
    let all: Vec<u8> = (0..=255).collect();
    let records: &[(&str, &[u8])] = &[
        ("SCHILY.xattr.user.all", &all),
        ("SCHILY.xattr.user.empty", b""),
        ("SCHILY.xattr.user.a%3Db%25c%41", b"escaped"),
        ("LIBARCHIVE.xattr.user.b%20c", b"AAEC/w"),
        ("SCHILY.xattr.system.posix_acl_default", b"acl"),
        ("SCHILY.xattr.security.selinux", b"label"),
        ("SCHILY.xattr.security.ima", b"signature"),
        ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
        ("SCHILY.xattr.user.", b"unnamed"),
    ];
    let place = Place::new();
    place.write("base", &Tar::new().pax(b'x', records).file("x", b"").whole());
    let (_, lines, description) = read(&place.paths(&["base"])).unwrap();
    assert_eq!(
        lines.concat(),
        format!(
            "-0644 0:0 @1 /x \"\" system.posix_acl_default=acl user.a=b%c%41=escaped user.all={} \
             user.b c=\\x00\\x01\\x02\\xff user.empty=\n",
            all.escape_ascii()
        )
    );
    let dropped = Dropped { xattrs: 4, ..Dropped::default() };
    assert_eq!(description, Description { dropped, ..Description::default() });
}

#[test]
fn an_attribute_that_linux_could_not_hold_is_refused() {
    let refusal = "`x` in `by-hand.tar` has an extended attribute that Linux could not hold";
    refuses(&Tar::new().pax(b'x', &[("SCHILY.xattr.user.x", &[b'x'; 65_537])]).file("x", b""), refusal);
    let long = format!("SCHILY.xattr.user.{}", "x".repeat(251));
    refuses(&Tar::new().pax(b'x', &[(&long, b"x")]).file("x", b""), refusal);
}

#[test]
fn malformed_pax_records_are_refused() {
    for content in [
        b"30 path=short\n".as_slice(),
        b"5 path=x\n",
        b"11 path=xyz!",
        b"9 pathxy\n",
        b"6 =xy\n",
        b"path=x\n",
        b"99999999999999999999999 path=x\n",
        b"0 path=x\n",
    ] {
        let tar = Tar::new().entry(b'x', b"pax", content).file("x", b"");
        refuses(&tar, "`x` in `by-hand.tar` has a malformed pax header");
    }
    for (key, value) in [("uid", "-1"), ("size", "0x10"), ("mtime", "1.5e3"), ("mtime", "yesterday")] {
        let tar = Tar::new().pax(b'x', &[(key, value.as_bytes())]).file("x", b"");
        refuses(&tar, &format!("`x` in `by-hand.tar` has a pax record `{key}` that is not a number"));
    }
    refuses(
        &Tar::new().pax(b'x', &[("LIBARCHIVE.xattr.user.x", b"A")]).file("x", b""),
        "`x` in `by-hand.tar` has a pax record `LIBARCHIVE.xattr.user.x` that is not base64",
    );
}

#[test]
fn a_global_header_counts_until_it_is_taken_back() {
    let tar = Tar::new()
        .pax(b'g', &[("comment", b"0123abcd"), ("uid", b"7"), ("mtime", b"9")])
        .file("a", b"")
        .pax(b'x', &[("uid", b"8")])
        .file("b", b"")
        .pax(b'x', &[("uid", b"")])
        .file("c", b"")
        .pax(b'g', &[("uid", b"")])
        .file("d", b"");
    lists(&tar, "-0644 7:0 @9 /a \"\"\n-0644 8:0 @9 /b \"\"\n-0644 0:0 @9 /c \"\"\n-0644 0:0 @9 /d \"\"\n");
    refuses(
        &Tar::new().pax(b'g', &[("path", b"x")]).file("a", b""),
        "`by-hand.tar` has a global header with the record `path`",
    );
}

#[test]
fn extended_headers_describe_one_entry_each_and_once() {
    let twice = "two extended headers of one kind describe the same entry";
    for flag in *b"LKx" {
        let tar = Tar::new().file("a", b"").entry(flag, b"h", b"").entry(flag, b"h", b"").file("b", b"");
        refuses_as_corrupt(&tar, "after `a`", twice);
        let tar = Tar::new().file("a", b"").entry(flag, b"h", b"9 path=x\n");
        refuses_as_corrupt(&tar, "after `a`", "an extended header describes no entry");
        let tar = Tar::new().with(flag, b"h", b"", |header| header.set_size((1 << 20) + 1));
        refuses_as_corrupt(&tar, "at its start", "an extended header is longer than 1 MiB");
    }
    refuses(
        &Tar::new().entry(b'L', b"h", b"long\0").pax(b'x', &[("path", b"other")]).file("x", b""),
        "`x` in `by-hand.tar` has two long names, one of GNU tar's and one of pax",
    );
}

#[test]
fn a_bad_checksum_names_the_entry_before_it() {
    let mut tar = Tar::new().file("a", b"").file("b", b"");
    tar.0[512] = b'c';
    refuses_as_corrupt(&tar, "after `a`", "the next header's checksum does not match");
    tar.0[0] = b'c';
    refuses_as_corrupt(&tar, "at its start", "the next header's checksum does not match");
}

#[test]
fn owners_times_and_sizes_that_fit_nowhere_are_refused() {
    let edited = |edit: fn(&mut tar::Header)| Tar::new().with(b'0', b"x", b"", edit);
    refuses(&edited(|header| header.set_uid(1 << 32)), "`x` in `by-hand.tar` has a uid that is no 32-bit number");
    refuses(
        &edited(|header| header.set_gid(u64::from(u32::MAX))),
        "`x` in `by-hand.tar` has a gid that is no 32-bit number",
    );
    refuses(
        &edited(|header| header.as_old_mut().uid = [0xff; 8]),
        "`x` in `by-hand.tar` has a uid that is no 32-bit number",
    );
    refuses(&edited(|header| header.as_old_mut().uid = *b"root    "), "`x` in `by-hand.tar` has an unreadable uid");
    refuses(&edited(|header| header.as_old_mut().mode = *b"rw-r--r-"), "`x` in `by-hand.tar` has an unreadable mode");
    refuses(&edited(|header| header.as_old_mut().mtime = [0xbf; 12]), "`x` in `by-hand.tar` has an unreadable time");
    refuses(&edited(|header| header.as_old_mut().size = [0xff; 12]), "`x` in `by-hand.tar` has an unreadable size");
    refuses(&edited(|header| header.as_old_mut().size = [0xbf; 12]), "`x` in `by-hand.tar` has an unreadable size");
}

#[test]
fn a_declared_size_costs_nothing() {
    let claims = |size| Tar::new().with(b'0', b"x", b"", |header| header.set_size(size));
    refuses(
        &claims(64 << 30),
        &format!("`by-hand.tar` ends in the middle of `x`: it is truncated\nhint: {FETCH_AGAIN}"),
    );
    refuses(&claims((64 << 30) + 1), "`by-hand.tar` holds more than 64 GiB of files");
    let hole: &[(&str, &[u8])] =
        &[("GNU.sparse.size", b"9223372036854775807"), ("GNU.sparse.numblocks", b"0"), ("GNU.sparse.map", b"")];
    refuses(&Tar::new().pax(b'x', hole).file("x", b""), "`by-hand.tar` holds more than 64 GiB of files");
}
