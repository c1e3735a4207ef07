use std::fmt::Write;

use crate::debian::{Relation, Version, relations};

/// Every relation on a line, a group's own with `|` in front from the second on; or the item that is none.
fn read(field: &str) -> String {
    let mut text = String::new();
    let mut or_before = false;
    for relation in relations(field) {
        match relation {
            Ok(Relation { name, qualifier, constraint, or }) => {
                let before = if or_before { "| " } else { "" };
                let constraint = constraint.map_or("all".to_owned(), |constraint| constraint.to_string());
                writeln!(text, "{before}{name}, {}, {constraint}", qualifier.unwrap_or("-")).unwrap();
                or_before = or;
            }
            Err(item) => writeln!(text, "none: {item}").unwrap(),
        }
    }
    text
}

#[test]
fn a_field_is_read_group_by_group() {
    let field = "libc6 (>= 2.36), debconf (>= 0.5) | debconf-2.0,\n python3:any (<<3.12), perl:native\t(= 5.36~1), \
                 gcc [amd64 arm64] | g++ (>> 4:1) [!i386] | tcc:amd64 ,zlib1g(<=1:2)";
    let read = read(field);
    assert_eq!(
        read,
        "libc6, -, >= 2.36\n\
         debconf, -, >= 0.5\n\
         | debconf-2.0, -, all\n\
         python3, any, << 3.12\n\
         perl, native, = 5.36~1\n\
         gcc, -, all\n\
         | g++, -, >> 4:1\n\
         | tcc, amd64, all\n\
         zlib1g, -, <= 1:2\n"
    );
}

#[test]
fn a_field_without_a_word_has_no_relation() {
    assert_eq!(read(""), "");
    assert_eq!(read(" \n "), "");
}

#[test]
fn the_ancient_operators_mean_or_equal() {
    assert_eq!(read("a (< 1), b (> 1)"), "a, -, <= 1\nb, -, >= 1\n");
}

#[test]
fn what_is_no_relation_is_told() {
    for item in [
        "a b",
        "(>= 1)",
        "a (>= 1",
        "a (1)",
        "a (>= )",
        "a (~ 1)",
        "a (>= 1 2)",
        "a: (>= 1)",
        "a [amd64",
        "a (>= 1) b",
        "-a",
        "é",
        "a/b",
        "a <!nocheck>",
        "a (>= 1) (<< 2)",
    ] {
        assert_eq!(read(&format!("first, {item}")), format!("first, -, all\nnone: {item}\n"));
    }
    assert_eq!(read("a,"), "a, -, all\nnone: \n");
    assert_eq!(read("a||b"), "a, -, all\nnone: \n| b, -, all\n");
}

#[test]
fn a_constraint_holds_for_the_versions_that_it_means() {
    let holds = |constraint: &str| -> Vec<&str> {
        let field = format!("a ({constraint} 2)");
        let relation = relations(&field).next().unwrap().unwrap();
        let meant = relation.constraint.unwrap();
        ["1", "2~rc1", "2", "2.0-0", "3"]
            .into_iter()
            .filter(|text| meant.holds(&Version::parse(text).unwrap()))
            .collect()
    };
    assert_eq!(holds("<<"), ["1", "2~rc1"]);
    assert_eq!(holds("<="), ["1", "2~rc1", "2"]);
    assert_eq!(holds("="), ["2"]);
    assert_eq!(holds(">="), ["2", "2.0-0", "3"]);
    assert_eq!(holds(">>"), ["2.0-0", "3"]);
}
