use super::Excluded;
use crate::rootfs::TargetPath;

fn excluded(patterns: &[&str], path: &'static str) -> bool {
    let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    Excluded::new(&patterns).matches(&TargetPath::known(path))
}

#[test]
fn patterns_match_as_fnmatch_does_without_flags() {
    for (pattern, path, expected) in [
        ("/usr/share/doc/*", "/usr/share/doc/a/b", true),
        ("/usr/share/doc/*", "/usr/share/doc", false),
        ("/usr/*/a", "/usr/b/c/a", true),
        ("/usr/*/a", "/usr/a", false),
        ("*.pyc", "/usr/lib/x.pyc", true),
        ("*", "/", true),
        ("/a?c", "/a/c", true),
        ("/a?c", "/ac", false),
        ("/.*", "/.hidden", true),
        ("/*", "/.hidden", true),
        ("/[a-c]x", "/bx", true),
        ("/[a-c]x", "/dx", false),
        ("/[!a-c]x", "/dx", true),
        ("/[^a-c]x", "/ax", false),
        ("/[]]", "/]", true),
        ("/[a-]", "/-", true),
        ("/[\\]a]", "/]", true),
        ("/[a", "/[a", true),
        ("/\\*", "/*", true),
        ("/\\*", "/x", false),
        ("/x\\", "/x\\", true),
        ("/a*b*c*d", "/a-b-b-c-c-d-d", true),
        ("/a*b*c*d", "/a-b-b-d", false),
        ("usr/*", "/usr/x", false),
        ("", "/x", false),
    ] {
        assert_eq!(excluded(&[pattern], path), expected, "{pattern} {path}");
    }
}

#[test]
fn the_last_pattern_that_matches_decides() {
    let patterns = ["/usr/share/doc/*", "!*/copyright", "/usr/share/doc/secret/*"];
    assert!(excluded(&patterns, "/usr/share/doc/a/NEWS"));
    assert!(!excluded(&patterns, "/usr/share/doc/a/copyright"));
    assert!(excluded(&patterns, "/usr/share/doc/secret/copyright"));
    assert!(!excluded(&patterns, "/usr/bin/x"));
}

#[test]
fn a_pattern_of_many_stars_is_done_in_a_bounded_number_of_steps() {
    let hostile = "/".to_owned() + &"*a".repeat(100) + "b";
    let path = TargetPath::parse(&format!("/{}", ["a"; 200].concat())).unwrap();
    assert!(!Excluded::new(&[hostile]).matches(&path));
}
