use super::stanzas::index;
use crate::debian::{Index, Package, resolve};

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn names(packages: &[&Package]) -> String {
    packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(" ")
}

/// The names that come.
fn comes(index: &Index, wanted: &str) -> String {
    names(&resolve(index, &words(wanted), &[]).unwrap().packages)
}

/// What comes, what is left out, and what was idly named.
fn without(index: &Index, wanted: &str, without: &str) -> (String, String, String) {
    let closure = resolve(index, &words(wanted), &words(without)).unwrap();
    (names(&closure.packages), names(&closure.left_out), closure.idle.join(" "))
}

fn refusal(index: &Index, wanted: &str, without: &str) -> String {
    resolve(index, &words(wanted), &words(without)).unwrap_err().to_string()
}

#[test]
fn a_list_brings_what_it_needs_in_the_order_of_names() {
    let index = index(&["z 1; Depends: b; Pre-Depends: c", "b 1; Recommends: e", "c 1; Depends: z", "d 1", "e 1"]);
    assert_eq!(comes(&index, "z"), "b c z");
    assert_eq!(comes(&index, "z z"), "b c z");
    assert_eq!(comes(&index, ""), "");
}

#[test]
fn of_alternatives_what_is_wanted_anyway_is_enough() {
    let index = index(&["a 1; Depends: merge | merged", "merge 1; Depends: perl", "merged 1", "perl 1"]);
    assert_eq!(comes(&index, "a"), "a merge perl");
    assert_eq!(comes(&index, "a merged"), "a merged");
}

#[test]
fn of_alternatives_the_first_that_can_be_installed_comes() {
    let index = index(&[
        "a 1; Depends: absent | old (>= 2) | broken | sound | other",
        "old 1",
        "broken 1; Depends: helper, absent",
        "helper 1",
        "sound 1",
        "other 1",
    ]);
    assert_eq!(comes(&index, "a"), "a sound");
}

#[test]
fn a_versioned_dependency_takes_a_provider_of_that_version() {
    let index = index(&[
        "a 1; Depends: v (>= 2)",
        "b 1; Depends: v",
        "p0 1; Provides: v",
        "p1 1; Provides: v (= 1)",
        "p2 1; Provides: v (= 2)",
    ]);
    assert_eq!(comes(&index, "a"), "a p2");
    // Nothing else decides: the one that was mentioned last.
    assert_eq!(comes(&index, "b"), "b p2");
    assert_eq!(comes(&index, "b p0"), "b p0");
}

#[test]
fn of_providers_the_real_one_comes_then_the_essential_then_the_higher_priority() {
    let optional = "e 1; Provides: v; Priority: optional";
    let required = "d 1; Provides: v; Priority: required";
    let essential = "c 1; Provides: v; Priority: extra; Essential: yes";
    let real = "v 1; Priority: extra";
    assert_eq!(comes(&index(&["a 1; Depends: v", required, optional]), "a"), "a d");
    assert_eq!(comes(&index(&["a 1; Depends: v", essential, required, optional]), "a"), "a c");
    assert_eq!(comes(&index(&["a 1; Depends: v", real, essential, required]), "a"), "a v");
}

#[test]
fn any_architecture_is_asked_of_packages_that_allow_it() {
    let index = index(&["a 1; Depends: p:any (>= 3)", "p 3; Multi-Arch: allowed", "b 1; Depends: q:any", "q 1"]);
    assert_eq!(comes(&index, "a"), "a p");
    assert_eq!(
        refusal(&index, "b", ""),
        "the list of packages does not resolve\n\
         cause: `b` → `q:any` cannot be met: no package bears or provides that name"
    );
}

#[test]
fn a_package_that_conflicts_with_a_wanted_one_gives_way_to_an_alternative() {
    let index = index(&["a 1; Depends: b | c", "b 1; Conflicts: w", "c 1", "w 1"]);
    assert_eq!(comes(&index, "a w"), "a c w");
    assert_eq!(comes(&index, "w a"), "a c w");
    assert_eq!(comes(&index, "a"), "a b");
}

#[test]
fn a_package_may_conflict_with_a_name_that_it_provides() {
    let index = index(&["exim 1; Provides: mta; Conflicts: mta", "mailx 1; Depends: mta"]);
    assert_eq!(comes(&index, "mailx"), "exim mailx");
}

#[test]
fn what_is_left_out_takes_along_what_it_alone_brings() {
    let index = index(&[
        "a 1; Depends: conf (>= 1) | conf-2, lib",
        "conf 1; Depends: perl; Provides: conf-2",
        "cdebconf 1; Provides: conf-2",
        "perl 1; Depends: lib",
        "lib 1",
        "b 1; Depends: cdebconf",
    ]);
    assert_eq!(without(&index, "a", "conf"), ("a lib".into(), "conf perl".into(), String::new()));
    assert_eq!(without(&index, "b a", "conf"), ("a b cdebconf lib".into(), String::new(), "conf".into()));
    assert_eq!(without(&index, "a", "perl"), ("a conf lib".into(), "perl".into(), String::new()));
    assert_eq!(without(&index, "a", ""), ("a conf lib perl".into(), String::new(), String::new()));
}

#[test]
fn everything_wrong_with_the_names_is_told_at_once() {
    let index = index(&["nginx 1", "mawk 1; Provides: awk", "gawk 1; Provides: awk"]);
    assert_eq!(
        refusal(&index, "nginxx awk quite-another nginx", "nginx mawkk"),
        "the list of packages does not resolve\n\
         cause: there is no package `nginxx`; the nearest is `nginx`\n\
         cause: `awk` is virtual: name a package that provides it, such as `gawk`, `mawk`\n\
         cause: there is no package `quite-another`\n\
         cause: there is no package `mawkk`; the nearest is `mawk`\n\
         cause: `nginx` is both wanted and to be left out"
    );
}

#[test]
fn a_dependency_that_cannot_be_met_is_told_from_the_list_down() {
    let index = index(&[
        "a 1; Depends: b",
        "b 1; Depends: c (>= 2) | d:any",
        "c 1.5",
        "e 1; Depends: f",
        "f 1; Depends: g",
        "g 1; Depends: nowhere",
    ]);
    assert_eq!(
        refusal(&index, "a e", ""),
        "the list of packages does not resolve\n\
         cause: `a` → `b` → `c (>= 2) | d:any` cannot be met: there is `c 1.5`\n\
         cause: `e` → `f` → `g` → `nowhere` cannot be met: no package bears or provides that name"
    );
}

#[test]
fn packages_that_refuse_each_other_are_told() {
    let index = index(&[
        "a 1; Depends: x",
        "x 1; Breaks: y (<< 2)",
        "b 1; Depends: y",
        "y 1",
        "m 1; Conflicts: mta; Provides: mta",
        "n 1; Conflicts: mta; Provides: mta",
    ]);
    assert_eq!(
        refusal(&index, "a b", ""),
        "the list of packages does not resolve\n\
         cause: `b` → `y` cannot come: `a` → `x` breaks `y (<< 2)`"
    );
    assert_eq!(
        refusal(&index, "m n", ""),
        "the list of packages does not resolve\n\
         cause: `m` conflicts with `mta`, and `n` comes too\n\
         cause: `n` conflicts with `mta`, and `m` comes too"
    );
}

#[test]
fn a_chain_without_end_is_refused_and_not_followed_for_ever() {
    let described: Vec<_> = (0..4_000).map(|at| format!("p{at} 1; Depends: p{}", at + 1)).collect();
    let described: Vec<_> = described.iter().map(String::as_str).chain(["p4000 1"]).collect();
    let index = index(&described);
    assert_eq!(
        refusal(&index, "p0", ""),
        "the list of packages does not resolve\n\
         cause: `p0` → `p1` → `p2` → `p3` → `p4` → … → `p997` → `p998` → `p999` → `p1000` → `p1001` → `p1002` cannot be \
         met: what could meet it does not go with what is chosen already"
    );
    assert_eq!(comes(&index, "p3998"), "p3998 p3999 p4000");
}
