//! Users and groups, and the owners that the rest of a layout may name.

use std::collections::BTreeMap;

use crate::diagnostic::nearest;
use crate::document::Section;
use crate::layout::{Group, Placed, User};

/// Ids that an unprivileged container surely maps, without root and nobody.
const IDS: std::ops::RangeInclusive<u32> = 1..=65533;

/// Accounts of one kind by name. One whose number could not be read is there without it: that was reported, and what
/// names it is not at fault.
pub(super) type Accounts = BTreeMap<String, Option<u32>>;

/// The owners that entries may name: root, and what the layout declares.
pub(super) struct Owners {
    pub(super) users: Accounts,
    pub(super) groups: Accounts,
}

impl Owners {
    /// Root alone.
    pub(super) fn new() -> Self {
        let root = Accounts::from([("root".to_owned(), Some(0))]);
        Self { users: root.clone(), groups: root }
    }
}

fn account_name(section: &Section<'_>) -> Option<Placed<String>> {
    let name = section.required_text("name", "\"my-service\"")?;
    let first = name.value.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest = name.value.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'-');
    if first && rest && name.value.len() <= 32 {
        return Some(name);
    }
    let message = format!("`{}` is not a name that Debian's tools take", name.value);
    section.refuse(name.place, message, "a lower-case letter or `_`, then up to 31 of a-z, 0-9, `_` and `-`")
}

fn id(section: &Section<'_>, key: &'static str) -> Option<Placed<u32>> {
    let range = format!("from {} to {}", IDS.start(), IDS.end());
    let id = section.number::<u32>(key, "1001", &range)?;
    if IDS.contains(&id.value) {
        return Some(id);
    }
    section.refuse(id.place, format!("`{key}` is not a whole number {range}"), "root and nobody are the base's")
}

pub(super) fn group(section: Section<'_>, groups: &mut Accounts) -> Option<Group> {
    let name = account_name(&section);
    let gid = id(&section, "gid");
    section.finish();
    let name = name?;
    groups.insert(name.value.clone(), gid.as_ref().map(|gid| gid.value));
    Some(Group { name, gid: gid? })
}

pub(super) fn user(section: Section<'_>, users: &mut Accounts, groups: &Accounts) -> Option<User> {
    let name = account_name(&section);
    let uid = id(&section, "uid");
    let named = section.text("group").or_else(|| name.clone());
    let gid = named.and_then(|named| owner_id(&section, &named, groups, "group"));
    let field = |key, default: &str| match section.text(key) {
        None => Some(default.to_owned()),
        Some(text) if text.value.contains([':', '\n', '\0']) => section.refuse(
            text.place,
            format!("`{key}` holds `:` or a line break, which end a field of /etc/passwd"),
            "",
        ),
        Some(text) => Some(text.value),
    };
    let home = field("home", "/nonexistent");
    let shell = field("shell", "/usr/sbin/nologin");
    let comment = field("comment", "");
    section.finish();
    let name = name?;
    users.insert(name.value.clone(), uid.as_ref().map(|uid| uid.value));
    Some(User { name, uid: uid?, gid: gid?, home: home?, shell: shell?, comment: comment? })
}

/// The number of an account that a layout names.
pub(super) fn owner_id(section: &Section<'_>, name: &Placed<String>, known: &Accounts, what: &str) -> Option<u32> {
    if let Some(id) = known.get(&name.value) {
        return *id;
    }
    let hint = match nearest(&name.value, known.keys().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it as `[[{what}]]`; an account of the base is declared with the base's own number"),
    };
    section.refuse(name.place.clone(), format!("{what} `{}` is not declared", name.value), &hint)
}
