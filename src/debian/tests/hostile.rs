//! Whatever a mirror serves is read or refused, and never a panic.

use proptest::prelude::*;

use super::stanzas::packages;
use crate::debian::{Index, Release, Version, relations, resolve};

/// Text of the pieces that indices are made of, in any order, with anything in between.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "Package: a",
            "Version: 1",
            "Depends: ",
            "Provides: ",
            "Architecture: amd64",
            "SHA256:",
            "Date: ",
            "Codename: b",
            "(>= 1)",
            "(= 1)",
            "a",
            "b",
            "|",
            ",",
            ":any",
            " ",
            "\n",
            "\n\n",
            "\n ",
            "#",
            ":",
            "[",
            "]",
            "(",
            ")",
            "~",
            "-",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in pieces()) {
        let read = relations(&text).filter(Result::is_ok).count();
        prop_assert!(read <= text.len());
        prop_assert!(Version::parse(&text).is_none_or(|version| version.as_str() == text));
        prop_assert!(Release::parse(&text, "it").is_err(), "no such text has a digest");
        prop_assert!(Index::new("amd64").read("bookworm", text.as_bytes()).is_err() || !text.contains("Package: a\n"));
    }

    #[test]
    fn any_web_of_dependencies_resolves_or_is_refused(
        edges in prop::collection::vec((0..8_usize, prop::sample::select(vec!["Depends", "Conflicts", "Provides"]),
            prop::collection::vec((0..10_usize, any::<bool>()), 1..4)), 0..12),
        without in prop::collection::vec(1..8_usize, 0..3),
    ) {
        let described: Vec<_> = (0..8).map(|at| {
            let mut package = format!("p{at} 1");
            for kind in ["Depends", "Conflicts", "Provides"] {
                let of_kind = edges.iter().filter(|(from, known, _)| *from == at && *known == kind);
                let text: String = of_kind.flat_map(|(_, _, targets)| targets).map(|(target, or)| {
                    let comma = if *or && kind == "Depends" { "|" } else { "," };
                    format!("{comma}p{target}")
                }).collect();
                if !text.is_empty() {
                    package.push_str(&format!("; {kind}: {}", &text[1..]));
                }
            }
            package
        }).collect();
        let described: Vec<_> = described.iter().map(String::as_str).collect();
        let mut index = Index::new("amd64");
        index.read("bookworm", packages(&described).as_bytes()).unwrap();
        let without: Vec<_> = without.iter().map(|at| format!("p{at}")).collect();
        if let Ok(closure) = resolve(&index, &["p0".to_owned()], &without) {
            prop_assert!(closure.packages.iter().any(|package| package.name == "p0"));
            prop_assert!(closure.packages.iter().all(|package| !without.contains(&package.name)));
            let left_out = |name: &String| closure.left_out.iter().any(|package| package.name == *name);
            prop_assert!(without.iter().all(|name| left_out(name) != closure.idle.contains(name)));
        }
    }
}
