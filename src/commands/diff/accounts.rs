//! Users, groups and numbers that moved, as a person reads them.

use crate::diff::{Accounts, Change, Moved, Pair, Reused};
use crate::inspect::{Group, User};

/// Numbers that moved.
pub(super) fn ids(accounts: &Accounts) -> Vec<String> {
    let moved = accounts.moved.iter().map(|Moved { kind, name, from, to }| {
        format!("{kind} {name} {from} → {to}: files that outlive the image stay with {from}")
    });
    let reused = accounts
        .reused
        .iter()
        .map(|Reused { kind, id, from, to }| format!("{kind} {id} was {}, and is {}", from.join(", "), to.join(", ")));
    moved.chain(reused).collect()
}

/// A user, and what changed of it.
pub(super) fn user(pair: &Pair<User>) -> String {
    told(pair, |User { uid, gid, home, shell, name: _ }| {
        [("uid", uid.to_string()), ("gid", gid.to_string()), ("home", home.clone()), ("shell", shell.clone())]
    })
}

/// A group, and what changed of it.
pub(super) fn group(pair: &Pair<Group>) -> String {
    told(pair, |Group { gid, members, name: _ }| [("gid", gid.to_string()), ("members", members.join(" "))])
}

fn told<T, const N: usize>(pair: &Pair<T>, fields: impl Fn(&T) -> [(&'static str, String); N]) -> String {
    let whole = |account: &T| {
        let fields = fields(account).into_iter().filter(|(_, value)| !value.is_empty());
        fields.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    let name = &pair.name;
    match (&pair.from, &pair.to) {
        (Some(from), Some(to)) => {
            let both = fields(from).into_iter().zip(fields(to)).filter(|(from, to)| from != to);
            let changes = both.map(|((name, from), (_, to))| {
                Change { name: name.to_owned(), from: Some(from), to: Some(to) }.to_string()
            });
            format!("{name} {}", changes.collect::<Vec<_>>().join(", "))
        }
        (None, Some(to)) => format!("{name} {}, new", whole(to)),
        (Some(from), None) => format!("{name} {}, gone", whole(from)),
        (None, None) => name.clone(),
    }
}
