//! Paths that two packages have.

use super::fixture::{Deb, LINKS, list, refusal};
use crate::base::tests::fixture::Tar;

fn with(name: &'static str, data: Tar) -> Deb {
    Deb::new(name).data(data)
}

fn of_usr(listing: &str) -> String {
    let generated = |line: &&str| !LINKS.contains(line) && !line.contains("@1000");
    listing.split_inclusive('\n').filter(generated).collect()
}

#[test]
fn every_shared_path_is_told_at_once() {
    let tar = |content: &[u8]| Tar::new().directory("etc/").file("etc/a", content).link(b'2', "etc/b", "a");
    let debs = [with("one", tar(b"1")), with("two", tar(b"1")), with("three", Tar::new().file("etc/a", b""))];
    assert_eq!(
        refusal(&debs),
        "packages of `layouts/test.lock` share 3 paths, and do not say that they replace each other\n\
         cause: `/etc/a` is in `one` and in `three`\n\
         cause: `/etc/a` is in `one` and in `two`\n\
         cause: `/etc/b` is in `one` and in `two`\n\
         hint: take one of them out of the layout's `packages`, or out of the image with `without`; `vezaimg lock` makes \
         the lock again"
    );
}

#[test]
fn no_more_than_twenty_are_told() {
    let tar = (0..25).fold(Tar::new(), |tar, number| tar.file(&format!("f{number:02}"), b""));
    let told = refusal(&[with("one", tar.clone()), with("two", tar)]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 23);
    assert_eq!(lines[20], "cause: `/f19` is in `one` and in `two`");
    assert_eq!(lines[21], "cause: and 5 more");
}

#[test]
fn a_package_that_replaces_another_has_its_file_stand() {
    let old = with("aa-old", Tar::new().file("x", b"old").file("y", b"old")).version("1.0");
    let new = with("zz-new", Tar::new().file("x", b"new"));
    let replaces = new.clone().fields("Replaces: unrelated, aa-old (<< 1.1)\n");
    assert_eq!(of_usr(&list(&[old.clone(), replaces], &[])), "-0644 0:0 @1 /x \"new\"\n-0644 0:0 @1 /y \"old\"\n");
    for fields in ["", "Replaces: aa-old (<< 1.0)\n", "Replaces: aa-old (>> 1.0)\n", "Replaces: aa\n"] {
        assert!(refusal(&[old.clone(), new.clone().fields(fields)]).contains("`/x` is in `aa-old` and in `zz-new`"));
    }
}

#[test]
fn packages_that_replace_each_other_yield_to_the_first_name() {
    let one = with("one", Tar::new().file("x", b"1")).fields("Replaces: two\n");
    let two = with("two", Tar::new().file("x", b"2")).fields("Replaces: one\n");
    assert_eq!(of_usr(&list(&[two, one], &[])), "-0644 0:0 @1 /x \"1\"\n");
}

#[test]
fn a_shared_directory_is_the_first_packages() {
    let mode = |mode| Tar::new().with(b'5', b"srv/", b"", |header| header.set_mode(mode));
    let first = with("zz", mode(0o2775)).fields("Replaces: aa\n");
    let second = with("aa", mode(0o700));
    assert_eq!(of_usr(&list(&[second, first], &[])), "d2775 0:0 @1 /srv\n");
}

#[test]
fn a_directory_goes_where_another_packages_link_to_one_leads() {
    let link = with("aa", Tar::new().directory("doc/").directory("doc/b/").link(b'2', "doc/a", "b"));
    let directory = with("bb", Tar::new().directory("doc/").directory("doc/a/").file("doc/a/x", b""));
    assert_eq!(
        of_usr(&list(&[link.clone(), directory.clone()], &[])),
        "d0755 0:0 @1 /doc\nd0755 0:0 @1 /doc/b\nl0644 0:0 @1 /doc/a -> b\n-0644 0:0 @1 /doc/b/x \"\"\n"
    );
    let (link, directory) = (Deb { name: "yy", ..link }, directory);
    assert_eq!(
        of_usr(&list(&[link, directory], &[])),
        "d0755 0:0 @1 /doc\nd0755 0:0 @1 /doc/a\n-0644 0:0 @1 /doc/a/x \"\"\nd0755 0:0 @1 /doc/b\n"
    );
}

#[test]
fn a_directory_where_another_package_has_a_file_is_a_conflict_whoever_replaces() {
    let file = with("aa", Tar::new().file("x", b"")).fields("Replaces: bb\n");
    let directory = with("bb", Tar::new().directory("x/"));
    assert!(refusal(&[file, directory]).contains("`/x` is in `aa` and in `bb`"));
}

#[test]
fn a_file_on_a_directory_that_only_others_entries_imply_is_a_conflict() {
    let below = with("aa", Tar::new().file("x/y", b""));
    assert!(refusal(&[below, with("bb", Tar::new().file("x", b""))]).contains("`/x` is in `aa` and in `bb`"));
}

#[test]
fn a_package_that_comes_twice_is_refused() {
    assert_eq!(
        refusal(&[Deb::new("aa"), Deb::new("aa")]),
        "`layouts/test.lock` has the package `aa` twice\nhint: run `vezaimg lock` to make the lock again"
    );
}
