use std::sync::Arc;

use super::accounts::Accounts;
use crate::diagnostic::{Place, Source};
use crate::layout::{Group, Placed, User};

fn placed<T>(value: T) -> Placed<T> {
    let source = Arc::new(Source { name: "layout.toml".to_owned(), text: String::new() });
    Placed { value, place: Place { source, span: 0..0 } }
}

fn group(name: &str, gid: u32) -> Group {
    Group { name: placed(name.to_owned()), gid: placed(gid) }
}

fn user(name: &str, uid: u32, gid: u32) -> User {
    let [home, shell, comment] = ["/opt/app", "/usr/sbin/nologin", "An app"].map(str::to_owned);
    User { name: placed(name.to_owned()), uid: placed(uid), gid, home, shell, comment }
}

fn base() -> Accounts {
    let file = |text: &str| text.as_bytes().to_vec();
    Accounts {
        passwd: file("root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/bin/sh\n"),
        group: file("root:x:0:\nshadow:x:42:\nwww-data:x:33:\n"),
        shadow: file("root:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\n"),
        gshadow: file("root:*::\nshadow:*::\nwww-data:*::\n"),
    }
}

/// What was added to each file, which must begin with what it was.
fn added(before: &Accounts, after: &Accounts) -> [String; 4] {
    let pairs = [
        (&before.passwd, &after.passwd),
        (&before.group, &after.group),
        (&before.shadow, &after.shadow),
        (&before.gshadow, &after.gshadow),
    ];
    pairs.map(|(before, after)| String::from_utf8(after.strip_prefix(before.as_slice()).unwrap().to_vec()).unwrap())
}

#[test]
fn new_accounts_are_appended_with_a_locked_password_and_no_date() {
    let mut accounts = base();
    assert_eq!(accounts.add(&[user("app", 1001, 1001)], &[group("app", 1001)]), [""; 0]);
    let expected =
        ["app:x:1001:1001:An app:/opt/app:/usr/sbin/nologin\n", "app:x:1001:\n", "app:!:::::::\n", "app:!::\n"];
    assert_eq!(added(&base(), &accounts), expected);
}

#[test]
fn an_account_of_the_same_name_and_number_is_left_as_it_is() {
    let mut accounts = base();
    assert_eq!(accounts.add(&[user("www-data", 33, 33)], &[group("www-data", 33)]), [""; 0]);
    assert_eq!(accounts, base());
}

#[test]
fn adding_twice_is_adding_once() {
    let mut once = base();
    once.add(&[user("app", 1001, 1001)], &[group("app", 1001)]);
    let mut twice = once.clone();
    twice.add(&[user("app", 1001, 1001)], &[group("app", 1001)]);
    assert_eq!(once, twice);
}

#[test]
fn every_clash_names_both_sides() {
    let clashes =
        base().add(&[user("www-data", 1001, 33), user("app", 33, 33)], &[group("www-data", 7), group("app", 42)]);
    assert_eq!(
        clashes,
        [
            "group `www-data` has gid 7 in the layout and 33 in the base",
            "gid 42 is group `app` in the layout and `shadow` in the base",
            "user `www-data` has uid 1001 in the layout and 33 in the base",
            "uid 33 is user `app` in the layout and `www-data` in the base",
        ]
    );
}

#[test]
fn a_last_line_without_its_end_gets_one_and_odd_lines_stay() {
    let mut accounts = Accounts { passwd: b"odd\n:::\n+::::::\n\xff:x:9".to_vec(), ..Accounts::default() };
    assert_eq!(accounts.add(&[user("app", 1001, 1001)], &[]), [""; 0]);
    let expected = b"odd\n:::\n+::::::\n\xff:x:9\napp:x:1001:1001:An app:/opt/app:/usr/sbin/nologin\n";
    assert_eq!(accounts.passwd, expected);
}
