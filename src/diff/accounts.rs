//! Users and groups, and the numbers that moved: files that outlive an image, on a volume or carried over, keep the number of
//! their owner, and would be somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::inspect::{self, Group, User};

/// Who is different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// Names whose number is another.
    pub moved: Vec<Moved>,
    /// Numbers that belong to other names.
    pub reused: Vec<Reused>,
    /// The users, by name.
    pub users: Vec<Pair<User>>,
    /// The groups, by name.
    pub groups: Vec<Pair<Group>>,
}

/// An account in both images, or in one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair<T> {
    /// Its name.
    pub name: String,
    /// As the old image has it.
    pub from: Option<T>,
    /// As the new image has it.
    pub to: Option<T>,
}

/// A name whose number is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// `user` or `group`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The number in the old image.
    pub from: u32,
    /// The number in the new image.
    pub to: u32,
}

/// A number that belongs to none of the names that had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reused {
    /// `user` or `group`.
    pub kind: &'static str,
    /// The number.
    pub id: u32,
    /// Who had it.
    pub from: Vec<String>,
    /// Who has it.
    pub to: Vec<String>,
}

impl Accounts {
    pub(super) fn between(old: &inspect::Accounts, new: &inspect::Accounts) -> Self {
        let (users, groups) = (pairs(&old.users, &new.users), pairs(&old.groups, &new.groups));
        Self {
            moved: moved(&users).chain(moved(&groups)).collect(),
            reused: reused(&old.users, &new.users).chain(reused(&old.groups, &new.groups)).collect(),
            users,
            groups,
        }
    }
}

/// What users and groups have in common.
trait Account: Clone + PartialEq {
    const KIND: &'static str;
    fn name(&self) -> &str;
    fn id(&self) -> u32;
}

impl Account for User {
    const KIND: &'static str = "user";
    fn name(&self) -> &str {
        &self.name
    }
    fn id(&self) -> u32 {
        self.uid
    }
}

impl Account for Group {
    const KIND: &'static str = "group";
    fn name(&self) -> &str {
        &self.name
    }
    fn id(&self) -> u32 {
        self.gid
    }
}

/// Those that are not the same in both. Of a name that comes twice the first counts, as in getpwnam(3).
fn pairs<T: Account>(old: &[T], new: &[T]) -> Vec<Pair<T>> {
    let by_name = |accounts: &[T]| {
        let named = accounts.iter().rev().map(|account| (account.name().to_owned(), account.clone()));
        named.collect::<BTreeMap<_, _>>()
    };
    let (mut from, mut to) = (by_name(old), by_name(new));
    let names: BTreeSet<_> = from.keys().chain(to.keys()).cloned().collect();
    let pairs = names.into_iter().map(|name| Pair { from: from.remove(&name), to: to.remove(&name), name });
    pairs.filter(|pair| pair.from != pair.to).collect()
}

fn moved<T: Account>(pairs: &[Pair<T>]) -> impl Iterator<Item = Moved> {
    pairs.iter().filter_map(|pair| {
        let (from, to) = (pair.from.as_ref()?.id(), pair.to.as_ref()?.id());
        (from != to).then(|| Moved { kind: T::KIND, name: pair.name.clone(), from, to })
    })
}

fn reused<T: Account>(old: &[T], new: &[T]) -> impl Iterator<Item = Reused> {
    let by_id = |accounts: &[T]| {
        let mut names: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        for account in accounts {
            names.entry(account.id()).or_default().insert(account.name().to_owned());
        }
        names
    };
    let mut new = by_id(new);
    by_id(old).into_iter().filter_map(move |(id, from)| {
        let to = new.remove(&id)?;
        from.is_disjoint(&to).then(|| Reused {
            kind: T::KIND,
            id,
            from: from.into_iter().collect(),
            to: to.into_iter().collect(),
        })
    })
}
