//! dpkg's database, to the byte.

use super::fixture::{Deb, database};
use crate::base::tests::fixture::Tar;

/// A package with a configuration file, documentation and all kinds of control data, its fields in no order.
fn package(name: &'static str) -> Deb {
    let tar = Tar::new().directory("./").directory("./etc/").file("./etc/p.conf", b"setting\n");
    let tar = tar.directory("./bin/").file("./bin/p", b"program").directory("./doc/").file("./doc/p", b"text");
    let fields = "Description: a program\n It does\n   what it does.\n .\n And no more.\nHomepage: https://example.org/\n\
                  Depends: libc6 (>= 2.36),\n debconf | debconf-2.0\nBreaks: q\nMulti-Arch: same\n\
                  Section: net\nPriority: optional\nMaintainer: M <m@example.org>\nInstalled-Size: 7\nStatus: hostile\n\
                  Pre-Depends: d\nEssential: yes\nSource: src (2.0)\nImportant: yes\n";
    Deb::new(name)
        .architecture("amd64")
        .fields(fields)
        .control("conffiles", "/etc/p.conf\nremove-on-upgrade /etc/gone.conf\n")
        .control("md5sums", "0123456789abcdef0123456789abcdef  bin/p\n00000000000000000000000000000000  doc/p\n")
        .control("postinst", "#!/bin/sh\n")
        .control("triggers", "# none\ninterest-noawait /etc/p.d\ninterest p-changed\nactivate ldconfig\n")
        .data(tar)
}

const STATUS: &str = "\
Package: p1
Essential: yes
Status: install ok installed
Priority: optional
Section: net
Installed-Size: 7
Maintainer: M <m@example.org>
Architecture: amd64
Multi-Arch: same
Source: src (2.0)
Version: 1.0
Depends: libc6 (>= 2.36), debconf | debconf-2.0
Pre-Depends: d
Breaks: q
Conffiles:
 /etc/p.conf 2c1d4f59f062ce424618f4d25961fb76
Description: a program
 It does
   what it does.
 .
 And no more.
Homepage: https://example.org/
Important: yes

";

#[test]
fn a_base_without_dpkg_has_what_scanners_read() {
    let expected = format!(
        "== status 0644 @1000\n{STATUS}\
         == info 0755 @1000 directory\n\
         == info/p1:amd64.list 0644 @1000\n/.\n/etc\n/etc/p.conf\n/bin\n/bin/p\n/doc\n\
         == info/p1:amd64.md5sums 0644 @1\n0123456789abcdef0123456789abcdef  bin/p\n"
    );
    let mut expected: Vec<&str> = expected.split("== ").collect();
    let database = database(&[package("p1")], &["/doc/*"]);
    let mut found: Vec<&str> = database.split("== ").collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_base_with_dpkg_has_all_that_dpkg_needs_to_go_on() {
    let script = "dpkg-divert --divert /bin/sh.distrib /bin/sh";
    let dash = Deb::new("dash").control("postinst", script);
    let debs = [package("p1"), Deb::new("dpkg").architecture("amd64"), dash];
    let database = database(&debs, &[]);
    let (status, rest) = database.split_at(database.find("== status ").unwrap());
    assert!(rest.contains(STATUS));
    assert_eq!(
        format!("{status}{}", &rest[rest.find("== triggers ").unwrap()..]),
        "\
== alternatives 0755 @1000 directory
== arch 0644 @1000
amd64
== diversions 0644 @1000
/bin/sh
/bin/sh.distrib
dash
== info 0755 @1000 directory
== info/dash.list 0644 @1000
== info/dash.postinst 0755 @1
dpkg-divert --divert /bin/sh.distrib /bin/sh== info/dpkg.list 0644 @1000
== info/format 0644 @1000
1
== info/p1:amd64.conffiles 0644 @1
/etc/p.conf
remove-on-upgrade /etc/gone.conf
== info/p1:amd64.list 0644 @1000
/.
/etc
/etc/p.conf
/bin
/bin/p
/doc
/doc/p
== info/p1:amd64.md5sums 0644 @1
0123456789abcdef0123456789abcdef  bin/p
00000000000000000000000000000000  doc/p
== info/p1:amd64.postinst 0755 @1
#!/bin/sh
== info/p1:amd64.triggers 0644 @1
# none
interest-noawait /etc/p.d
interest p-changed
activate ldconfig
== lock 0640 @1000
== lock-frontend 0640 @1000
== parts 0755 @1000 directory
== statoverride 0644 @1000
== triggers 0755 @1000 directory
== triggers/File 0644 @1000
/etc/p.d p1:amd64/noawait
== triggers/Lock 0600 @1000
== triggers/Unincorp 0644 @1000
== triggers/p-changed 0644 @1000
p1:amd64
== updates 0755 @1000 directory
"
    );
}

#[test]
fn an_excluded_conffile_is_not_listed() {
    let database = database(&[package("p1")], &["/etc/p.conf"]);
    assert!(!database.contains("p.conf"));
}

#[test]
fn a_file_that_another_package_replaces_is_not_listed() {
    let old = Deb::new("aa").data(Tar::new().file("x", b"").file("y", b""));
    let new = Deb::new("zz").fields("Replaces: aa\n").data(Tar::new().file("x", b""));
    let database = database(&[old, new], &[]);
    assert!(database.contains("== info/aa.list 0644 @1000\n/y\n== info/zz.list 0644 @1000\n/x\n"), "{database}");
}
