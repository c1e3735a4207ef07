use super::by_replaces;

/// The names in their order; `replaces` are pairs of who replaces whom.
fn ordered(names: &[&str], replaces: &[(&str, &str)]) -> Vec<String> {
    let order = by_replaces(names, |ours, theirs| replaces.contains(&(names[ours], names[theirs])));
    order.into_iter().map(|index| names[index].to_owned()).collect()
}

#[test]
fn base_files_is_first_and_the_rest_follows_by_name() {
    assert_eq!(ordered(&["c", "base-files", "a", "b"], &[]), ["base-files", "a", "b", "c"]);
}

#[test]
fn who_replaces_comes_before_whom() {
    assert_eq!(ordered(&["a", "b", "c", "base-files"], &[("c", "a")]), ["base-files", "b", "c", "a"]);
    assert_eq!(ordered(&["a", "b", "base-files"], &[("b", "base-files")]), ["a", "b", "base-files"]);
}

#[test]
fn a_circle_is_entered_at_its_first_name() {
    assert_eq!(ordered(&["c", "b", "a"], &[("a", "b"), ("b", "c"), ("c", "a")]), ["a", "b", "c"]);
    assert_eq!(ordered(&["d", "c", "b"], &[("c", "b"), ("b", "c"), ("d", "d")]), ["d", "b", "c"]);
}

#[test]
fn nothing_has_an_order() {
    assert!(ordered(&[], &[]).is_empty());
}
