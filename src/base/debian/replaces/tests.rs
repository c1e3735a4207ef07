use super::Replaced;
use crate::debian::Version;

fn names(field: &str, name: &str, version: &str) -> bool {
    let version = Version::parse(version).unwrap();
    Replaced::parse_all(field).unwrap().iter().any(|entry| entry.names(name, &version))
}

#[test]
fn versions_count() {
    for (relation, earlier, same, later) in [
        ("", true, true, true),
        ("(<< 2.0)", true, false, false),
        ("(<= 2.0)", true, true, false),
        ("(< 2.0)", true, true, false),
        ("(= 2.0)", false, true, false),
        ("(>= 2.0)", false, true, true),
        ("(>2.0)", false, true, true),
        ("(>>2.0)", false, false, true),
    ] {
        let field = format!("other, p:any {relation},\n last");
        let found = ["1.9", "2.0", "2.0.1"].map(|version| names(&field, "p", version));
        assert_eq!(found, [earlier, same, later], "{relation}");
    }
}

#[test]
fn what_is_no_relation_is_told() {
    for (field, shown) in
        [("a (1.0)", "a (1.0)"), ("a (>= )", "a (>= )"), ("a (= 1", "a (= 1"), ("a\u{1b}", "a\\u{1b}")]
    {
        assert_eq!(Replaced::parse_all(field), Err(format!("replaces `{shown}`, which is no package")));
    }
}
