//! Entries that say more than one thing, held to what GNU tar makes of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use proptest::prelude::*;

use super::{It, look, rootfs, source};
use crate::inspect::{Ambiguous, Contents, Findings};
use crate::rootfs::{Digest, Kind, TargetPath};
use crate::ui::Silent;

/// Paths with their contents; names of one file share a number.
fn listed(contents: &Contents) -> String {
    let mut text = String::new();
    for (path, entry) in contents.tree.iter() {
        match &entry.kind {
            Kind::Directory => {}
            Kind::File(summary) => writeln!(text, "{path} {}", &summary.sha256.to_string()[..4]).unwrap(),
            Kind::HardLink(first) => writeln!(text, "{path} = {first}").unwrap(),
            Kind::Symlink(target) => writeln!(text, "{path} -> {}", String::from_utf8_lossy(target)).unwrap(),
            Kind::Fifo => unreachable!(),
        }
    }
    text
}

/// The same of what GNU tar unpacks; the first of a file's names is that of `contents`.
fn unpacked(entries: &[(&str, It<'_>)], contents: &Contents) -> Option<String> {
    let (file, directory) = (rootfs(entries), tempfile::tempdir().unwrap());
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--numeric-owner", "--directory"]).arg(directory.path()).arg("--file").arg(file.path());
    if !tar.output().unwrap().status.success() {
        return None;
    }
    let mut text = String::new();
    let mut firsts = BTreeMap::new();
    for (path, entry) in contents.tree.iter() {
        let inode = std::fs::symlink_metadata(directory.path().join(&path.to_string()[1..])).unwrap().ino();
        if matches!(entry.kind, Kind::File(_)) {
            firsts.insert(inode, path);
        }
    }
    for entry in walkdir::WalkDir::new(directory.path()).sort_by_file_name().into_iter().map(Result::unwrap) {
        let path = entry.path().strip_prefix(directory.path()).unwrap().to_str().unwrap();
        let inode = entry.metadata().unwrap().ino();
        if entry.path_is_symlink() {
            let target = std::fs::read_link(entry.path()).unwrap();
            writeln!(text, "/{path} -> {}", target.display()).unwrap();
        } else if entry.file_type().is_file() {
            match firsts.get(&inode) {
                Some(first) if first.to_string() != format!("/{path}") => writeln!(text, "/{path} = {first}").unwrap(),
                _ => {
                    let digest = Digest::of_bytes(&std::fs::read(entry.path()).unwrap()).to_string();
                    writeln!(text, "/{path} {}", &digest[..4]).unwrap();
                }
            }
        }
    }
    Some(text)
}

#[test]
fn other_names_of_a_file_keep_it_when_its_first_is_given_to_another() {
    let entries = [
        ("a", It::SetId(b"first")),
        ("b", It::Hard("a")),
        ("c", It::Hard("b")),
        ("a", It::File(b"other")),
        ("d", It::Hard("a")),
    ];
    let contents = look(&entries);
    assert_eq!(listed(&contents), "/a d929\n/b a793\n/c = /b\n/d = /a\n");
    assert_eq!(unpacked(&entries, &contents), Some(listed(&contents)));
    assert_eq!(contents.left_out.twice, ["/a"]);
    let why = "keeps the file of a path that comes again".to_owned();
    assert_eq!(contents.left_out.ambiguous, [Ambiguous { path: "/b".to_owned(), why }]);
    let set_id = Findings::of(&contents).set_id;
    assert_eq!(set_id.iter().map(|it| (&*it.path, &*it.mode)).collect::<Vec<_>>(), [("/b", "4755"), ("/c", "4755")]);
    // The bodies of an archive are found again by which entry they came as.
    let (file, mut read) = (rootfs(&entries), Vec::new());
    let wanted = ["/a", "/b"].map(TargetPath::known).into();
    let image = source(&file);
    let contents = Contents::read(&image, None, &Silent).unwrap();
    contents
        .read_files(&image, &wanted, &Silent, &mut |path, body| {
            read.push((path.to_string(), std::io::read_to_string(body).unwrap()));
            Ok(())
        })
        .unwrap();
    assert_eq!(read, [("/b".to_owned(), "first".to_owned()), ("/a".to_owned(), "other".to_owned())]);
}

#[test]
fn what_readers_make_different_things_of_is_told() {
    let contents = look(&[
        ("b", It::Hard("a")),
        ("a", It::File(b"later")),
        ("null", It::Hard("dev/null")),
        ("usr/lib/x", It::File(b"x")),
        ("lib", It::Link("usr/lib")),
        ("lib/x", It::File(b"y")),
        ("directory", It::Directory),
        ("link", It::Hard("directory")),
        ("usr", It::File(b"no directory")),
    ]);
    let told: Vec<_> = contents.left_out.ambiguous.iter().map(|it| format!("{} {}", it.path, it.why)).collect();
    assert_eq!(
        told,
        [
            "/b is a hard link to `/a`, which is not there when it comes",
            "/null is a hard link to `/dev/null`, which is not there when it comes",
            "/lib/x comes below `/lib`, which is a symbolic link when it comes",
            "/link is a hard link to `/directory`, which is a directory",
            "/usr takes the place of a directory that holds something",
        ]
    );
}

#[test]
fn a_link_to_a_link_and_a_link_to_itself_are_what_they_lead_to() {
    let entries = [
        ("a", It::Link("b")),
        ("c", It::Hard("a")),
        ("b", It::File(b"x")),
        ("b", It::Hard("b")),
        ("d", It::Hard("b")),
        ("b", It::Hard("d")),
    ];
    let contents = look(&entries);
    assert_eq!(listed(&contents), "/a -> b\n/b 2d71\n/c -> b\n/d = /b\n");
    assert_eq!(unpacked(&entries, &contents), Some(listed(&contents)));
    assert_eq!((contents.left_out.twice.len(), contents.left_out.ambiguous.len()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where nothing but a kept file is ambiguous, GNU tar makes the same.
    #[test]
    fn what_entries_come_to_is_what_gnu_tar_makes_of_them(
        given in proptest::collection::vec((0_usize..4, 0_usize..4, 0_usize..3, 0_usize..4), 1..9),
    ) {
        const NAMES: [&str; 4] = ["a", "b", "d/a", "d/b"];
        const BODIES: [&[u8]; 4] = [b"one", b"two", b"three", b"four"];
        let entries: Vec<_> = given
            .iter()
            .map(|(name, target, kind, body)| {
                let it = match kind {
                    0 => It::File(BODIES[*body]),
                    1 => It::Hard(NAMES[*target]),
                    _ => It::Link(["a", "b"][target % 2]),
                };
                (NAMES[*name], it)
            })
            .collect();
        let contents = look(&entries);
        if contents.left_out.ambiguous.iter().all(|it| it.why.starts_with("keeps the file")) {
            let made = unpacked(&entries, &contents);
            prop_assert_eq!(made, Some(listed(&contents)));
        }
    }
}
