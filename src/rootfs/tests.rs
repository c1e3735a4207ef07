use proptest::prelude::*;

use super::*;

fn path(text: &str) -> TargetPath {
    TargetPath::parse(text).unwrap()
}

fn entry(kind: Kind<Summary>) -> Entry<Summary> {
    let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
    Entry { metadata, kind }
}

fn file() -> Kind<Summary> {
    Kind::File(Summary { size: 0, sha256: Digest([0; 32]) })
}

fn link(target: &str) -> Kind<Summary> {
    Kind::Symlink(target.as_bytes().to_vec())
}

fn tree(entries: &[(&str, Kind<Summary>)]) -> Tree<Summary> {
    let root = (TargetPath::root(), entry(Kind::Directory));
    entries.iter().map(|(text, kind)| (path(text), entry(kind.clone()))).chain([root]).collect()
}

fn resolved(tree: &Tree<Summary>, text: &str) -> String {
    match tree.resolve(&path(text)) {
        Resolved::Entry(path, _) => path.to_string(),
        Resolved::Missing(path) => format!("missing {path}"),
        Resolved::Broken(path) => format!("broken {path}"),
    }
}

#[test]
fn what_is_right_in_a_directory_is_told_apart_from_what_is_deeper() {
    let mut tree = Tree::new();
    for path in ["/a", "/a-b", "/a/x", "/a/x-y", "/a/x/deep", "/a/x/deep/er", "/a/x0", "/a/y", "/a0", "/b/only/deep"] {
        let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Xattrs::new() };
        tree.insert(TargetPath::parse(path).unwrap(), Entry { metadata, kind: Kind::<()>::Directory });
    }
    let inside = |path: &str| {
        let directory = TargetPath::parse(path).unwrap();
        tree.inside(&directory).map(|(path, _)| path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(inside("/"), ["/a", "/a-b", "/a0"]);
    assert_eq!(inside("/a"), ["/a/x", "/a/x-y", "/a/x0", "/a/y"]);
    assert_eq!(inside("/b"), [""; 0]);
    assert_eq!(inside("/a/x"), ["/a/x/deep"]);
}

#[test]
fn a_layout_s_path_is_absolute_and_normal() {
    let parse = |text: &str| TargetPath::parse(text).map(|path| path.to_string());
    assert_eq!(parse("/etc/veza"), Ok("/etc/veza".to_owned()));
    assert_eq!(parse("/"), Ok("/".to_owned()));
    assert_eq!(parse("etc"), Err(PathError::Relative));
    assert_eq!(parse(""), Err(PathError::Relative));
    assert_eq!(parse("/etc/"), Err(PathError::NotNormal));
    assert_eq!(parse("/etc//veza"), Err(PathError::NotNormal));
    assert_eq!(parse("/./etc"), Err(PathError::NotNormal));
    assert_eq!(parse("/etc/.."), Err(PathError::Parent));
    assert_eq!(parse("/a\0b"), Err(PathError::Nul));
    assert_eq!(parse(&format!("/{}", "a".repeat(256))), Err(PathError::TooLong));
    assert!(parse(&format!("/{}", "a".repeat(255))).is_ok());
}

#[test]
fn an_archive_s_path_is_relative_and_made_normal() {
    let parse = |bytes: &[u8]| TargetPath::from_relative(bytes).map(|path| path.to_string());
    assert_eq!(parse(b"./etc//veza/."), Ok("/etc/veza".to_owned()));
    assert_eq!(parse(b"./"), Ok("/".to_owned()));
    assert_eq!(parse(b"/etc"), Err(PathError::Absolute));
    assert_eq!(parse(b"a/../b"), Err(PathError::Parent));
    assert_eq!(parse(b"odd\xff\n\\"), Ok("/odd\\xff\\x0a\\\\".to_owned()));
}

#[test]
fn paths_know_what_is_above_them() {
    let names = |text| path(text).ancestors().map(|path| path.to_string()).collect::<Vec<_>>();
    assert_eq!(names("/a/b/c"), ["/a/b", "/a", "/"]);
    assert!(path("/a/b").is_within(&path("/a")) && path("/a").is_within(&path("/a")));
    assert!(!path("/ab").is_within(&path("/a")) && path("/ab").is_within(&TargetPath::root()));
    assert_eq!((path("/a/b").name(), TargetPath::root().name()), (&b"b"[..], &b""[..]));
}

#[test]
fn modes_are_four_octal_digits() {
    assert_eq!(Mode::parse("4755").map(|mode| mode.to_string()), Some("4755".to_owned()));
    for wrong in ["755", "0999", "00755", "0o75", "", "+755"] {
        assert_eq!(Mode::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn links_are_followed_inside_the_root() {
    let tree = tree(&[
        ("/usr", Kind::Directory),
        ("/usr/lib", Kind::Directory),
        ("/usr/lib/libc.so.6", file()),
        ("/usr/lib/libc.so", link("libc.so.6")),
        ("/usr/lib/hard", Kind::HardLink(path("/usr/lib/libc.so.6"))),
        ("/lib", link("usr/lib")),
        ("/lib64", link("/lib")),
        ("/up", link("../../usr")),
        ("/round", link("about")),
        ("/about", link("round")),
        ("/dangling", link("/nowhere/at/all")),
    ]);
    assert_eq!(resolved(&tree, "/lib64/libc.so"), "/usr/lib/libc.so.6");
    assert_eq!(resolved(&tree, "/lib/hard"), "/usr/lib/libc.so.6");
    assert_eq!(resolved(&tree, "/up/lib"), "/usr/lib");
    assert_eq!(resolved(&tree, "/round"), "broken /round");
    assert_eq!(resolved(&tree, "/dangling"), "missing /nowhere");
    assert_eq!(resolved(&tree, "/usr/lib/libc.so.6/x"), "broken /usr/lib/libc.so.6");
}

fn admitted(survey: &mut Survey, text: &str, kind: Kind<Summary>) -> Result<(), String> {
    let entry = entry(kind);
    survey
        .admit(&path(text), &entry, |path| path.as_relative() == b"replaced")
        .map_err(|error| error.message().to_owned())?;
    survey.note(path(text), entry, None);
    Ok(())
}

#[test]
fn a_survey_refuses_what_no_root_file_system_may_hold() {
    let mut survey = Survey::new("base");
    let mut admit = |text, kind| admitted(&mut survey, text, kind);
    assert_eq!(admit("/a", file()), Ok(()));
    assert_eq!(admit("/a", file()), Err("`base` holds `/a` twice".to_owned()));
    assert_eq!(admit("/b", Kind::HardLink(path("/a"))), Ok(()));
    let unknown = "`/c` of `base` is a hard link to `/later`, which is not a file that stands before it";
    assert_eq!(admit("/c", Kind::HardLink(path("/later"))), Err(unknown.to_owned()));
    assert_eq!(admit("/replaced", file()), Ok(()));
    let replaced = "`/d` of `base` is a hard link to `/replaced`, which the image replaces";
    assert_eq!(admit("/d", Kind::HardLink(path("/replaced"))), Err(replaced.to_owned()));
    assert_eq!(
        admit("/x/up", link("../a/../../b")),
        Err("`/x/up` of `base` is a symbolic link to `../a/../../b`, which leads outside the root".to_owned())
    );
    assert_eq!(admit("/x/in", link("../a/../b")), Ok(()));
    assert_eq!(admit("/x/absolute", link("/../b")), Ok(()));
}

#[test]
fn a_survey_knows_which_directories_are_implied() {
    let mut survey = Survey::new("base");
    admitted(&mut survey, "/a/b/c", file()).unwrap();
    admitted(&mut survey, "/a/d", file()).unwrap();
    let missing = survey.missing_directories().unwrap();
    assert_eq!(missing.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/", "/a", "/a/b"]);
    admitted(&mut survey, "/a", file()).unwrap();
    let error = survey.missing_directories().unwrap_err();
    assert_eq!(error.message(), "`/a/b/c` of `base` lies below `/a`, which is a file");
}

proptest! {
    /// Names and links of a base are hostile: the way through them ends, and ends inside the tree.
    #[test]
    fn resolving_always_ends_inside_the_tree(
        links in proptest::collection::vec(("[ab]{1,2}(/[ab]{1,2}){0,2}", "/?(\\.\\.|[ab]{1,2})(/(\\.\\.|\\.|[ab]{1,2})){0,4}"), 0..12),
        asked in "[ab]{1,2}(/[ab]{1,2}){0,3}",
    ) {
        let entries = links.iter().map(|(at, target)| (path(&format!("/{at}")), entry(link(target))));
        let tree: Tree<Summary> = entries.chain([(TargetPath::root(), entry(Kind::Directory))]).collect();
        if let Resolved::Entry(path, _) = tree.resolve(&path(&format!("/{asked}"))) {
            prop_assert!(tree.get(&path).is_some());
        }
    }
}
