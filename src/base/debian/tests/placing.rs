//! Where entries land: the merger of `/usr`, diversions, excluded paths.

use super::fixture::{Deb, LINKS, list, read, refusal};
use crate::base::tests::fixture::Tar;
use crate::ui::Silent;

const MERGED: &str = "\
d0755 0:0 @1000 /
d0755 0:0 @1 /usr
d0755 0:0 @1 /usr/bin
-0644 0:0 @1 /usr/bin/x \"x\"
h0644 0:0 @1 /usr/bin/y = /usr/bin/x
d0755 0:0 @1000 /usr/lib32
d0755 0:0 @1 /usr/lib32/deep
l0777 0:0 @1000 /bin -> usr/bin
d0755 0:0 @1000 /usr/lib
l0777 0:0 @1000 /lib -> usr/lib
l0777 0:0 @1000 /lib32 -> usr/lib32
d0755 0:0 @1000 /usr/lib64
l0777 0:0 @1000 /lib64 -> usr/lib64
d0755 0:0 @1000 /usr/sbin
l0777 0:0 @1000 /sbin -> usr/sbin
";

#[test]
fn what_stands_at_the_top_lands_below_usr() {
    let tar = Tar::new().directory("./usr/").directory("./bin/").file("./bin/x", b"x").link(b'1', "bin/y", "./bin/x");
    let deb = Deb::new("p").architecture("amd64").data(tar.directory("lib32/deep/"));
    assert_eq!(list(&[deb], &[]), MERGED);
}

#[test]
fn a_package_may_ship_the_links_itself() {
    let tar = Tar::new().directory("usr/").directory("usr/bin/").link(b'2', "bin", "usr/bin");
    let listing = list(&[Deb::new("p").data(tar.clone()), Deb::new("q").data(Tar::new().file("bin/x", b""))], &[]);
    assert_eq!(
        listing,
        "d0755 0:0 @1000 /\nd0755 0:0 @1 /usr\nd0755 0:0 @1 /usr/bin\n-0644 0:0 @1 /usr/bin/x \"\"\n\
         l0777 0:0 @1000 /bin -> usr/bin\n\
         d0755 0:0 @1000 /usr/lib\nl0777 0:0 @1000 /lib -> usr/lib\n\
         d0755 0:0 @1000 /usr/sbin\nl0777 0:0 @1000 /sbin -> usr/sbin\n"
    );
    let elsewhere = Tar::new().link(b'2', "bin", "opt/bin");
    assert!(
        refusal(&[Deb::new("p").data(elsewhere)])
            .starts_with("`bin` in `p_1.0_all.deb` is a link to `opt/bin`, and the image has it lead to `/usr/bin`\n")
    );
}

#[test]
fn two_entries_of_one_package_on_one_path_are_refused_unless_they_are_the_same() {
    let both = |one: Tar, other: fn(Tar) -> Tar| Deb::new("p").data(other(one));
    let files = both(Tar::new().file("bin/x", b""), |tar| tar.file("usr/bin/x", b""));
    assert!(
        refusal(&[files])
            .starts_with("`usr/bin/x` in `p_1.0_all.deb` lands on `/usr/bin/x`, where another of its entries stands\n")
    );
    let links = both(Tar::new().link(b'2', "bin/x", "y"), |tar| tar.link(b'2', "usr/bin/x", "y"));
    assert_eq!(list(&[links], &[]).matches("/usr/bin/x -> y").count(), 1);
    let unlike = both(Tar::new().link(b'2', "bin/x", "y"), |tar| tar.link(b'2', "usr/bin/x", "z"));
    assert!(refusal(&[unlike]).contains("lands on `/usr/bin/x`"));
    let directories = both(Tar::new().directory("bin/"), |tar| tar.directory("usr/bin/"));
    assert_eq!(list(&[directories], &[]).matches(" /usr/bin\n").count(), 1);
}

#[test]
fn a_diverted_file_of_others_makes_room() {
    let script = "#!/bin/sh\ndpkg-divert --package dash --divert $2 --add $1\nclaim /bin/sh\n";
    let dash = Deb::new("dash").data(Tar::new().directory("bin/").link(b'2', "bin/sh", "dash"));
    let other = Deb::new("posh").data(Tar::new().file("usr/bin/sh", b"posh").link(b'1', "bin/posh", "bin/sh"));
    let listing = list(&[dash.clone().control("postinst", script), other.clone()], &[]);
    let below: String = listing.split_inclusive('\n').filter(|line| line.contains("/usr/bin/")).collect();
    assert_eq!(
        below,
        "l0644 0:0 @1 /usr/bin/sh -> dash\n-0644 0:0 @1 /usr/bin/sh.distrib \"posh\"\n\
         h0644 0:0 @1 /usr/bin/posh = /usr/bin/sh.distrib\n"
    );
    // A dash that diverts nothing any more.
    assert!(refusal(&[dash, other]).contains("`/usr/bin/sh` is in `dash` and in `posh`"));
}

#[test]
fn an_excluded_directory_appears_with_what_is_taken_back_in() {
    let mode = |tar: Tar, name: &str| tar.with(b'5', name.as_bytes(), b"", |header| header.set_mode(0o2755));
    let tar = mode(mode(Tar::new(), "usr/share/doc/"), "usr/share/doc/p/");
    let tar = mode(tar.file("usr/share/doc/p/NEWS", b"n").file("usr/share/doc/p/copyright", b"c"), "usr/share/doc/q/");
    let usr = Tar::new().directory("usr/").directory("usr/share/");
    let deb = Deb::new("p").data(Tar([usr.0, tar.0].concat()));
    let listed = |exclude: &[&str]| -> String {
        let listing = list(std::slice::from_ref(&deb), exclude);
        listing.split_inclusive('\n').filter(|line| line.contains("/usr/share")).collect()
    };
    assert_eq!(listed(&["/usr/share/doc*"]), "d0755 0:0 @1 /usr/share\n");
    assert_eq!(
        listed(&["/usr/share/doc*", "!/usr/share/doc/*/copyright"]),
        "d0755 0:0 @1 /usr/share\nd2755 0:0 @1 /usr/share/doc\nd2755 0:0 @1 /usr/share/doc/p\n\
         -0644 0:0 @1 /usr/share/doc/p/copyright \"c\"\n"
    );
    assert_eq!(listed(&["/usr/share/doc/?"]), listed(&["/usr/share/doc/q"]));
}

#[test]
fn an_excluded_link_appears_if_it_leads_to_what_is_taken_back_in() {
    let tar = Tar::new().directory("doc/").link(b'2', "doc/a", "b").link(b'2', "doc/absolute", "/doc/b");
    let tar = tar.directory("doc/b/").file("doc/b/copyright", b"").link(b'2', "doc/b/FAQ", "faq.html");
    let tar = tar.link(b'2', "doc/gone", "c").directory("doc/c/").link(b'2', "doc/out", "../srv").directory("srv/");
    assert_eq!(
        of_doc(&list(&[Deb::new("p").data(tar.clone())], &["/doc/*", "!/doc/*/copyright"])),
        "d0755 0:0 @1 /doc\nd0755 0:0 @1 /doc/b\n-0644 0:0 @1 /doc/b/copyright \"\"\n\
         l0644 0:0 @1 /doc/a -> b\nl0644 0:0 @1 /doc/absolute -> /doc/b\n"
    );
    assert_eq!(of_doc(&list(&[Deb::new("p").data(tar)], &["/doc/*"])), "d0755 0:0 @1 /doc\n");
}

fn of_doc(listing: &str) -> String {
    listing.split_inclusive('\n').filter(|line| line.contains(" /doc")).collect()
}

#[test]
fn patterns_are_matched_against_the_path_in_the_image() {
    let deb = Deb::new("p").data(Tar::new().directory("lib/").file("lib/x", b""));
    assert!(!list(std::slice::from_ref(&deb), &["/usr/lib/x"]).contains("/usr/lib/x"));
    assert!(list(&[deb], &["/lib/x"]).contains("/usr/lib/x"));
}

#[test]
fn a_hard_link_to_an_excluded_file_is_refused() {
    let deb = Deb::new("p").data(Tar::new().file("x", b"").link(b'1', "y", "x"));
    let error = read(vec![deb.archive(&deb.bytes())], &["/x"], &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`y` in `p_1.0_all.deb` is a hard link to `/x`, which `exclude-paths` leaves out\nhint: leave out both, or neither"
    );
}

#[test]
fn an_empty_base_has_the_links_of_debian() {
    let listing = list(&[Deb::new("p")], &[]);
    let links: String = listing.split_inclusive('\n').filter(|line| line.starts_with('l')).collect();
    assert_eq!(links, LINKS);
}
