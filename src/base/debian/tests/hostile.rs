//! Packages that are damaged, or made to do harm: refused, and never a panic.

use super::fixture::{Deb, ar, read, refusal, refusal_of, xz};
use crate::base::tests::fixture::Tar;
use crate::error::Class;
use crate::ui::Silent;

const WAY_OUT: &str = "hint: its sha256 was right, so it was published like this: `vezaimg lock` takes the version that \
                       the mirrors have now, and `vezaimg cache prune --all` empties the store";

/// What is said of the package `p`.
fn said(what: &str) -> String {
    format!("`p_1.0_all.deb` {what}\n{WAY_OUT}")
}

/// What is said of an entry in it.
fn said_of(entry: &str, what: &str) -> String {
    format!("`{entry}` in `p_1.0_all.deb` {what}\n{WAY_OUT}")
}

fn sound() -> Deb {
    Deb::new("p").data(Tar::new().directory("./").directory("./usr/").file("./usr/x", b"content"))
}

#[test]
fn a_package_that_is_cut_anywhere_is_refused() {
    let bytes = sound().bytes();
    for length in 0..bytes.len() {
        match read(vec![sound().archive(&bytes[..length])], &[], &Silent) {
            Ok((lines, _)) => panic!("cut after {length} of {} bytes: {}", bytes.len(), lines.concat()),
            Err(error) => assert_eq!(error.class(), Class::Invalid, "cut after {length}: {error}"),
        }
    }
}

#[test]
fn a_flipped_byte_never_panics() {
    let bytes = sound().bytes();
    for at in 0..bytes.len() {
        for bit in [0x01, 0x40, 0x80] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            if let Err(error) = read(vec![sound().archive(&flipped)], &[], &Silent) {
                assert_eq!(error.class(), Class::Invalid, "byte {at}: {error}");
            }
        }
    }
}

#[test]
fn what_is_no_package_is_told() {
    let (control, data) = (xz(&sound().control_tar()), xz(&sound().data.whole()));
    let (binary, control, data) =
        (("debian-binary", &b"2.0\n"[..]), ("control.tar.xz", &control[..]), ("data.tar.xz", &data[..]));
    let cases: [(Vec<u8>, &str); 12] = [
        (b"".to_vec(), "is not a Debian package: it does not begin with `!<arch>`"),
        (b"<!DOCTYPE html>".to_vec(), "is not a Debian package: it does not begin with `!<arch>`"),
        (ar(&[]), "ends before its `data.tar`: it is truncated"),
        (ar(&[binary, control]), "ends before its `data.tar`: it is truncated"),
        (ar(&[control, binary, data]), "begins with the member `control.tar.xz` where `debian-binary` belongs"),
        (
            ar(&[binary, data, control]),
            "has the member `data.tar.xz` out of order, twice, or in a compression that is not read",
        ),
        (
            ar(&[binary, control, data, data]),
            "has the member `data.tar.xz` out of order, twice, or in a compression that is not read",
        ),
        (
            ar(&[binary, ("control.tar.bz2", b"BZh")]),
            "has the member `control.tar.bz2` out of order, twice, or in a compression that is not read",
        ),
        (ar(&[binary, ("\x1b[2Jx", b"")]), "has the member `\\x1b[2Jx`, which a package does not have"),
        (ar(&[("debian-binary", b"3.0\n"), control, data]), "is of the format `3.0`, and only 2.x is read"),
        (ar(&[("debian-binary", &[b'2'; 2000])]), "has a `debian-binary` of more than 1 KiB"),
        (ar(&[&[binary][..], &[("_x", &b""[..]); 20]].concat()), "has more than 16 members"),
    ];
    for (bytes, what) in cases {
        assert_eq!(refusal_of(&bytes), said(what));
    }
    let mut endless = ar(&[binary, control, data]);
    endless[8 + 48..8 + 58].copy_from_slice(b"9999999999");
    assert_eq!(refusal_of(&endless), said("ends in the middle of a member: it is truncated"));
    endless[8 + 48..8 + 58].copy_from_slice(b"-1        ");
    assert_eq!(refusal_of(&endless), said("is corrupt: a member's header is not that of an `ar` archive"));
}

#[test]
fn another_package_than_the_locks_is_refused() {
    let p = sound();
    for (other, said_instead) in [
        (Deb::new("q"), "says `Package: q`, and the lock `p`"),
        (Deb::new("p").version("1.1"), "says `Version: 1.1`, and the lock `1.0`"),
        (Deb::new("p").architecture("arm64"), "says `Architecture: arm64`, and the lock `all`"),
    ] {
        let error = read(vec![p.archive(&other.bytes())], &[], &Silent).unwrap_err();
        assert_eq!(error.to_string(), said(said_instead));
    }
    let same = Deb::new("p").version("0:1.0").data(p.data.clone());
    assert!(read(vec![p.archive(&same.bytes())], &[], &Silent).is_ok());
}

#[test]
fn a_name_that_would_leave_dpkgs_database_is_refused() {
    let error = refusal(&[Deb { name: "../../etc/cron.d/x", ..Deb::new("p") }]);
    assert_eq!(
        error,
        format!("`x_1.0_all.deb` has the name `../../etc/cron.d/x`, which no package can have\n{WAY_OUT}")
    );
}

/// A package with this `control.tar`.
fn with_control(control: &Tar) -> Vec<u8> {
    let (control, data) = (xz(&control.whole()), xz(&Tar::new().whole()));
    ar(&[("debian-binary", b"2.0\n"), ("control.tar.xz", &control), ("data.tar.xz", &data)])
}

#[test]
fn control_data_is_plain_files_of_plain_names_and_bounded() {
    let zeros = vec![0; 9 << 20];
    let text = b"Package: p\n";
    for (tar, what) in [
        (Tar::new(), said("has no `control` in its `control.tar`")),
        (Tar::new().file("control", b"\xff"), said("has a `control` that is not UTF-8")),
        (Tar::new().file("control", b"x\n"), said("has a `control` that has no field in line 1")),
        (
            Tar::new().link(b'2', "control", "/etc/passwd"),
            said_of("control", "is not a regular file, as all control data is"),
        ),
        (Tar::new().file("../x", text), said_of("../x", "has a `..` component")),
        (Tar::new().file("a/b", text), said_of("a/b", "is no name of control data")),
        (Tar::new().file("x.y", text), said_of("x.y", "is no name of control data")),
        (Tar::new().file("control", text).file("control", text), said_of("control", "comes twice")),
        (
            Tar::new().file("symbols", &zeros),
            format!(
                "`p_1.0_all.deb` is corrupt in the middle of `symbols`\ncause: its control data is larger than 8 MiB\n{WAY_OUT}"
            ),
        ),
    ] {
        assert_eq!(refusal_of(&with_control(&tar)), what);
    }
    let many = (0..65).fold(Tar::new(), |tar, number| tar.file(&format!("f{number}"), b""));
    assert_eq!(refusal_of(&with_control(&many)), said("has more than 64 files of control data"));
}

#[test]
fn all_control_data_together_is_bounded() {
    let zeros: &'static str = Box::leak("0".repeat(7 << 20).into_boxed_str());
    let debs = ["p1", "p2", "p3", "p4", "p5"].map(|name| Deb::new(name).control("symbols", zeros));
    assert_eq!(
        refusal(&debs),
        "the packages of `layouts/test.lock` have more than 32 MiB of control data\n\
         hint: Debian's own have some 60 kB each; look at what the lock names"
    );
}

#[test]
fn a_conffile_outside_the_root_is_refused() {
    assert_eq!(
        refusal(&[Deb::new("p").control("conffiles", "/etc/../../x\n")]),
        said("lists the conffile `/etc/../../x`, which has a `..` component")
    );
}

#[test]
fn entries_that_lead_elsewhere_are_refused() {
    let refuse = |data: Tar| refusal(&[Deb::new("p").data(data)]);
    let other = |data: Tar| data.directory("usr/").file("usr/x", b"");
    assert_eq!(refuse(Tar::new().file("../x", b"")), said_of("../x", "has a `..` component"));
    assert_eq!(refuse(Tar::new().file("/etc/passwd", b"")), said_of("/etc/passwd", "is absolute"));
    assert_eq!(
        refuse(Tar::new().pax(b'x', &[("path", b"a\0b")]).file("x", b"")),
        said_of("a\\x00b", "holds a NUL byte")
    );
    assert_eq!(refuse(Tar::new().file("a\x1b[2J", b"")), said_of("a\\x1b[2J", "has a control character in its name"));
    assert_eq!(refuse(Tar::new().link(b'2', "./", "x")), said_of("./", "is a symbolic link, not a directory"));
    assert_eq!(
        refuse(Tar::new().link(b'1', "usr/y", "../etc/passwd")),
        said_of("../etc/passwd", "has a `..` component")
    );
    assert_eq!(
        refuse(other(Tar::new()).link(b'1', "usr/y", "usr/z")),
        said_of("usr/y", "is a hard link to `/usr/z`, which is no file that the package has before it")
    );
    assert_eq!(
        refuse(other(Tar::new()).file("usr/x", b"")),
        said_of("usr/x", "lands on `/usr/x`, where another of its entries stands")
    );
    assert_eq!(
        refuse(Tar::new().file("usr", b"").file("usr/x", b"")),
        "`p_1.0_all.deb` has entries below `/usr`, which is a file\nhint: leave one of the two out, with `exclude-paths`"
    );
    assert_eq!(
        refuse(Tar::new().link(b'2', "a", "b").link(b'2', "b", "a").file("a/x", b"")),
        "`p_1.0_all.deb` has entries below `/a`, which is a symbolic link\nhint: leave one of the two out, with `exclude-paths`"
    );
}

#[test]
fn data_that_promises_more_than_it_has_is_refused() {
    let endless = Tar::new().with(b'0', b"x", b"", |header| header.set_size(1 << 40));
    assert_eq!(refusal(&[Deb::new("p").data(endless)]), said("holds more than 64 GiB of files"));
    let corrupt = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", &xz(&sound().control_tar())),
        ("data.tar.xz", b"no xz at all"),
    ]);
    assert_eq!(
        refusal_of(&corrupt),
        format!("`p_1.0_all.deb` is corrupt at its start\ncause: stream/file format not recognized\n{WAY_OUT}")
    );
}

#[test]
fn a_hard_link_to_another_packages_file_is_refused() {
    let a = Deb::new("aa").data(Tar::new().file("x", b""));
    let p = Deb::new("p").data(Tar::new().link(b'1', "y", "x"));
    assert_eq!(
        refusal(&[a, p]),
        said_of("y", "is a hard link to `/x`, which is no file that the package has before it")
    );
}
