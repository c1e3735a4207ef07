use std::io::{BufReader, Read};

use super::stanzas::{index, packages};
use crate::debian::Index;

/// Every package on a line, by name.
fn shown(index: &Index) -> String {
    let line = |package: &crate::debian::Package| {
        format!("{} {} {} {}\n", package.name, package.version, package.architecture, package.suite)
    };
    let mut lines: Vec<_> = index.packages().map(line).collect();
    lines.sort();
    lines.concat()
}

#[test]
fn the_highest_version_of_a_name_wins_and_the_earlier_suite_a_tie() {
    let mut index = Index::new("amd64");
    index.read("bookworm", packages(&["a 1.0", "b 1:1", "c 1", "c 3", "c 2"]).as_bytes()).unwrap();
    index.read("bookworm-security", packages(&["a 1.0+deb12u1", "b 2", "c 3-0"]).as_bytes()).unwrap();
    assert_eq!(shown(&index), "a 1.0+deb12u1 amd64 bookworm-security\nb 1:1 amd64 bookworm\nc 3 amd64 bookworm\n");
}

#[test]
fn other_architectures_are_passed_over() {
    let index = index(&["a 1; Architecture: arm64", "b 1; Architecture: all", "c 1"]);
    assert_eq!(shown(&index), "b 1 all bookworm\nc 1 amd64 bookworm\n");
}

#[test]
fn blank_lines_may_be_many_and_the_last_may_be_missing() {
    let mut index = Index::new("amd64");
    let text = format!("\n\n{}\n\n{}", packages(&["a 1"]), packages(&["b 1"]).trim_end());
    index.read("bookworm", text.as_bytes()).unwrap();
    assert_eq!(shown(&index), "a 1 amd64 bookworm\nb 1 amd64 bookworm\n");
}

#[test]
fn a_package_that_is_not_sound_is_refused() {
    let sound = packages(&["a 1; Depends: b"]);
    for (part, instead, cause) in [
        ("Package: a", "Package: A B", "`A B` is not the name of a package"),
        ("Package: a\n", "", "`a package without a name` has no `Package` of one line"),
        ("Version: 1", "Version: 1_0", "`a` has no sound `Version`"),
        ("Size: 1", "Size: 0", "`a` has no sound `Size`"),
        ("Size: 1", "Size: -1", "`a` has no sound `Size`"),
        ("SHA256: 55", "SHA256: 5", "`a` has no sound `SHA256`"),
        ("pool/a.deb", "../a.deb", "`a` is in `../a.deb`, which is no path below a mirror"),
        ("pool/a.deb", "/a.deb", "`a` is in `/a.deb`, which is no path below a mirror"),
        ("Depends: b", "Depends: b \u{1b}[2J", "`a` has `b \\x1b[2J` in `Depends`"),
    ] {
        let text = sound.replace(part, instead);
        let error = Index::new("amd64").read("bookworm", text.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the packages index of `bookworm` has a package that is not sound\ncause: {cause}")
        );
    }
}

#[test]
fn a_paragraph_without_end_is_refused() {
    let endless = BufReader::new(std::io::repeat(b'a').take(1 << 40));
    let error = Index::new("amd64").read("bookworm", endless).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the packages index of `bookworm`\ncause: a paragraph is longer than 1 MiB"
    );
}
