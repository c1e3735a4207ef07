use super::Paragraph;

#[test]
fn every_byte_of_a_value_is_kept_but_the_blanks_around_it() {
    let paragraph = Paragraph::parse("\nA: one \nB:\n two\n  \tthree \n .\nC:   \n\n").unwrap();
    let fields: Vec<_> = paragraph.iter().collect();
    assert_eq!(fields, [("A", "one"), ("B", "\n two\n  \tthree \n ."), ("C", "")]);
    assert_eq!(paragraph.get("a"), Some("one"));
    assert_eq!(paragraph.get("D"), None);
}

#[test]
fn what_is_no_paragraph_is_told() {
    for (text, what) in [
        ("A: 1\n\nB: 2\n", "has a second paragraph in line 3"),
        (" A: 1\n", "has a continuation of nothing in line 1"),
        ("A: 1\nB\n", "has no field in line 2"),
        (": 1\n", "has no field in line 1"),
        ("#A: 1\n", "has no field in line 1"),
        ("A B: 1\n", "has no field in line 1"),
        ("A: 1\na: 2\n", "has the field `a` twice in line 2"),
    ] {
        assert_eq!(Paragraph::parse(text), Err(what.to_owned()));
    }
}
